"""Claims filed at a steady rate while the worker carries out all that follows, to the refund."""

import argparse
import asyncio
import math
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from benchmarks.common import Report, fresh_folder, load_average, percentile, tell
from benchmarks.http_load import Answer, exchange, request
from benchmarks.market import (
    Ground,
    complaint,
    furnished,
    ground_in,
    market_token,
    numbers,
    sell,
)
from benchmarks.outside import Outside
from makegood.store import jobs
from makegood.store.database import Database

CONNECTIONS = 16
DRAIN_SECONDS = 120.0
SETTLE_SECONDS = 11.0
"""Until web and worker have read the accounts and connections that were just made."""
TOLERANCE = 0.98
"""The rate that must be carried out, as a share of what was asked for: the last claims of a run
are still under way when it ends."""


def main(arguments: list[str]) -> int:
    """First the quiet rate, then the sustained one."""
    parser = argparse.ArgumentParser(prog="bench lane", description=__doc__)
    parser.add_argument("--rate", type=int, default=250, help="claims a second, sustained")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--quiet-rate", type=int, default=50, help="claims a second for the delay")
    parser.add_argument("--quiet-seconds", type=int, default=60)
    parser.add_argument("--workers", type=int, default=1, help="worker processes")
    parser.add_argument("--short", action="store_true", help="20 s sustained, 10 s quiet")
    chosen = parser.parse_args(arguments)
    if chosen.short:
        chosen.seconds, chosen.quiet_seconds = 20, 10
    report = Report("lane")
    report.add("load_before", load_average())
    with fresh_folder("lane") as folder:
        uvloop.run(_measure(folder, chosen, report))
    return report.finish()


async def _measure(folder: Path, chosen: argparse.Namespace, report: Report) -> None:
    outside = Outside()
    with ground_in(folder, workers=chosen.workers) as ground:
        async with furnished(ground, outside) as db:
            quiet = numbers("Q", chosen.quiet_rate * chosen.quiet_seconds)
            sustained = numbers("S", chosen.rate * chosen.seconds)
            await sell(db, ground.vault, [*quiet, *sustained])
            token = await market_token(db)
            await asyncio.sleep(SETTLE_SECONDS)
            run = Run(ground, outside, db, token)
            await run.at_rate(quiet, chosen.quiet_rate, "quiet")
            await run.drained()
            _report_quiet(report, run, quiet)
            run.backlogs.clear()
            cpu = time.process_time()
            began = time.monotonic()
            seconds = await run.at_rate(sustained, chosen.rate, "sustained")
            _report_sustained(report, run, sustained, began, seconds, chosen.rate)
            report.add("own_cpu_share", (time.process_time() - cpu) / seconds)
            drained = await run.drained()
            report.add("seconds_to_drain", drained, f"< {DRAIN_SECONDS:g}")
            report.add("claims_not_refunded", run.unpaid(), "= 0")
            report.add("refunds_asked_twice", run.twice(), "= 0")
            report.add("dead_jobs", await run.dead(), "= 0")


class Run:
    """Posts claims at a rate and watches what becomes of them."""

    def __init__(self, ground: Ground, outside: Outside, db: Database, token: str) -> None:
        self._ground = ground
        self._outside = outside
        self._db = db
        self._headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            "accept-language": "zh",
        }
        self.posted_at: dict[str, float] = {}
        self.answers: dict[str, Answer] = {}
        self.backlogs: list[jobs.Backlog] = []

    async def at_rate(self, order_nos: Sequence[str], rate: int, what: str) -> float:
        """Post one claim per order at an even pace; answers the seconds it took."""
        began = time.monotonic()
        watching = asyncio.create_task(self._watch(what))
        places = iter(enumerate(order_nos))
        await asyncio.gather(
            *(self._one_connection(places, began, rate) for _ in range(CONNECTIONS))
        )
        watching.cancel()
        return time.monotonic() - began

    async def drained(self) -> float:
        """Until no job is due; answers how many seconds that took."""
        began = time.monotonic()
        while time.monotonic() - began < DRAIN_SECONDS:
            if (await self._backlog()).due == 0:
                break
            await asyncio.sleep(0.2)
        return time.monotonic() - began

    def delays(self, order_nos: Sequence[str]) -> list[float]:
        """Seconds from the POST to the refund request; endless for one that never came."""
        asked = self._outside.asked_at
        return [asked.get(number, math.inf) - self.posted_at[number] for number in order_nos]

    def asked_between(self, began: float, ended: float) -> int:
        """How many claims reached the gateway in this time."""
        return sum(began <= at < ended for at in self._outside.asked_at.values())

    def unpaid(self) -> int:
        """Claims that were accepted and whose refund the gateway was never asked for."""
        accepted = [number for number, answer in self.answers.items() if answer.status == 201]
        return sum(number not in self._outside.asked_at for number in accepted)

    def twice(self) -> int:
        """Refund numbers that the gateway was asked for more than once."""
        return sum(times > 1 for times in self._outside.refunds.values())

    async def dead(self) -> int:
        """Jobs that failed too often."""
        return (await self._backlog()).dead

    async def _one_connection(
        self, places: Iterator[tuple[int, str]], began: float, rate: int
    ) -> None:
        parts = urlsplit(self._ground.product.address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for place, order_no in places:
            await asyncio.sleep(max(0.0, began + place / rate - time.monotonic()))
            body = complaint(order_no, place)
            data = request("POST", self._ground.claims_url, body, self._headers)
            self.posted_at[order_no] = time.monotonic()
            self.answers[order_no] = await exchange(reader, writer, data)
        writer.close()

    async def _watch(self, what: str) -> None:
        while True:
            await asyncio.sleep(1.0)
            self.backlogs.append(await self._backlog())
            paid, due = len(self._outside.asked_at), self.backlogs[-1].due
            tell(f"{what}: {len(self.posted_at)} posted, {paid} refunds asked for, {due} jobs due")

    async def _backlog(self) -> jobs.Backlog:
        async with self._db.connection() as conn:
            return await jobs.backlog(conn, datetime.now(UTC))


def _report_quiet(report: Report, run: Run, order_nos: Sequence[str]) -> None:
    delays = run.delays(order_nos)
    for share in (0.5, 0.99):
        target = "< 2" if share > 0.9 else ""
        name = f"quiet_post_to_refund_p{share * 100:.0f}_seconds"
        report.add(name, min(percentile(delays, share), 9999.0), target)


def _report_sustained(
    report: Report, run: Run, order_nos: Sequence[str], began: float, seconds: float, rate: int
) -> None:
    """The pace of what was carried out, and whether the queue grew while it went on."""
    answers = [run.answers[number] for number in order_nos]
    done = run.asked_between(began, began + seconds)
    report.add("seconds", seconds)
    report.add("posted_per_second", len(answers) / seconds)
    report.add("not_accepted", sum(answer.status != 201 for answer in answers), "= 0")
    report.add("post_p99_ms", 1000 * percentile([answer.seconds for answer in answers], 0.99))
    report.add("refunded_per_second", done / seconds, f">= {TOLERANCE * rate:g}")
    third = max(len(run.backlogs) // 3, 1)
    first, last = run.backlogs[:third], run.backlogs[-third:]
    report.add("jobs_due_first_third", sum(b.due for b in first) / third)
    growth = (sum(b.due for b in last) - sum(b.due for b in first)) / third
    report.add("jobs_due_growth", growth, f"< {rate}")
    report.add("oldest_due_seconds", max((b.oldest_due_seconds for b in run.backlogs), default=0))
