"""A hundred thousand deadlines wait; five thousand pass within seconds: each acted on once."""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.common import Report, fresh_folder, load_average, percentile, tell
from benchmarks.market import DESCRIPTIONS, MARKET, Ground, furnished, ground_in, numbers, sell
from benchmarks.outside import Outside
from makegood.base.actor import Act, Actor
from makegood.bootstrap import desk_of
from makegood.claims.events import Deadline
from makegood.claims.intake import open_claim
from makegood.claims.opening import OpenClaim
from makegood.claims.saving import CHECK_JOB, TIMER_JOB, Timer
from makegood.store.database import Database
from makegood.store.jobs import Job, enqueue

WINDOW: Final = timedelta(seconds=20)
TARGET_SECONDS: Final = 2.0
OPENED_AT_ONCE: Final = 4
OPENING_PER_SECOND: Final = 100
"""A slow guess, so that all claims are there before the first deadline passes."""
ALARM_SECONDS: Final = 45.0
"""The sweep looks twice a minute for deadlines that nobody acted on."""
ALARM: Final = "deadlines passed without their timer"


def main(arguments: list[str]) -> int:
    """Open the claims, let their deadlines pass, and read what was done when."""
    parser = argparse.ArgumentParser(prog="bench deadlines", description=__doc__)
    parser.add_argument("--pending", type=int, default=100_000)
    parser.add_argument("--due", type=int, default=5_000, help="of them, within 20 s")
    parser.add_argument("--moved", type=int, default=200, help="jobs of deadlines that moved")
    parser.add_argument("--lost", type=int, default=10, help="deadlines whose job was lost")
    parser.add_argument("--short", action="store_true", help="a tenth, within 2 s")
    chosen = parser.parse_args(arguments)
    window = WINDOW
    if chosen.short:
        chosen.pending, chosen.due, window = chosen.pending // 10, chosen.due // 10, WINDOW / 10
    report = Report("deadlines")
    report.add("load_before", load_average())
    with fresh_folder("deadlines") as folder, ground_in(folder, workers=0) as ground:
        uvloop.run(_measure(folder, ground, chosen, window, report))
    return report.finish()


async def _measure(
    folder: Path, ground: Ground, chosen: argparse.Namespace, window: timedelta, report: Report
) -> None:
    async with furnished(ground, Outside()) as db:
        stage = Stage(ground, db)
        dues, moved = numbers("D", chosen.due), numbers("M", chosen.moved)
        lost = numbers("L", chosen.lost)
        await sell(db, ground.vault, [*dues, *moved, *lost, "PROBE"])
        length = await stage.first_length("PROBE")
        count = len(dues) + len(moved) + len(lost)
        begins_at = _now() + timedelta(seconds=5 + count / OPENING_PER_SECOND)
        step = window / len(dues)
        await stage.open_all({no: begins_at + step * n - length for n, no in enumerate(dues)})
        await stage.open_all(dict.fromkeys(moved, _now()))
        await stage.open_all(dict.fromkeys(lost, _now() - length - timedelta(minutes=5)))
        await stage.settle(moved, lost, chosen.pending - chosen.due, begins_at)
        with working(folder) as log:
            await _wait(db, begins_at + window + timedelta(seconds=20))
            report.add("alarm_raised", await _alarmed(log), "= 1")
        await _report(report, stage, dues, moved, lost)


class Stage:
    """Real claims, opened at such times that their first deadline passes when we want it."""

    def __init__(self, ground: Ground, db: Database) -> None:
        self.db = db
        self._desk = desk_of(db, ground.vault)
        self.claims: dict[str, str] = {}
        """Order number to claim number."""

    async def first_length(self, order_no: str) -> timedelta:
        """How long after its opening the first deadline of such a claim passes."""
        at = _now()
        return min(deadline.at for deadline in await self._open(order_no, at)) - at

    async def open_all(self, opened_at: dict[str, datetime]) -> None:
        """Open a claim of each order at its time."""
        left = iter(opened_at.items())

        async def one() -> None:
            for order_no, at in left:
                await self._open(order_no, at)
                if len(self.claims) % 100 == 0:
                    tell(f"opening claims: {len(self.claims)}")

        await asyncio.gather(*(one() for _ in range(OPENED_AT_ONCE)))
        tell("")

    async def settle(
        self, moved: Sequence[str], lost: Sequence[str], pending: int, begins_at: datetime
    ) -> None:
        """Nobody checks these claims; some timers are stale, some lost, many wait for later."""
        async with self.db.transaction() as tx:
            await tx.execute("delete from job where kind = $1", CHECK_JOB)
            gone = [self.claims[order_no] for order_no in lost]
            await tx.execute("delete from job where subject = any ($1)", gone)
            await enqueue(tx, [self._stale(order_no, begins_at) for order_no in moved])
            await tx.execute(_PENDING, MARKET, TIMER_JOB, begins_at + timedelta(hours=1), pending)
        async with self.db.connection() as conn:
            await conn.execute("analyze")

    def _stale(self, order_no: str, at: datetime) -> Job:
        number = self.claims[order_no]
        return Job(
            kind=TIMER_JOB, market_id=MARKET, payload=Timer(number), run_at=at, subject=number
        )

    async def _open(self, order_no: str, at: datetime) -> tuple[Deadline, ...]:
        command = OpenClaim(
            order_no=order_no, reason="KEY01", description=DESCRIPTIONS[0], wants="refund"
        )
        act = Act(MARKET, Actor("market", "bench"), at)
        async with self.db.connection() as conn:
            opened = await open_claim(conn, act, self._desk, command)
        self.claims[order_no] = opened.claim_no
        return opened.deadlines


