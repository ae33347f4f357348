"""Audits: nobody can choose what is looked at, and the result is what was found."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.base.refusal import Refused
from makegood.gateways.beacons.drand import DrandBeacons
from makegood.gateways.outside import make_client
from makegood.people.markets.actions import put_sellers
from makegood.people.markets.store import load_seller
from makegood.record.log.sequencer import LogRoom, run_round
from makegood.record.rules import parse_entry
from makegood.sources import SystemClock
from makegood.standing.audits import actions, store
from makegood.standing.audits.actions import DRAW_JOB, Finding, NewAudit
from makegood.standing.audits.beacon import BeaconUnavailable
from makegood.standing.audits.rules import Audit, Drand, Typed, draw, sample_size, score, tally
from makegood.store.jobs import TakenJob
from makegood.worker.auditing import AuditRoom, draw_audit
from tests.anchors.programs import end
from tests.claims.town import Town
from tests.insight.test_rows import taken_back
from tests.record.log.rooms import StepClock, log_room

LOTTERY = Typed(name="Lottery, draw 2026321")


@pytest.fixture(scope="module")
def beacon_url() -> Iterator[str]:
    command = [sys.executable, "-m", "makegood.demo.programs.beacon", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["url"]
    end(process)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with make_client() as made:
        yield made


@pytest.fixture
def log(town: Town, tmp_path: Path) -> LogRoom:
    """The market's log, on the town's clock."""
    room = log_room(town.db, tmp_path)
    clock = room.clock
    assert isinstance(clock, StepClock)
    return msgspec.structs.replace(room, clock=town.clock)


def lottery(town: Town, **changes: object) -> NewAudit:
    """An audit of the last thirty days by a lottery an hour ahead."""
    now = town.clock.now()
    new = NewAudit(
        beacon=LOTTERY,
        known_at=now + timedelta(hours=1),
        miss_bps=500,
        since=now - timedelta(days=30),
        until=now,
    )
    return msgspec.structs.replace(new, **changes)


async def announced(town: Town, log: LogRoom, **changes: object) -> Audit:
    """Two ended claims, and an audit of them that is in the log."""
    await taken_back(town, "O-1", "O-2")
    async with town.db.transaction() as tx:
        act, ids = town.act("operator", "op"), town.desk.ids
        audit = await actions.announce(tx, act, ids, lottery(town, **changes))
    await run_round(log, "main")
    return audit


async def drawn(town: Town, log: LogRoom) -> Audit:
    """The same, with the lottery's numbers typed in after its time."""
    audit = await announced(town, log)
    town.clock.at += timedelta(hours=2)
    return await typed(town, audit.audit_no, "3 7 11 19 28 33")


async def typed(town: Town, audit_no: int, value: str) -> Audit:
    """Somebody types the beacon's value."""
    async with town.db.transaction() as tx:
        act, ids = town.act("operator", "op"), town.desk.ids
        return await actions.draw_sample(tx, act, ids, audit_no, value)


async def refused(town: Town, code: str, new: NewAudit) -> None:
    """The announcement is refused with this code."""
    with pytest.raises(Refused) as caught:
        async with town.db.transaction() as tx:
            await actions.announce(tx, town.act("operator", "op"), town.desk.ids, new)
    assert caught.value.code == code


def test_the_sample_rules_out_the_rate_with_95_percent() -> None:
    assert [sample_size(bps, 10_000) for bps in (500, 200, 1000)] == [59, 149, 29]
    assert sample_size(500, 12) == 12


@given(st.sets(st.text("0123456789ABC-", min_size=1), min_size=2, max_size=40), st.text(min_size=1))
def test_the_draw_depends_on_nothing_but_beacon_and_numbers(numbers: set[str], value: str) -> None:
    listed = sorted(numbers)
    size = len(listed) // 2

    chosen = draw(value, listed, size)

    assert chosen == draw(value, listed[::-1], size)
    others = set(listed) - set(chosen)
    assert all(score(value, one) <= score(value, other) for one in chosen for other in others)


def test_another_beacon_draws_another_sample() -> None:
    numbers = [f"AS-261121-{place:05}" for place in range(500)]

    assert len({tuple(draw(str(value), numbers, 20)) for value in range(20)}) == 20


def test_every_claim_is_drawn_about_equally_often() -> None:
    numbers = [f"AS-{place}" for place in range(50)]
    count = dict.fromkeys(numbers, 0)
    for value in range(2000):
        for one in draw(str(value), numbers, 5):
            count[one] += 1

    assert 140 < min(count.values()) < max(count.values()) < 265


async def test_the_announcement_is_in_the_log_before_the_beacon_and_names_no_claim(
    town: Town, log: LogRoom
) -> None:
    audit = await announced(town, log)

    async with town.db.connection() as conn:
        row = await conn.fetchrow("select entry, entry_hash from event where stream = 'audits'")
        in_time = await actions.announced_in_time(conn, audit)
    assert row is not None
    entry = parse_entry(row["entry"])
    assert entry is not None
    assert in_time
    assert entry.public["population"] == 2
    assert "claims" in entry.commitments
    assert b"AS-" not in row["entry"]


async def test_a_beacon_that_may_be_known_already_is_refused(town: Town, log: LogRoom) -> None:
    await taken_back(town, "O-1")

    soon = town.clock.now() + timedelta(minutes=9)
    await refused(town, "audit_beacon_too_soon", lottery(town, known_at=soon))
    long_ago = town.clock.now() - timedelta(days=400)
    await refused(
        town, "audit_nothing", lottery(town, since=long_ago, until=long_ago + timedelta(days=1))
    )


