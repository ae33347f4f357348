"""The agent's queue with any filter and the claim's page, over 100,000 and a million claims."""

import argparse
import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
import uvloop

from benchmarks.bulk import MARKET, bulk_database
from benchmarks.common import Report, load_average, percentile, tell
from makegood.base.actor import Act, Actor
from makegood.bootstrap import desk_of
from makegood.claims import looking
from makegood.claims.desk import Desk
from makegood.claims.listing import QUEUES, ClaimFilter
from makegood.keyfile import open_vault
from makegood.settings import load_settings
from makegood.store.database import Connection, Database
from makegood.store.postgres import EmbeddedPostgres

TARGET_MS: Final = 50
MOST_RATIO: Final = 1.5
AT_ONCE: Final = 2
PAGES: Final = 3
"""How far a queue is leafed through, from page to page."""
SMALLEST_MS: Final = 5.0
"""A ratio of two figures below this says nothing."""

Look = Callable[[Connection], Awaitable[Sequence[float]]]
"""Something an agent does; answers the seconds that each page of it took."""


def main(arguments: list[str]) -> int:
    """Measure the same looks at every size, and how they grow."""
    parser = argparse.ArgumentParser(prog="bench queue", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--looks", type=int, default=4000, help="at each size")
    parser.add_argument("--short", action="store_true", help="20,000 claims, 400 looks")
    chosen = parser.parse_args(arguments)
    if chosen.short:
        chosen.sizes, chosen.looks = [20_000], 400
    report = Report("queue")
    report.add("load_before", load_average())
    p99: dict[int, dict[str, float]] = {}
    for size in chosen.sizes:
        with bulk_database(size) as server:
            p99[size] = uvloop.run(_measure(server, chosen.looks, size, report))
    _compare(report, p99)
    return report.finish()


def _compare(report: Report, p99: dict[int, dict[str, float]]) -> None:
    if len(p99) < 2:
        return
    small, large = p99[min(p99)], p99[max(p99)]
    for what in ("queue", "page"):
        ratio = max(large[what], SMALLEST_MS) / max(small[what], SMALLEST_MS)
        report.add(f"{what}_p99_ratio", ratio, f"< {MOST_RATIO}")


async def _measure(
    server: EmbeddedPostgres, looks: int, size: int, report: Report
) -> dict[str, float]:
    db = await Database.open(server.url, max_size=AT_ONCE + 1)
    environment = {"MAKEGOOD_DATA": str(server.folder)}
    vault = open_vault(load_settings(environment))
    desk = desk_of(db, vault)
    chance = random.Random(1)
    queues = Queues(await _known(db), chance)
    pages = await _claim_numbers(db, chance, looks)
    await _timed(db, [queues.look() for _ in range(looks // 10)], "")
    took = {
        "queue": await _timed(db, [queues.look() for _ in range(looks)], f"{size}: queues"),
        "page": await _timed(db, [_page(desk, number) for number in pages], f"{size}: pages"),
    }
    await db.close()
    figures = {}
    for what, seconds in took.items():
        report.add(f"{what}_{size}_p50_ms", 1000 * percentile(seconds, 0.5))
        figures[what] = 1000 * percentile(seconds, 0.99)
        report.add(f"{what}_{size}_p99_ms", figures[what], f"< {TARGET_MS}")
    return figures


class Known:
    """Values that filters of this data can have."""

    def __init__(
        self, owners: Sequence[str], reasons: Sequence[str], states: Sequence[str]
    ) -> None:
        self.owners, self.reasons, self.states = owners, reasons, states


class Queues:
    """Looks at queues: every queue, alone and with one or two filters, page after page."""

    def __init__(self, known: Known, chance: random.Random) -> None:
        self._known = known
        self._chance = chance

    def look(self) -> Look:
        """One agent's look: the first pages of a queue, and how many claims the others hold."""
        filter_, agent = self._filter(), self._chance.choice(self._known.owners)
        deep = self._chance.randrange(PAGES)

        async def leaf(conn: Connection) -> Sequence[float]:
            """Seconds of every page on the way, the counts of the tabs included in the first."""
            took, cursor = [], ""
            for number in range(deep + 1):
                began = time.perf_counter()
                if number == 0:
                    await looking.queue_counts(conn, act(agent))
                asked = msgspec.structs.replace(filter_, cursor=cursor)
                cursor = (await looking.list_claims(conn, act(agent), asked)).next_cursor
                took.append(time.perf_counter() - began)
                if not cursor:
                    break
            return took

        return leaf

    def _filter(self) -> ClaimFilter:
        known, chance = self._known, self._chance
        wanted = {"queue": chance.choice((*QUEUES, "everything"))}
        values: dict[str, Callable[[], str]] = {
            "seller_id": lambda: f"s-{chance.randrange(200)}",
            "owner_id": lambda: chance.choice(known.owners),
            "priority": lambda: chance.choice(("P0", "P1", "P2", "P3")),
            "lane": lambda: chance.choice(("fast", "careful")),
            "reason": lambda: chance.choice(known.reasons),
            "state": lambda: chance.choice(known.states),
        }
        for name in chance.sample(sorted(values), chance.randrange(3)):
            wanted[name] = values[name]()
        return msgspec.convert(wanted, ClaimFilter)


def act(agent: str) -> Act:
    """An agent looks now."""
    return Act(MARKET, Actor("agent", agent), datetime.now(UTC))


def _page(desk: Desk, claim_no: str) -> Look:
    async def look(conn: Connection) -> Sequence[float]:
        began = time.perf_counter()
        await looking.view_claim(conn, act("agent-1"), desk, claim_no)
        return [time.perf_counter() - began]

    return look


async def _timed(db: Database, looks: Sequence[Look], what: str) -> list[float]:
    """How long each look took, two agents looking at any time."""
    took: list[float] = []
    left = iter(looks)

    async def agent() -> None:
        async with db.connection() as conn:
            for look in left:
                took.extend(await look(conn))
                tell(f"{what}: {len(took)} pages")

    await asyncio.gather(*(agent() for _ in range(AT_ONCE)))
    tell("")
    return took


async def _known(db: Database) -> Known:
    async with db.connection() as conn:
        found = [
            [row["v"] for row in await conn.fetch(f"select distinct {column} as v from claim")]
            for column in ("owner_id", "reason", "state")
        ]
    return Known(*map(sorted, found))


async def _claim_numbers(db: Database, chance: random.Random, count: int) -> list[str]:
    """Numbers spread over all claims, half of them open."""
    async with db.connection() as conn:
        rows = await conn.fetch(
            """
            select claim_no, is_open from claim tablesample bernoulli (2) repeatable (7)
            where exists (select from event where market_id = $1 and stream = claim_no)
            """,
            MARKET,
        )
    open_ones = [row["claim_no"] for row in rows if row["is_open"]]
    ended = [row["claim_no"] for row in rows if not row["is_open"]]
    half = count // 2
    return chance.choices(open_ones, k=half) + chance.choices(ended, k=count - half)