@contextmanager
def working(folder: Path) -> Iterator[Path]:
    """One worker process over the folder's database; its log."""
    log = folder / "worker.log"
    with log.open("w") as file:
        command = [sys.executable, "-m", "makegood", "work", "--data", str(folder)]
        environment = {**os.environ, "MAKEGOOD_LOG_FORMAT": "json"}
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment)
        try:
            yield log
        finally:
            process.terminate()
            process.wait(30)


async def _wait(db: Database, until: datetime) -> None:
    """Until that time, or until no job is due after it."""
    while (left := (until - _now()).total_seconds()) > 0:
        tell(f"deadlines pass: {left:3.0f} s left")
        await asyncio.sleep(1.0)
    async with db.connection() as conn:
        for _ in range(60):
            if not await conn.fetchval("select exists (select from job where run_at < now())"):
                break
            await asyncio.sleep(1.0)
    tell("")


async def _alarmed(log: Path) -> bool:
    """Whether the worker's log tells of deadlines that no timer acted on."""
    began = time.monotonic()
    while time.monotonic() - began < ALARM_SECONDS:
        if ALARM in await asyncio.to_thread(log.read_text):
            return True
        await asyncio.sleep(1.0)
    return False


async def _report(
    report: Report, stage: Stage, dues: Sequence[str], moved: Sequence[str], lost: Sequence[str]
) -> None:
    claims = stage.claims
    async with stage.db.connection() as conn:
        rows = await conn.fetch(_ACTED, MARKET, [claims[order_no] for order_no in dues])
        late = [(row["acted_at"] - row["due_at"]).total_seconds() for row in rows]
        stale = [claims[order_no] for order_no in moved]
        touched = await conn.fetchval(_TOUCHED, MARKET, stale)
        found = await conn.fetchval(_TOUCHED, MARKET, [claims[order_no] for order_no in lost])
        dead = await conn.fetchval("select count(*) from dead_job")
    report.add("deadlines_due", len(dues))
    report.add("acted_p50_seconds_late", percentile(late, 0.5))
    report.add("acted_p99_seconds_late", percentile(late, 0.99))
    report.add("acted_latest_seconds_late", max(late, default=0.0), f"< {TARGET_SECONDS:g}")
    report.add("acted_too_early", sum(seconds < 0 for seconds in late), "= 0")
    report.add("never_acted_on", len(dues) - len(rows), "= 0")
    report.add("acted_on_twice", sum(row["times"] > 1 for row in rows), "= 0")
    report.add("moved_ones_acted_on", touched, "= 0")
    report.add("lost_ones_found_by_the_sweep", found, f"= {len(lost)}")
    report.add("dead_jobs", dead, "= 0")


def _now() -> datetime:
    return datetime.now(UTC)


_PENDING: Final = """
    insert into job (market_id, kind, subject, payload, run_at)
    select $1, $2, 'waits-' || n, jsonb_build_object('claim_no', 'waits-' || n),
           $3::timestamptz + n * interval '1 second'
    from generate_series(1, $4::integer) as n
"""
_ACTED: Final = """
    select e.stream, min(e.at) as acted_at, min(d.at) as due_at,
           count(*) filter (where e.name in ('escalated', 'review_started')) as times
    from event as e
    cross join lateral (
        select min((deadline ->> 'at')::timestamptz) as at
        from event as o,
             jsonb_array_elements(convert_from(o.body, 'UTF8')::jsonb -> 'deadlines') as deadline
        where o.market_id = e.market_id and o.stream = e.stream and o.version = 1) as d
    where e.market_id = $1 and e.stream = any ($2) and e.at >= d.at
    group by e.stream
"""
_TOUCHED: Final = """
    select count(distinct stream) from event
    where market_id = $1 and stream = any ($2) and name in ('escalated', 'review_started')
"""
