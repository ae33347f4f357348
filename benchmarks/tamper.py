"""Tampering: changed proofs, receipts and bundles against both verifiers, a changed database.

Every byte of every proof of every bundle is changed once; files of bundles are swapped, cut, left
out, signed by others, taken from other logs and older trees. Nothing may be accepted, and Python
and the offline page's script must give the same verdict on every single file. Then a superuser
changes the database in every way that `benchmarks/tampering.py` knows, and the log's full check
must say so.
"""

import argparse
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import uvloop

from benchmarks.common import Report, fresh_database, load_average, progress
from benchmarks.tamper_files import Tally, require_honest, weigh_bundles
from benchmarks.tampering import CASES, tamper
from makegood.record.log import store as log_store
from makegood.record.log.fsck import find_problems, see_copy
from makegood.record.log.sequencer import LogRoom, run_round
from makegood.store.database import Database
from makegood.store.postgres import EmbeddedPostgres
from tests.record.log.rooms import MARKET, add_streams, log_room
from tests.verify.javascript import javascript

BUNDLES_AT_ONCE: Final = 2
"""Bundles that one process weighs before it reports."""
EXAMPLES_SHOWN: Final = 5


def main(arguments: list[str]) -> int:
    """Files first, then the database."""
    parser = argparse.ArgumentParser(prog="bench tamper", description=__doc__)
    parser.add_argument("--bundles", type=int, default=200)
    parser.add_argument("--step", type=int, default=1, help="change every n-th byte of a proof")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--short", action="store_true", help="five bundles, every 7th byte")
    chosen = parser.parse_args(arguments)
    if chosen.short:
        chosen.bundles, chosen.step = 5, 7
    report = Report("tamper")
    report.add("load_before", load_average())
    with javascript() as script:
        require_honest(script)
    seeds = range(1, chosen.bundles + 1)
    began = time.monotonic()
    tally = _weigh_all(seeds, chosen.step, chosen.seed, chosen.processes)
    _tell_files(tally, chosen.step, report)
    report.add("file_minutes", (time.monotonic() - began) / 60)
    with fresh_database("tamper") as server, TemporaryDirectory() as folder:
        missed = uvloop.run(_tamper_all(server, Path(folder)))
    report.add("database_changes", len(CASES), "> 0")
    report.add("database_changes_missed", len(missed), "= 0")
    for line in (*tally.examples[:EXAMPLES_SHOWN], *missed):
        print(f"  {line}")
    return report.finish()


def _weigh_all(seeds: Sequence[int], step: int, salt: int, processes: int) -> Tally:
    """All bundles, a few at a time in each process."""
    tally = Tally()
    parts = [seeds[at : at + BUNDLES_AT_ONCE] for at in range(0, len(seeds), BUNDLES_AT_ONCE)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(weigh_bundles, part, step, salt) for part in parts]
        ended = as_completed(running)
        for _ in progress(parts, "bundles"):
            tally.add(next(ended).result())
    return tally


def _tell_files(tally: Tally, step: int, report: Report) -> None:
    left_out = tally.proof_bytes - tally.proof_bytes_changed
    report.add("files", tally.files, "> 0")
    report.add("proof_bytes", tally.proof_bytes, "> 0")
    report.add("proof_bytes_left_out", left_out, "= 0" if step == 1 else "")
    report.add("accepted", tally.accepted, "= 0")
    report.add("verdicts_that_differ", tally.disputed, "= 0")
    report.add("python_us_per_file", tally.python_seconds / tally.files * 1e6)
    report.add("script_us_per_file", tally.script_seconds / tally.files * 1e6)


async def _tamper_all(server: EmbeddedPostgres, folder: Path) -> list[str]:
    """Names of changes that the full check did not notice; each is undone before the next."""
    db = await Database.open(server.url, max_size=4)
    try:
        room = log_room(db, folder)
        async with db.connection() as conn:
            await add_streams(conn, *[3] * 90, 40)
        await run_round(room, MARKET)
        return [name for name in CASES if not await _is_noticed(room, name)]
    finally:
        await db.close()


async def _is_noticed(room: LogRoom, name: str) -> bool:
    async with room.db.connection() as conn:
        undone = conn.transaction()
        await undone.start()
        await tamper(conn, MARKET, name)
        head = await log_store.load_head(conn, MARKET)
        assert head is not None, "the log has begun"
        problems = await find_problems(room, conn, head, see_copy(room, MARKET))
        await undone.rollback()
    return bool(problems)
