"""Audits as actions: announce before the beacon is known, draw, record, finish."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.base.time import rfc3339
from makegood.people.markets.actions import change_seller
from makegood.people.markets.store import load_seller
from makegood.record.appending import append_events, event_of
from makegood.record.log.entry_store import places_of
from makegood.standing.audits import events, store
from makegood.standing.audits.rules import (
    SHORTEST_NOTICE,
    Audit,
    Beacon,
    Cause,
    Drand,
    Drawn,
    Result,
    draw,
    is_value,
    sample_size,
    tally,
)
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue

DRAW_JOB: Final = "audit.draw"
LOWEST_TIER: Final = "D"


class DrawJob(msgspec.Struct, frozen=True):
    """The payload of `audit.draw`."""

    audit_no: int


class NewAudit(msgspec.Struct, frozen=True, kw_only=True):
    """An audit as it is asked for: over claims that ended in a span, by a beacon of the future."""

    beacon: Beacon
    known_at: datetime
    miss_bps: int
    since: datetime
    until: datetime


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What an auditor found about one claim of a sample."""

    rank: int
    result: Result
    cause: Cause = ""
    note: str = ""


async def announce(tx: Connection, act: Act, ids: Ids, new: NewAudit) -> Audit:
    """Fix the population and say in the public log which beacon will choose from it.

    Refused: `audit_beacon_too_soon` when the value may be known already, `audit_nothing` when
    no claim ended in the span, `setting_invalid`.
    """
    if new.known_at < act.now + SHORTEST_NOTICE:
        raise Refused("audit_beacon_too_soon")
    if not new.since < new.until <= act.now or not 1 <= new.miss_bps <= 5000:
        raise Refused("setting_invalid", fields=["since", "until", "miss_bps"])
    population = await store.ended_between(tx, act.market_id, new.since, new.until)
    if not population:
        raise Refused("audit_nothing")
    number = await store.next_number(tx, act.market_id)
    sample = sample_size(new.miss_bps, len(population))
    event_no = await _say_announced(tx, act, ids, new, number, sample, population)
    audit = Audit(
        market_id=act.market_id,
        audit_no=number,
        beacon=new.beacon,
        known_at=new.known_at,
        miss_bps=new.miss_bps,
        since=new.since,
        until=new.until,
        population=len(population),
        sample=sample,
        announced_at=act.now,
        event_no=event_no,
    )
    await store.insert_audit(tx, audit, act.actor.id, population)
    if isinstance(new.beacon, Drand):
        await enqueue(tx, [_draw_job(act, audit)])
    return audit


async def draw_sample(tx: Connection, act: Act, ids: Ids, audit_no: int, value: str) -> Audit:
    """Let the beacon's value choose; the same again changes nothing.

    Refused: `not_found`, `audit_too_early` before the beacon's time, `audit_announced_late` when
    the announcement was not in the log by then, `setting_invalid` for what is no value.
    """
    audit = await store.load_audit(tx, act.market_id, audit_no, lock=True)
    if audit is None:
        raise Refused("not_found")
    if audit.drawn_at is not None:
        return audit
    if act.now < audit.known_at:
        raise Refused("audit_too_early")
    if not is_value(value):
        raise Refused("setting_invalid", fields=["value"])
    if not await announced_in_time(tx, audit):
        raise Refused("audit_announced_late")
    population = await store.population_of(tx, act.market_id, audit_no)
    drawn = draw(value, population, audit.sample)
    await store.save_draw(tx, audit, value, drawn, act.now)
    told = events.AuditDrawn(audit=audit_no, value=value, sample=len(drawn), claims=drawn)
    await _tell(tx, act, ids, told)
    return msgspec.structs.replace(audit, value=value, drawn_at=act.now)


async def announced_in_time(conn: Connection, audit: Audit) -> bool:
    """Whether the log had the announcement before the beacon's value could be known."""
    places = await places_of(conn, audit.market_id, events.STREAM)
    placed = places.get(audit.event_no)
    merged_at = placed.merged_at if placed is not None else None
    return merged_at is not None and merged_at < audit.known_at


