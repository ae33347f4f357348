"""Every event gets one place, in order; nothing is signed that does not continue what was."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from benchmarks.tampering import back_up, restore, tamper
from makegood.base.actor import SYSTEM, Act
from makegood.record import store as record_store
from makegood.record.log import store
from makegood.record.log.actions import CannotRestart, restart_log
from makegood.record.log.checkpoint import parse_checkpoint
from makegood.record.log.fsck import check_log
from makegood.record.log.note import parse_note, signed_by
from makegood.record.log.sequencer import DEMO_PREFIX, LogRoom, run_rounds
from makegood.record.log.statement import verify_restart
from makegood.record.log.store import Head
from makegood.record.rules import SealedEvent
from makegood.sources import SystemIds
from makegood.store.database import Database
from tests.record.log.rooms import MARKET, ORIGIN, StepClock, add_streams, log_room, stream_events

Places = list[tuple[int, str, int]]


async def head_of(room: LogRoom) -> Head:
    async with room.db.connection() as conn:
        head = await store.load_head(conn, MARKET)
    assert head is not None
    return head


async def places(db: Database) -> Places:
    """(idx, stream, version) of the whole log."""
    async with db.connection() as conn:
        rows = await conn.fetch("select idx, stream, version from log_entry order by idx")
    return [tuple(row) for row in rows]


async def waiting(db: Database) -> int:
    async with db.connection() as conn:
        return await store.count_pending(conn, MARKET)


async def added(db: Database, *sizes: int) -> list[SealedEvent]:
    async with db.connection() as conn:
        return await add_streams(conn, *sizes)


def assert_complete(found: Places, events: Sequence[SealedEvent]) -> None:
    """Every event once, without gaps, and no event before its predecessor."""
    assert [idx for idx, _, _ in found] == list(range(len(events)))
    assert {(stream, version) for _, stream, version in found} == {
        (event.stream, event.version) for event in events
    }
    seen: dict[str, int] = {}
    for _, stream, version in found:
        assert version == seen.get(stream, 0) + 1
        seen[stream] = version


async def test_events_get_their_places_and_the_checkpoint_is_signed(
    db: Database, tmp_path: Path
) -> None:
    room = log_room(db, tmp_path)
    events = await added(db, 3, 300, 1)
    assert await run_rounds(room) == 304
    events += await added(db, 2)
    assert await run_rounds(room) == 2
    assert await run_rounds(room) == 0
    assert_complete(await places(db), events)
    head = await head_of(room)
    assert (head.origin, head.size, head.signed_size, head.trouble) == (ORIGIN, 306, 306, None)
    note = parse_note(head.note or b"")
    assert signed_by(note, room.keys.open(MARKET, ORIGIN).verifiers)
    assert parse_checkpoint(note.text, ORIGIN).root == head.root
    assert room.second.peek(MARKET) == head.note


async def test_an_event_whose_transaction_commits_late_is_not_lost(
    db: Database, tmp_path: Path
) -> None:
    room = log_room(db, tmp_path)
    late = stream_events("AS-late", 2)
    async with db.transaction() as tx:
        await record_store.append(tx, late)
        events = await added(db, 5)
        assert await run_rounds(room) == 5
    assert await run_rounds(room) == 2
    assert_complete(await places(db), events + late)


async def test_thirty_two_writers_and_four_sequencers_lose_nothing(
    database_url: str, tmp_path: Path
) -> None:
    db = await Database.open(database_url, max_size=36)
    room = log_room(db, tmp_path)
    done = asyncio.Event()

    async def write(number: int) -> list[SealedEvent]:
        chance = random.Random(number)
        events: list[SealedEvent] = []
        for turn in range(6):
            fresh = stream_events(f"AS-{number:02}-{turn}", chance.randint(1, 3))
            async with db.transaction() as tx:
                await record_store.append(tx, fresh)
                await asyncio.sleep(chance.random() / 100)
            events += fresh
        return events

    async def sequence() -> None:
        while not done.is_set():
            await run_rounds(room)
            await asyncio.sleep(0.005)

    sequencers = [asyncio.create_task(sequence()) for _ in range(4)]
    written = await asyncio.gather(*(write(number) for number in range(32)))
    done.set()
    await asyncio.gather(*sequencers)
    await run_rounds(room)
    assert_complete(await places(db), [event for events in written for event in events])
    report = await check_log(room, MARKET)
    assert report is not None
    assert report.problems == ()
    await db.close()


async def test_a_database_that_was_set_back_is_not_signed_until_a_restart_is_stated(
    db: Database, tmp_path: Path
) -> None:
    room = log_room(db, tmp_path)
    await added(db, 260)
    await run_rounds(room)
    async with db.connection() as conn:
        await back_up(conn)
    await added(db, 40)
    await run_rounds(room)
    newest = await head_of(room)
    async with db.connection() as conn:
        await restore(conn)
    await added(db, 7)
    assert await run_rounds(room) == 0
    head = await head_of(room)
    assert (head.trouble, head.size, await waiting(db)) == ("rewound", 260, 7)
    assert room.second.peek(MARKET) == newest.note

    await restarted(room, "disk of 21 November lost, backup of 09:00 restored")
    assert await run_rounds(room) == 8
    head = await head_of(room)
    assert (head.trouble, head.epoch, head.signed_size) == (None, 2, 268)
    async with db.connection() as conn:
        (statement,) = await store.load_restarts(conn, MARKET)
    stated = verify_restart(statement, room.keys.open(MARKET, ORIGIN).verifiers)
    assert (stated.old and stated.old.size, stated.new.size) == (300, 260)
    assert "backup of 09:00" in stated.reason
    report = await check_log(room, MARKET)
    assert report is not None
    assert report.problems == ()


async def test_a_restart_is_refused_while_the_log_continues(db: Database, tmp_path: Path) -> None:
    room = log_room(db, tmp_path)
    await added(db, 3)
    await run_rounds(room)
    with pytest.raises(CannotRestart, match="nothing to restart"):
        await restarted(room, "for no reason")


async def test_a_changed_history_is_not_signed(db: Database, tmp_path: Path) -> None:
    room = log_room(db, tmp_path)
    await added(db, 300)
    await run_rounds(room)
    signed = room.second.peek(MARKET)
    found = {}
    for case in SEEN_BY_THE_SIGNER:
        async with db.connection() as conn:
            await back_up(conn)
            await tamper(conn, MARKET, case)
        await added(db, 1)
        assert await run_rounds(room) == 0
        found[case] = (await head_of(room)).trouble
        assert room.second.peek(MARKET) == signed
        async with db.connection() as conn:
            await restore(conn)
    assert found == SEEN_BY_THE_SIGNER
    await added(db, 1)
    assert await run_rounds(room) == 1
    assert (await head_of(room)).trouble is None


SEEN_BY_THE_SIGNER = {
    "edit the tile above": "tiles_changed",
    "widen the last tile": "tiles_changed",
    "insert a place right behind the head": "head_changed",
    "edit the head's root": "tiles_changed",
    "edit the signed checkpoint": "head_changed",
    "forget that anything was signed": "rewound",
    "pretend another epoch": "head_changed",
}
"""What the signer itself notices at the next event; the full check finds the rest."""


async def test_a_checkpoint_stands_for_a_while_and_is_then_followed_by_the_next(
    db: Database, tmp_path: Path
) -> None:
    slow = timedelta(seconds=2)
    room = msgspec.structs.replace(log_room(db, tmp_path), sign_every=slow)
    clock = room.clock
    assert isinstance(clock, StepClock)
    signed = []
    for step in (0, 1, 1, -3600, 1):
        clock.at += timedelta(seconds=step)
        await added(db, 1)
        await run_rounds(room)
        signed.append((await head_of(room)).signed_size)
    assert signed == [1, 1, 3, 4, 5]


async def test_an_event_that_somebody_queues_again_is_not_entered_again(
    db: Database, tmp_path: Path
) -> None:
    room = log_room(db, tmp_path)
    events = await added(db, 10)
    await run_rounds(room)
    async with db.connection() as conn:
        await tamper(conn, MARKET, "queue an event again")
    events += await added(db, 2)
    assert await run_rounds(room) == 2
    assert_complete(await places(db), events)
    assert await waiting(db) == 0


async def test_a_clock_that_was_set_back_does_not_set_the_log_s_time_back(
    db: Database, tmp_path: Path
) -> None:
    room = log_room(db, tmp_path)
    clock = room.clock
    assert isinstance(clock, StepClock)
    for _ in range(3):
        await added(db, 1)
        await run_rounds(room)
        clock.at -= timedelta(days=1)
    async with db.connection() as conn:
        times = [row[0] for row in await conn.fetch("select merged_at from log_entry order by idx")]
    assert times == sorted(times)


async def test_business_goes_on_while_the_second_place_or_the_key_is_missing(
    db: Database, tmp_path: Path
) -> None:
    room = log_room(db, tmp_path)
    await added(db, 3)
    await run_rounds(room)
    for missing, trouble in (
        ("copy/main.checkpoint", "copy_missing"),
        ("keys/main.keys", "key_missing"),
    ):
        path = tmp_path / missing
        content = path.read_bytes()
        path.unlink()
        await added(db, 1)
        assert await run_rounds(room) == 0
        assert (await head_of(room)).trouble == trouble
        assert await waiting(db) == 1
        path.write_bytes(content)
        assert await run_rounds(room) == 1
        assert (await head_of(room)).trouble is None


async def test_business_goes_on_while_the_second_place_is_away(
    db: Database, tmp_path: Path
) -> None:
    room = log_room(db, tmp_path)
    await added(db, 3)
    await run_rounds(room)
    folder = tmp_path / "copy"
    folder.rename(tmp_path / "unmounted")
    folder.write_text("no folder")
    await added(db, 1)
    assert await run_rounds(room) == 0
    assert (await head_of(room)).trouble == "copy_unreachable"
    folder.unlink()
    (tmp_path / "unmounted").rename(folder)
    assert await run_rounds(room) == 1
    assert (await head_of(room)).trouble is None


async def test_a_copy_of_another_log_is_no_second_place(db: Database, tmp_path: Path) -> None:
    room = log_room(db, tmp_path)
    await added(db, 3)
    await run_rounds(room)
    path = tmp_path / "copy" / "main.checkpoint"
    for damaged in (b"", b"nothing\n", path.read_bytes().replace(b"main", b"mail"), b"\xff" * 99):
        path.write_bytes(damaged)
        await added(db, 1)
        assert await run_rounds(room) == 0
        assert (await head_of(room)).trouble == "copy_damaged"


async def test_two_copies_of_a_database_cannot_both_go_on(db: Database, tmp_path: Path) -> None:
    """Given a copy of the database that runs beside the first one, with the same second place."""
    room = log_room(db, tmp_path)
    await added(db, 3)
    await run_rounds(room)
    async with db.connection() as conn:
        await back_up(conn)
    await added(db, 2)
    await run_rounds(room)
    async with db.connection() as conn:
        await restore(conn)
    await added(db, 2)
    assert await run_rounds(room) == 0
    assert (await head_of(room)).trouble == "rewound"
    assert room.second.peek(MARKET) != (await head_of(room)).note


async def test_invented_history_is_never_continued_as_a_real_log(
    db: Database, tmp_path: Path
) -> None:
    demo = log_room(db, tmp_path, demo=True, origin=f"{DEMO_PREFIX}log/main")
    events = await added(db, 2)
    assert await run_rounds(demo) == 2
    async with db.connection() as conn:
        merged = await conn.fetchval("select max(merged_at) from log_entry")
    assert merged < demo.clock.now()
    assert merged > max(event.at for event in events)
    real = log_room(db, tmp_path)
    await added(db, 1)
    assert await run_rounds(real) == 0
    assert (await head_of(real)).trouble == "demo_origin"


async def test_history_from_before_the_log_is_entered_in_its_order(
    db: Database, tmp_path: Path
) -> None:
    events = await added(db, 4, 3, 2)
    async with db.connection() as conn:
        await conn.execute("delete from log_pending")
        await conn.execute(backfill())
    assert await run_rounds(log_room(db, tmp_path)) == 9
    assert_complete(await places(db), events)


def backfill() -> str:
    """The last statement of the migration."""
    path = Path(store.__file__).parents[2] / "store" / "migrations" / "0080_log.sql"
    return path.read_text("utf-8").rsplit(";", 2)[1]


async def restarted(room: LogRoom, reason: str) -> None:
    act = Act(MARKET, SYSTEM, room.clock.now())
    async with room.db.transaction() as tx:
        await restart_log(tx, act, room, SystemIds(), reason)
