"""kill -9 of the sequencer before each of its statements: nothing is lost, nothing twice."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from makegood.record.log.fsck import check_log
from makegood.record.log.sequencer import LogRoom, run_round
from makegood.store.database import Database
from tests.record.log.rooms import MARKET, add_streams, log_room

MOST_STATEMENTS = 60


async def test_a_round_killed_anywhere_is_finished_by_the_next_one(
    db: Database, database_url: str, tmp_path: Path
) -> None:
    room = log_room(db, tmp_path)
    async with db.connection() as conn:
        await add_streams(conn, 250)
    await run_round(room, MARKET)
    size, answers = 250, []
    async with sequencer_program(database_url, tmp_path) as program:
        for statement in range(1, MOST_STATEMENTS):
            async with db.connection() as conn:
                await add_streams(conn, 2, 1)
            size += 3
            answers.append(await ask(program, statement))
            state = await finished(room)
            assert state == (size, size, None, size, 0), f"killed at {statement}"
            if answers[-1] == "done":
                break
    assert answers[-1] == "done"
    assert answers.count("killed") == len(answers) - 1 >= 15
    report = await check_log(room, MARKET)
    assert report is not None
    assert report.problems == ()


async def finished(room: LogRoom) -> tuple[object, ...]:
    """(size, signed, trouble, entries, waiting) after the next round that was not held up.

    The server may notice a moment later that a killed process holds a lock no more.
    """
    state: tuple[object, ...] = ()
    async with room.db.connection() as conn:
        for _ in range(1200):
            await run_round(room, MARKET)
            row = await conn.fetchrow(
                "select size, signed_size, trouble, (select count(*) from log_entry), "
                "(select count(*) from log_pending) from log_head"
            )
            assert row is not None
            state = tuple(row)
            if state[0] == state[1] and state[4] == 0:
                break
            await asyncio.sleep(0.05)
    return state


@asynccontextmanager
async def sequencer_program(url: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program that forks a sequencer for each number it is told."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.record.log.killed",
        url,
        str(folder),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def ask(process: asyncio.subprocess.Process, statement: int) -> str:
    """Let one sequencer die at a statement; what became of it."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{statement}\n".encode())
    return (await process.stdout.readline()).decode().strip()
