"""The full check names whatever a database superuser did to the record."""

from pathlib import Path

import msgspec

from benchmarks.tampering import CASES, tamper
from makegood.record.log import check_store, store
from makegood.record.log.fsck import CheckReport, LogProblem, check_log, find_problems, see_copy
from makegood.record.log.places import FolderPlace
from makegood.record.log.sequencer import LogRoom, run_round
from makegood.store.database import Database
from tests.people.kit import ListeningDatabase
from tests.record.log.rooms import MARKET, add_streams, log_room

SIZES = [3] * 90 + [40]
"""310 entries: a full tile and a partial one."""


class NotingPlace(FolderPlace):
    """A second place that notes how much the database had been asked when it was looked at."""

    def __init__(self, folder: Path, database: ListeningDatabase) -> None:
        super().__init__(folder)
        self._database = database
        self.statements_before: list[int] = []

    def peek(self, market_id: str) -> bytes | None:
        """What is remembered now."""
        self.statements_before.append(len(self._database.statements))
        return super().peek(market_id)


async def filled(db: Database, folder: Path) -> LogRoom:
    room = log_room(db, folder)
    async with db.connection() as conn:
        await add_streams(conn, *SIZES)
    await run_round(room, MARKET)
    return room


async def checked(room: LogRoom) -> CheckReport:
    report = await check_log(room, MARKET)
    assert report is not None
    return report


async def test_an_intact_log_has_no_problem_and_the_check_is_remembered(
    db: Database, tmp_path: Path
) -> None:
    room = await filled(db, tmp_path)
    assert (await checked(room)).problems == ()
    async with db.connection() as conn:
        last = await check_store.load_report(conn, MARKET)
    assert last is not None
    assert (last.size, last.problems) == (sum(SIZES), [])


async def test_events_that_still_wait_are_no_problem(db: Database, tmp_path: Path) -> None:
    room = await filled(db, tmp_path)
    async with db.connection() as conn:
        await add_streams(conn, 2)
    assert (await checked(room)).problems == ()


async def test_a_log_that_goes_on_during_the_check_was_not_set_back(
    db: Database, tmp_path: Path
) -> None:
    room = await filled(db, tmp_path)
    before = see_copy(room, MARKET)
    async with db.transaction() as snapshot:
        await snapshot.execute("set transaction isolation level repeatable read, read only")
        head = await store.load_head(snapshot, MARKET)
        assert head is not None
        async with db.connection() as conn:
            await add_streams(conn, 5)
        await run_round(room, MARKET)
        after = see_copy(room, MARKET)

        assert await find_problems(room, snapshot, head, before) == []
        (problem,) = await find_problems(room, snapshot, head, after)
    assert (problem.kind, problem.detail) == ("not_signable", "rewound")


async def test_the_second_place_is_looked_at_before_the_database(
    db: Database, tmp_path: Path
) -> None:
    room = await filled(db, tmp_path)
    listening = ListeningDatabase(db)
    place = NotingPlace(tmp_path / "copy", listening)

    watched = msgspec.structs.replace(room, db=listening, second=place)
    report = await check_log(watched, MARKET)

    assert report is not None
    assert place.statements_before == [0]


async def test_every_tampering_is_found_and_its_place_named(db: Database, tmp_path: Path) -> None:
    room = await filled(db, tmp_path)
    found = {case: await problems_after(room, case) for case in CASES}
    assert [case for case, problems in found.items() if not problems] == []
    (problem,) = found["edit a leaf hash"]
    assert (problem.kind, problem.place) == ("leaf_differs", "entry 3")
    assert (await checked(room)).problems == ()


async def problems_after(room: LogRoom, case: str) -> list[LogProblem]:
    """What is found after one case, which is undone again."""
    async with room.db.connection() as conn:
        undone = conn.transaction()
        await undone.start()
        await tamper(conn, MARKET, case)
        head = await store.load_head(conn, MARKET)
        assert head is not None
        problems = await find_problems(room, conn, head, see_copy(room, MARKET))
        await undone.rollback()
    return problems


async def test_a_market_without_a_log_has_nothing_to_check(db: Database, tmp_path: Path) -> None:
    assert await check_log(log_room(db, tmp_path), MARKET) is None
