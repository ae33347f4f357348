"""The log: events a second from 32 writers, what an intake feels of it, proofs at a million."""

import argparse
import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import psutil
import uvloop

from benchmarks.common import Report, fresh_database, fresh_folder, load_average, tell
from benchmarks.market import MARKET, act, furnished, ground_in, numbers, sell
from benchmarks.outside import Outside
from benchmarks.record_load import (
    WRITERS,
    Sequencer,
    killed_at_random,
    log_room,
    milliseconds,
    paused_and_running,
    sequencing,
    settle,
    write_for,
)
from benchmarks.record_proofs import measure_proofs
from makegood.base.actor import Actor
from makegood.bootstrap import build_desk
from makegood.claims.desk import Desk
from makegood.claims.intake import open_claim
from makegood.claims.opening import OpenClaim
from makegood.record.log.fsck import check_log
from makegood.settings import load_settings
from makegood.store.database import Database
from makegood.store.postgres import EmbeddedPostgres

INTAKES_AT_ONCE: Final = 8
PARTS: Final = ("writers", "kills", "intake", "proofs")

Latencies = list[tuple[float, float]]


def main(arguments: list[str]) -> int:
    """Writers, kills, intake and proofs, each on a ground of its own."""
    parser = argparse.ArgumentParser(prog="bench record", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of full load")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--claims", type=int, default=6000, help="for the intake's latency")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="a tenth of everything")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part; may be repeated")
    chosen = parser.parse_args(arguments)
    if chosen.short:
        chosen.seconds, chosen.kills = chosen.seconds / 5, chosen.kills // 10
        chosen.claims, chosen.entries = chosen.claims // 4, chosen.entries // 10
    report = Report("record")
    report.add("load_before", load_average())
    for part in chosen.only or PARTS:
        _run(part, chosen, report)
    return report.finish()


def _run(part: str, chosen: argparse.Namespace, report: Report) -> None:
    if part == "intake":
        with fresh_folder("record") as folder:
            uvloop.run(_intake(folder, chosen.claims, report))
        return
    with fresh_database("record") as server:
        match part:
            case "writers":
                uvloop.run(_writers(server, chosen.seconds, report))
            case "kills":
                uvloop.run(_kills(server, chosen.kills, chosen.seed, report))
            case "proofs":
                uvloop.run(_proofs(server, chosen.entries, report))


async def _writers(server: EmbeddedPostgres, seconds: float, report: Report) -> None:
    """Full load with the sequencer beside it, in slices in which it rests or runs."""
    tell(f"{WRITERS} writers for {seconds:.0f} s")
    db = await Database.open(server.url, max_size=WRITERS + 2)
    written = [0]

    async def load(so_long: float) -> Latencies:
        writers = await write_for(db, so_long, "w")
        written[0] = sum(writer.events for writer in writers)
        return [one for writer in writers for one in writer.seconds]

    with sequencing(server.url, server.folder) as sequencer:
        began, before = time.monotonic(), _cpu_seconds(server, sequencer)
        resting, running = await paused_and_running(sequencer, load, seconds)
        took, after = time.monotonic() - began, _cpu_seconds(server, sequencer)
    for part, spent in after.items():
        report.add(f"{part}_cpu_us_per_event", (spent - before[part]) * 1e6 / written[0])
    room = log_room(db, server.folder)
    await settle(db, room)
    report.add("events_per_second", written[0] / took, ">= 3000")
    p99 = milliseconds(running, 0.99)
    report.add("step_p50_ms", milliseconds(running, 0.5))
    report.add("step_p99_ms", p99)
    report.add("p99_ms_added", max(p99 - milliseconds(resting, 0.99), 0.0), "< 50")
    await _complete(db, server.folder, written[0], "", report)
    await db.close()


def _cpu_seconds(server: EmbeddedPostgres, sequencer: Sequencer) -> dict[str, float]:
    """CPU time so far of the writers (this process), the database and the sequencer."""
    assert server.pid is not None, "the server runs"
    database = psutil.Process(server.pid)
    parts = {
        "writers": [psutil.Process()],
        "database": [database, *database.children(recursive=True)],
        "sequencer": [psutil.Process(sequencer.pid)],
    }
    return {name: sum(map(_cpu_of, processes)) for name, processes in parts.items()}


