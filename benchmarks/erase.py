"""Erasing one person with many claims, files and mails; afterwards nothing of them may be left."""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from benchmarks.common import Report, fresh_database, load_average, progress
from makegood.claims.replay import replay_market
from makegood.gateways.storage.disk import DiskStorage
from makegood.privacy.actions import CLEAN_JOB, Eraser, erase_person
from makegood.store.database import Database
from makegood.store.jobs import take
from makegood.store.postgres import EmbeddedPostgres
from makegood.worker.privacy import clean_up
from tests.claims.town import Town
from tests.privacy.people import (
    BUYER_TEXTS,
    ended_claim,
    entries,
    storage_files,
    texts_left,
    traces,
)


def main(arguments: list[str]) -> int:
    """One market with one such person."""
    parser = argparse.ArgumentParser(prog="bench erase", description=__doc__)
    parser.add_argument("--claims", type=int, default=50)
    parser.add_argument("--short", action="store_true", help="five claims")
    chosen = parser.parse_args(arguments)
    if chosen.short:
        chosen.claims = 5
    report = Report("erase")
    report.add("load_before", load_average())
    with fresh_database("erase") as server, TemporaryDirectory() as folder:
        uvloop.run(_erase(server, Path(folder), chosen.claims, report))
    return report.finish()


async def _erase(server: EmbeddedPostgres, folder: Path, claims: int, report: Report) -> None:
    db = await Database.open(server.url, max_size=8)
    try:
        town, storage = await _peopled(db, folder, claims)
        before = await entries(db)
        report.add("traces_before", len(await texts_left(db)), f"= {len(traces())}")
        began, used = time.perf_counter(), time.process_time()
        async with db.transaction() as tx:
            act = town.act("operator", "op")
            eraser = Eraser(town.vault, town.desk.ids)
            done = await erase_person(tx, act, eraser, [BUYER_TEXTS["id"]], "requested")
        report.add("erase_seconds", time.perf_counter() - began, "< 5")
        report.add("erase_cpu_seconds", time.process_time() - used)
        await _cleaned(db, storage, town)
        report.add("with_files_and_vacuum_seconds", time.perf_counter() - began)
        report.add("fields", done.fields, "> 0")
        report.add("traces_after", len(await texts_left(db)), "= 0")
        report.add("files_after", sum(one.is_file() for one in storage_files(storage)), "= 0")
        report.add("entries_changed", (await entries(db))[: len(before)] != before, "= 0")
        async with db.connection() as conn:
            broken = [one async for one in replay_market(conn, "main") if one.differences]
        report.add("histories_that_differ", len(broken), "= 0")
    finally:
        await db.close()


async def _peopled(db: Database, folder: Path, claims: int) -> tuple[Town, DiskStorage]:
    town = Town(db)
    await town.found()
    storage = DiskStorage(folder, town.vault)
    for number in progress(range(claims), "claims"):
        await ended_claim(town, storage, f"O-{number}")
    return town, storage


async def _cleaned(db: Database, storage: DiskStorage, town: Town) -> None:
    async with db.connection() as conn:
        jobs = await take(conn, town.clock.now(), kinds=[CLEAN_JOB])
    for job in jobs:
        await clean_up(db, storage, town.clock, job)
    async with db.connection() as conn:
        await conn.execute("delete from job where kind = $1", CLEAN_JOB)
