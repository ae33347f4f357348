"""Writing events: seal, append, bring the row up to date, set the timer, tell who listens."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.claims import clock, notices, store
from makegood.claims import events as e
from makegood.claims.desk import Desk
from makegood.claims.fold import evolve
from makegood.claims.holding import with_holds
from makegood.claims.listed import row_of
from makegood.claims.offers import freeing_jobs
from makegood.claims.parting import part
from makegood.claims.state import Claim, Recorded
from makegood.claims.topics import claim_topic, queue_topic
from makegood.record import rules as record_rules
from makegood.record.rules import NewEvent, SealedEvent, StreamHead
from makegood.store.database import Connection
from makegood.store.jobs import Job

TIMER_JOB = "claim.deadline"
NEAR_JOB = "claim.deadline_near"
CHECK_JOB = "claim.check"
NEAR_KINDS = frozenset(
    {
        "seller_reply",
        "buyer_evidence",
        "seller_evidence",
        "negotiation",
        "choice",
        "repair",
        "decision",
    }
)
"""Deadlines whose side is reminded, or whose claim becomes more urgent, before they pass."""
PUBLIC_FIELDS = frozenset({"transfers"})
"""Shown in clear in the public entry, so that every transfer is found from its event."""


class Timer(msgspec.Struct, frozen=True):
    """The payload of a timer job: it acts only if a deadline of the claim has passed."""

    claim_no: str


class Near(msgspec.Struct, frozen=True):
    """The payload of a reminder: it acts only while this very deadline still runs."""

    claim_no: str
    kind: str
    at: datetime


class Held(msgspec.Struct, frozen=True):
    """A claim whose row is locked by this transaction, with the head of its stream."""

    claim: Claim
    head: StreamHead
    history: list[Recorded]


async def hold(tx: Connection, act: Act, claim_no: str) -> Held:
    """Lock a claim and load it; refuses `not_found` for a number that nobody knows."""
    if not await store.lock(tx, act.market_id, claim_no):
        raise Refused("not_found", claim_no=claim_no)
    loaded = await store.load(tx, act.market_id, claim_no)
    assert loaded is not None, "a listed claim has a history"
    if act.actor.role == "seller" and act.actor.id != loaded.claim.opened.seller_id:
        raise Refused("not_found", claim_no=claim_no)
    return Held(loaded.claim, loaded.head, loaded.history)


async def append(
    tx: Connection, act: Act, desk: Desk, held: Held, events: Sequence[e.AnyEvent]
) -> Held:
    """Record events of a held claim with everything that must be true in the same commit."""
    if not events:
        return held
    events = with_holds(held.claim, events, act)
    sealed = seal(held.head, events, desk.ids, act)
    recorded = [store.read(one) for one in sealed]
    claim = held.claim
    for one in recorded:
        claim = evolve(claim, one)
    timers = timer_jobs(act, held.claim, claim) + near_jobs(act, held.claim, claim)
    jobs = timers + notices.notice_jobs(act, claim, recorded)
    jobs += freeing_jobs(act, held.claim, claim)
    topics = (claim_topic(act.market_id, claim.claim_no), queue_topic(act.market_id))
    await store.record_step(tx, sealed, row_of(claim), jobs, topics)
    await _bind(tx, act, claim, events)
    return Held(claim, record_rules.head_after(sealed[-1]), [*held.history, *recorded])


def seal(head: StreamHead, events: Sequence[e.AnyEvent], ids: Ids, act: Act) -> list[SealedEvent]:
    """The events as the history stores them, with fresh keys from one draw."""
    size = record_rules.KEY_BYTES
    drawn = ids.secret(size * len(events))
    keys = [drawn[place * size : (place + 1) * size] for place in range(len(events))]
    return record_rules.seal(head, [_new(event) for event in events], keys, act.now, act.actor)


def new_head(act: Act, claim_no: str, ids: Ids) -> StreamHead:
    """The empty stream of a claim that is about to be opened."""
    return StreamHead(
        market_id=act.market_id,
        stream=claim_no,
        pseudonym=ids.secret(record_rules.PSEUDONYM_BYTES),
    )


def timer_jobs(act: Act, before: Claim | None, claim: Claim) -> list[Job]:
    """A timer for the next deadline, unless the one before is set for the very same time."""
    upcoming = clock.next_of(claim.deadlines)
    known = clock.next_of(before.deadlines) if before else None
    if upcoming is None or (known is not None and known.at == upcoming.at):
        return []
    return [timer_job(act, claim.claim_no, upcoming)]


def timer_job(act: Act, claim_no: str, deadline: e.Deadline) -> Job:
    """The job that acts when this deadline passes."""
    return Job(
        kind=TIMER_JOB,
        market_id=act.market_id,
        payload=Timer(claim_no),
        run_at=deadline.at,
        subject=claim_no,
        request_id=act.request_id,
    )


def near_jobs(act: Act, before: Claim | None, claim: Claim) -> list[Job]:
    """A job for the moment when little is left of a deadline that is new or has moved."""
    known = {(d.kind, d.at) for d in clock.running(before.deadlines)} if before else set()
    return [
        Job(
            kind=NEAR_JOB,
            market_id=act.market_id,
            payload=Near(claim.claim_no, deadline.kind, deadline.at),
            run_at=clock.soon_at(deadline),
            subject=claim.claim_no,
            request_id=act.request_id,
        )
        for deadline in clock.running(claim.deadlines)
        if deadline.kind in NEAR_KINDS
        and (deadline.kind, deadline.at) not in known
        and clock.soon_at(deadline) > act.now
    ]


def _new(event: e.AnyEvent) -> NewEvent:
    fields = msgspec.to_builtins(event)
    name = fields.pop("event")
    sealed = part(name, fields)
    return NewEvent(name, store.UPCASTS.current[name], sealed, PUBLIC_FIELDS & sealed.keys())


async def _bind(tx: Connection, act: Act, claim: Claim, events: Sequence[e.AnyEvent]) -> None:
    """A claim that ended undecided frees its units; a reopened one binds them again.

    A unit that was decided once stays bound: taking the claim back does not make a new dispute.
    """
    ended = any(isinstance(event, e.ClaimWithdrawn | e.ClaimDeclined) for event in events)
    if ended and claim.decision is None:
        await store.free_units(tx, act.market_id, claim.claim_no)
    elif any(isinstance(event, e.ClaimReopened) for event in events):
        try:
            async with tx.transaction():
                await store.bind_units(tx, act.market_id, claim.claim_no)
        except asyncpg.UniqueViolationError as error:
            raise Refused("claim_exists", claim_no=claim.claim_no) from error