def _cpu_of(process: psutil.Process) -> float:
    try:
        spent = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(spent.user + spent.system)


async def _kills(server: EmbeddedPostgres, kills: int, seed: int, report: Report) -> None:
    """kill -9 of the sequencer at random moments under load."""
    db = await Database.open(server.url, max_size=WRITERS + 2)
    written = await killed_at_random(db, server.url, server.folder, kills, seed)
    await settle(db, log_room(db, server.folder))
    report.add("kills", kills)
    await _complete(db, server.folder, written, "_after_kills", report)
    await db.close()


async def _complete(db: Database, folder: Path, written: int, when: str, report: Report) -> None:
    """None lost, none twice, no gaps; and everything derives again from the events."""
    async with db.connection() as conn:
        count, distinct, last = await conn.fetchrow(
            "select count(*), count(distinct (stream, version)), max(idx) from log_entry"
        ) or (0, 0, None)
    report.add(f"events{when}", written)
    report.add(f"lost{when}", written - distinct, "= 0")
    report.add(f"twice{when}", count - distinct, "= 0")
    report.add(f"gaps{when}", (last if last is not None else -1) + 1 - count, "= 0")
    tell("the full check")
    checked = await check_log(log_room(db, folder), MARKET)
    assert checked is not None, "there is a log"
    report.add(f"problems{when}", len(checked.problems), "= 0")
    report.add(f"check_us_per_event{when}", checked.seconds * 1e6 / max(checked.size, 1))


async def _intake(folder: Path, claims: int, report: Report) -> None:
    """Claims opened at half of what this machine can, the sequencer resting or running."""
    with ground_in(folder, workers=0) as ground:
        async with furnished(ground, Outside()):
            db = await Database.open(ground.database_url, max_size=INTAKES_AT_ONCE + 2)
            order_nos = numbers("R", claims)
            await sell(db, ground.vault, order_nos)
            desk = build_desk(db, load_settings({"MAKEGOOD_DATA": str(folder)}))
            warm, rest = order_nos[: claims // 4], order_nos[claims // 4 :]
            began = time.monotonic()
            await _open_claims(db, desk, warm, 0.0)
            pause = INTAKES_AT_ONCE * (time.monotonic() - began) / len(warm)
            with sequencing(ground.database_url, folder) as sequencer:

                async def load(_seconds: float) -> Latencies:
                    return await _open_claims(db, desk, rest, pause)

                resting, running = await paused_and_running(sequencer, load, 0.0)
            await db.close()
    report.add("intakes", len(rest))
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        paused, beside = milliseconds(resting, share), milliseconds(running, share)
        report.add(f"intake_paused_{name}_ms", paused)
        report.add(f"intake_running_{name}_ms", beside)
        report.add(f"intake_{name}_ratio", beside / paused, "<= 1.1")


async def _open_claims(
    db: Database, desk: Desk, order_nos: Sequence[str], pause_seconds: float
) -> Latencies:
    """Open a claim for each order; how long each took. The pause is as long as the work."""
    waiting = iter(order_nos)
    took: Latencies = []

    async def opener() -> None:
        for order_no in waiting:
            buyer = msgspec.structs.replace(act(), actor=Actor("buyer", f"b-{order_no}"))
            command = OpenClaim(
                order_no=order_no,
                reason="KEY01",
                description="兑换时提示卡密无效，今天上午第一次兑换就这样",
                wants="refund",
            )
            began = time.monotonic()
            async with db.connection() as conn:
                await open_claim(conn, buyer, desk, command)
            took.append((began, time.monotonic() - began))
            await asyncio.sleep(pause_seconds)

    await asyncio.gather(*(opener() for _ in range(INTAKES_AT_ONCE)))
    return took


async def _proofs(server: EmbeddedPostgres, entries: int, report: Report) -> None:
    db = await Database.open(server.url, max_size=2)
    await measure_proofs(db, server.folder / "copied-log", entries, 2000, report)
    await db.close()