async def record_finding(
    tx: Connection, act: Act, ids: Ids, audit_no: int, finding: Finding
) -> None:
    """Write down what the buyer's own account says beside the record.

    Refused: `not_found`, `already_answered` for a claim that was recorded before,
    `setting_invalid` for a mismatch without its cause.
    """
    drawn = await store.drawn_of(tx, act.market_id, audit_no)
    claim_no = next((one.claim_no for one in drawn if one.rank == finding.rank), None)
    if claim_no is None:
        raise Refused("not_found")
    if (finding.result == "mismatch") != (finding.cause != ""):
        raise Refused("setting_invalid", fields=["cause"])
    saved = await store.save_result(
        tx,
        act.market_id,
        audit_no,
        finding.rank,
        finding.result,
        finding.cause,
        finding.note,
        act.actor.id,
        act.now,
    )
    if not saved:
        raise Refused("already_answered")
    told = events.AuditRecorded(
        audit=audit_no,
        rank=finding.rank,
        result=finding.result,
        cause=finding.cause,
        claim_no=claim_no,
        note=finding.note,
    )
    await _tell(tx, act, ids, told)


async def finish(tx: Connection, act: Act, ids: Ids, audit_no: int) -> list[str]:
    """Publish the result; sellers who falsified a record go to the lowest tier, and are named.

    Answers those sellers. Refused: `not_found`, `audit_unfinished`.
    """
    audit = await store.load_audit(tx, act.market_id, audit_no, lock=True)
    if audit is None or audit.finished_at is not None:
        raise Refused("not_found")
    drawn = await store.drawn_of(tx, act.market_id, audit_no)
    if not drawn or tally(drawn).open:
        raise Refused("audit_unfinished")
    guilty = sorted({one.seller_id for one in drawn if one.cause == "seller"})
    for seller_id in guilty:
        await _demote(tx, act, seller_id)
    await store.save_finished(tx, act.market_id, audit_no, act.now)
    await _tell(tx, act, ids, _finished(audit_no, drawn, guilty))
    return guilty


async def _demote(tx: Connection, act: Act, seller_id: str) -> None:
    seller = await load_seller(tx, act.market_id, seller_id)
    if seller is not None:
        await change_seller(tx, act, msgspec.structs.replace(seller, tier=LOWEST_TIER))


def _finished(audit_no: int, drawn: Sequence[Drawn], guilty: list[str]) -> events.AuditFinished:
    counted = tally(drawn)
    return events.AuditFinished(
        audit=audit_no,
        sample=counted.sample,
        matches=counted.matches,
        mismatches=counted.mismatches,
        unreachable=counted.unreachable,
        sellers=guilty,
    )


async def _say_announced(
    tx: Connection,
    act: Act,
    ids: Ids,
    new: NewAudit,
    number: int,
    sample: int,
    population: Sequence[store.Candidate],
) -> int:
    beacon = new.beacon
    told = events.AuditAnnounced(
        audit=number,
        beacon=beacon.url if isinstance(beacon, Drand) else beacon.name,
        round=beacon.round if isinstance(beacon, Drand) else 0,
        known_at=rfc3339(new.known_at),
        miss_bps=new.miss_bps,
        since=rfc3339(new.since),
        until=rfc3339(new.until),
        population=len(population),
        sample=sample,
        claims=[one.claim_no for one in population],
    )
    return await _tell(tx, act, ids, told)


async def _tell(tx: Connection, act: Act, ids: Ids, fact: msgspec.Struct) -> int:
    public = [name for name in fact.__struct_fields__ if name not in events.PRIVATE]
    (sealed,) = await append_events(tx, act, ids, events.STREAM, [event_of(fact, public)])
    return sealed.version


def _draw_job(act: Act, audit: Audit) -> Job:
    return Job(
        kind=DRAW_JOB,
        market_id=act.market_id,
        payload=DrawJob(audit.audit_no),
        run_at=audit.known_at,
        subject=str(audit.audit_no),
        request_id=act.request_id,
        job_id=f"{DRAW_JOB}:{audit.audit_no}",
    )
