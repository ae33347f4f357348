"""Tampering: changed proofs, receipts and bundles against both verifiers, a changed database.

Every byte of every proof is changed once; files of bundles are swapped, cut, left out, signed by
others, taken from other logs and older trees. Nothing may be accepted, and Python and the offline
page's script must give the same verdict on every single file. Then a superuser changes the
database in every way that `benchmarks/tampering.py` knows, and the log's full check must say so.
"""

import argparse
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import uvloop

from benchmarks.common import Report, fresh_database, load_average, progress
from benchmarks.tampering import CASES, tamper
from makegood.record.log import store as log_store
from makegood.record.log.fsck import find_problems
from makegood.record.log.sequencer import LogRoom, run_round
from makegood.store.database import Database
from makegood.store.postgres import EmbeddedPostgres
from makegood.verify.judge import judge
from makegood.verify.pins import Pin
from tests.record.log.rooms import MARKET, add_streams, log_room
from tests.verify import mutations
from tests.verify.javascript import JavaScript, javascript, plain
from tests.verify.making import NOW, PIN, bundle, history, receipt

ACCEPTED = ("intact", "not_merged", "late")


@dataclass
class Tally:
    """How many files were judged, and what went wrong."""

    files: int = 0
    accepted: int = 0
    disputed: int = 0
    python_seconds: float = 0.0
    script_seconds: float = 0.0
    examples: list[str] = field(default_factory=list)


def main(arguments: list[str]) -> int:
    """Files first, then the database."""
    parser = argparse.ArgumentParser(prog="bench tamper", description=__doc__)
    parser.add_argument("--bundles", type=int, default=200)
    parser.add_argument("--step", type=int, default=1, help="change every n-th byte of a proof")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="five bundles, every 7th byte")
    chosen = parser.parse_args(arguments)
    if chosen.short:
        chosen.bundles, chosen.step = 5, 7
    report = Report("tamper")
    report.add("load_before", load_average())
    tally = Tally()
    with javascript() as script:
        require_honest(script)
        for seed in progress(range(1, chosen.bundles + 1), "bundles"):
            weigh(script, tally, files_of(seed, chosen.step, Random(f"{chosen.seed}/{seed}")))
    report.add("files", tally.files, "> 0")
    report.add("accepted", tally.accepted, "= 0")
    report.add("verdicts_that_differ", tally.disputed, "= 0")
    report.add("python_us_per_file", tally.python_seconds / tally.files * 1e6)
    report.add("script_us_per_file", tally.script_seconds / tally.files * 1e6)
    with fresh_database("tamper") as server, TemporaryDirectory() as folder:
        missed = uvloop.run(_tamper_all(server, Path(folder)))
    report.add("database_changes", len(CASES), "> 0")
    report.add("database_changes_missed", len(missed), "= 0")
    for line in (*tally.examples, *missed):
        print(f"  {line}")
    return report.finish()


def require_honest(script: JavaScript) -> None:
    """A verifier that refuses everything would pass every other measure here."""
    for content in (bundle(), mutations.honest_proof(1)[0]):
        ours, theirs = judge(content, NOW, PIN).state, script.judge(content, NOW, PIN.policy)
        assert ours == theirs["state"] == "intact", (ours, theirs)


def files_of(seed: int, step: int, draw: Random) -> Iterator[bytes]:
    """Everything that is done to one bundle, its proofs and its receipts."""
    whole = bundle(seed)
    proof, told = mutations.honest_proof(seed)
    yield from mutations.changed_bytes(proof, draw, step)
    yield from mutations.changed_bytes(receipt(history(seed)[0]), draw, step)
    yield from mutations.changed_bytes(whole, draw, 97 * step)
    for content in (proof, told, whole):
        yield from mutations.cuts(content, draw, 6)
    for content in (proof, told):
        yield from mutations.respelled(content)
    yield from mutations.swaps(whole)
    yield from (content for _, content in mutations.forged_bundles(seed))


def weigh(script: JavaScript, tally: Tally, files: Iterable[bytes], pin: Pin = PIN) -> None:
    """Judge each file twice; none may be accepted, and both must say the same."""
    for content in files:
        began = time.perf_counter()
        ours = plain(judge(content, NOW, pin))
        between = time.perf_counter()
        theirs = script.judge(content, NOW, pin.policy)
        tally.python_seconds += between - began
        tally.script_seconds += time.perf_counter() - between
        tally.files += 1
        tally.accepted += ours["state"] in ACCEPTED or theirs["state"] in ACCEPTED
        tally.disputed += ours != theirs
        if ours != theirs and len(tally.examples) < 5:
            tally.examples.append(f"{ours} but the page {theirs}")


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
        problems = await find_problems(room, conn, head)
        await undone.rollback()
    return bool(problems)