async def test_nothing_is_drawn_before_the_time_or_without_the_announcement_in_the_log(
    town: Town, log: LogRoom
) -> None:
    await taken_back(town, "O-1", "O-2")
    act, ids = town.act("operator", "op"), town.desk.ids
    async with town.db.transaction() as tx:
        audit = await actions.announce(tx, act, ids, lottery(town))

    with pytest.raises(Refused, match="audit_too_early"):
        await typed(town, audit.audit_no, "1 2 3")
    town.clock.at += timedelta(hours=2)
    await run_round(log, "main")
    with pytest.raises(Refused, match="audit_announced_late"):
        await typed(town, audit.audit_no, "1 2 3")


async def test_a_typed_value_draws_once_and_cannot_be_changed(town: Town, log: LogRoom) -> None:
    audit = await drawn(town, log)

    again = await typed(town, audit.audit_no, "other")

    async with town.db.connection() as conn:
        sample = await store.drawn_of(conn, "main", audit.audit_no)

    assert again.value == "3 7 11 19 28 33"
    assert [one.rank for one in sample] == [1, 2]
    assert [one.claim_no for one in sample] == draw(
        again.value, {one.claim_no for one in sample}, 2
    )


async def test_a_forged_record_is_published_and_its_seller_goes_to_the_lowest_tier(
    town: Town, log: LogRoom
) -> None:
    audit = await drawn(town, log)
    number, ids, auditor = audit.audit_no, town.desk.ids, town.act("auditor", "aud")
    forged = Finding(rank=1, result="mismatch", cause="seller", note="never got the refund")
    async with town.db.transaction() as tx:
        await put_sellers(tx, town.act("operator", "op"), {"s-1": "小满会员店"})
        await actions.record_finding(tx, auditor, ids, number, forged)
        await actions.record_finding(tx, auditor, ids, number, Finding(rank=2, result="matches"))
        guilty = await actions.finish(tx, auditor, ids, number)

    async with town.db.connection() as conn:
        seller = await load_seller(conn, "main", "s-1")
        counted = tally(await store.drawn_of(conn, "main", number))
        entry = await conn.fetchval(
            "select entry from event where stream = 'audits' and name = 'audit_finished'"
        )
    assert guilty == ["s-1"]
    assert seller is not None
    assert seller.tier == "D"
    assert (counted.mismatches, counted.audited, counted.open) == (1, 2, 0)
    assert b'"sellers":["s-1"]' in entry


async def test_a_finding_is_written_once_with_its_cause_and_before_publishing(
    town: Town, log: LogRoom
) -> None:
    audit = await drawn(town, log)
    number, ids = audit.audit_no, town.desk.ids
    wrong = (
        ("setting_invalid", Finding(rank=1, result="mismatch")),
        ("setting_invalid", Finding(rank=1, result="matches", cause="seller")),
        ("not_found", Finding(rank=3, result="matches")),
    )
    for code, finding in wrong:
        with pytest.raises(Refused) as caught:
            async with town.db.transaction() as tx:
                await actions.record_finding(tx, town.act("auditor"), ids, number, finding)
        assert caught.value.code == code
    async with town.db.transaction() as tx:
        one = Finding(rank=1, result="unreachable")
        await actions.record_finding(tx, town.act("auditor"), ids, number, one)

    with pytest.raises(Refused, match="already_answered"):
        async with town.db.transaction() as tx:
            await actions.record_finding(tx, town.act("auditor"), ids, number, one)
    with pytest.raises(Refused, match="audit_unfinished"):
        async with town.db.transaction() as tx:
            await actions.finish(tx, town.act("auditor"), ids, number)


async def test_a_drand_round_is_chosen_by_time_and_told_only_when_it_has_come(
    beacon_url: str, client: httpx.AsyncClient
) -> None:
    beacons, now = DrandBeacons(client), SystemClock().now()

    ahead = await beacons.future(beacon_url, now + timedelta(hours=1))
    past = await beacons.future(beacon_url, now - timedelta(hours=1))

    assert timedelta(hours=1) <= ahead.known_at - now < timedelta(hours=1, seconds=4)
    with pytest.raises(BeaconUnavailable, match="425"):
        await beacons.value(Drand(url=beacon_url, round=ahead.round))
    assert len(await beacons.value(Drand(url=beacon_url, round=past.round))) == 64


async def test_the_job_draws_when_the_beacon_is_known(
    town: Town, log: LogRoom, beacon_url: str, client: httpx.AsyncClient
) -> None:
    past = await DrandBeacons(client).future(beacon_url, SystemClock().now() - timedelta(hours=1))
    audit = await announced(town, log, beacon=Drand(url=beacon_url, round=past.round))
    town.clock.at += timedelta(hours=2)
    room = AuditRoom(db=town.db, clock=town.clock, ids=town.desk.ids, beacons=DrandBeacons(client))

    for _ in range(2):
        await draw_audit(room, job_of(audit, town.clock.now()))

    async with town.db.connection() as conn:
        found = await store.load_audit(conn, "main", audit.audit_no)
    assert found is not None
    assert len(found.value) == 64


def job_of(audit: Audit, at: datetime) -> TakenJob:
    """The job that the announcement enqueued."""
    return TakenJob(
        market_id="main",
        job_id="j-1",
        kind=DRAW_JOB,
        subject="",
        payload={"audit_no": audit.audit_no},
        run_at=at,
        request_id="",
        attempts=1,
    )
