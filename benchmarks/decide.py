"""What one decision in a claim costs, with its trace: the rules asked with nothing remembered."""

import argparse
import asyncio
import random
import time
from pathlib import Path

from benchmarks.closed_claims import any_case
from benchmarks.common import Report, load_average, percentile, tell
from makegood.bootstrap import build_desk
from makegood.claims.redecide import redecide_market
from makegood.policy.backtest.case import fact_of
from makegood.policy.backtest.vector import NO_TIME
from makegood.policy.model import Pack
from makegood.policy.pack import load_pack
from makegood.policy.rules import judge
from makegood.settings import load_settings
from makegood.sources import SystemClock
from makegood.store.database import Database
from makegood.store.postgres import running_url

MARKET = "main"


def main(arguments: list[str]) -> int:
    """Latency of a judgement with its explanation; with `--data`, a market decided again."""
    parser = argparse.ArgumentParser(prog="bench decide", description=__doc__)
    parser.add_argument("--decisions", type=int, default=3000)
    parser.add_argument("--data", type=Path, help="decide every claim of a served folder again")
    chosen = parser.parse_args(arguments)
    report, pack = Report("decide"), load_pack()
    report.add("load average", load_average())
    _latency(report, pack, chosen.decisions)
    if chosen.data:
        asyncio.run(_again(report, chosen.data))
    return report.finish()


def _latency(report: Report, pack: Pack, count: int) -> None:
    """Facts that were never seen before, so that the engine is asked each time."""
    chance = random.Random(9)
    spent, waited = [], []
    for number in range(count):
        case = any_case(pack, chance, number)
        facts = {said.name: fact_of(said, NO_TIME) for said in case.said}
        cpu, clock = time.process_time(), time.perf_counter()
        raw = judge(pack, case.reason, facts, case.wants, case.context).encode()
        spent.append(1000 * (time.process_time() - cpu))
        waited.append(1000 * (time.perf_counter() - clock))
        assert raw, "a decision has its bytes"
        if number % 500 == 0:
            tell(f"decisions: {number:,}")
    tell("")
    report.add("decisions", count)
    report.add("p50 with trace (ms)", percentile(waited, 0.5))
    report.add("p99 with trace (ms)", percentile(waited, 0.99), "< 5")
    report.add("p99 of CPU (ms)", percentile(spent, 0.99))


async def _again(report: Report, folder: Path) -> None:
    """Every decision of the market put to its rules again: none may change."""
    url = running_url(folder)
    assert url is not None, "the folder is served"
    db = await Database.open(url, max_size=4)
    settings = load_settings({"MAKEGOOD_DATA": str(folder)})
    desk, now = build_desk(db, settings), SystemClock().now()
    count = changed = 0
    async with db.connection() as conn:
        async for one in redecide_market(conn, desk, MARKET, now):
            count, changed = count + 1, changed + bool(one.differences)
    await db.close()
    report.add("decided again", count)
    report.add("changed", changed, "= 0")
