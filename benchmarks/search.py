"""Searches of one, two and three Chinese characters, found or not, over a million claims."""

import argparse
import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import uvloop

from benchmarks.bulk import MARKET, bulk_database
from benchmarks.common import Report, load_average, percentile, tell
from makegood.base.actor import Act, Actor
from makegood.claims import looking
from makegood.claims.listing import MOST, ClaimFilter
from makegood.store.database import Connection, Database
from makegood.store.postgres import EmbeddedPostgres

TARGET_MS: Final = 100
TEXTS_READ: Final = 4000
CHECKED: Final = 40
"""So many queries are compared with a scan of all rows."""
CHECKED_ROWS: Final = 1000
"""A query with more matches is compared as far as its newest ones."""


def main(arguments: list[str]) -> int:
    """Time every kind of query, then compare what was found with a full scan."""
    parser = argparse.ArgumentParser(prog="bench search", description=__doc__)
    parser.add_argument("--claims", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=300, help="of every length, hit and miss")
    parser.add_argument("--short", action="store_true", help="20,000 claims, 40 queries")
    chosen = parser.parse_args(arguments)
    if chosen.short:
        chosen.claims, chosen.queries = 20_000, 40
    report = Report("search")
    report.add("load_before", load_average())
    with bulk_database(chosen.claims) as server:
        uvloop.run(_measure(server, chosen.queries, report))
    return report.finish()


async def _measure(server: EmbeddedPostgres, count: int, report: Report) -> None:
    db = await Database.open(server.url, max_size=1)
    async with db.connection() as conn:
        words = Words(await _texts(conn), random.Random(1))
        kinds = {
            f"{length}_{kind}": [words.word(length, hit=kind == "hit") for _ in range(count)]
            for length in (1, 2, 3)
            for kind in ("hit", "miss")
        }
        for queries in kinds.values():
            await _timed(conn, queries[:10], "warming")
        for kind, queries in kinds.items():
            took = await _timed(conn, queries, kind)
            report.add(f"{kind}_p50_ms", 1000 * percentile(took, 0.5))
            report.add(f"{kind}_p99_ms", 1000 * percentile(took, 0.99), f"< {TARGET_MS}")
        missed = await _compare(conn, kinds)
        report.add("queries_compared", CHECKED // len(kinds) * len(kinds))
        report.add("rows_not_found", missed, "= 0")
    await db.close()


class Words:
    """Queries made of the texts themselves: common and rare ones, and such that nobody wrote."""

    def __init__(self, texts: Sequence[str], chance: random.Random) -> None:
        self._chance = chance
        self._texts = texts
        self._words = [word for text in texts for word in text.split()]
        letters = Counter(letter for text in texts for letter in text if letter > "一")
        self._letters = sorted(letters)
        self._all = " ".join(texts)

    def word(self, length: int, *, hit: bool) -> str:
        """A piece of a text, or letters of the texts in an order that no text has."""
        return self._piece(length) if hit else self._absent(length)

    def _piece(self, length: int) -> str:
        while True:
            word = self._chance.choice(self._words)
            if len(word) >= length and word[0] > "一":
                start = self._chance.randrange(len(word) - length + 1)
                return word[start : start + length]

    def _absent(self, length: int) -> str:
        """A word nobody wrote, of letters that are known; of half of three, both pairs may be."""
        if length == 1:
            return chr(0x4E00 + 6000 + self._chance.randrange(3000))
        while True:
            start = self._piece(length - 1)
            word = start + self._chance.choice(self._letters)
            if length == 3 and self._chance.random() < 0.5:
                word = start + self._piece(2)[1]
            if word not in self._all:
                return word


async def _timed(conn: Connection, queries: Sequence[str], what: str) -> list[float]:
    took = []
    for query in queries:
        began = time.perf_counter()
        await looking.list_claims(conn, _act(), ClaimFilter(queue="everything", q=query))
        took.append(time.perf_counter() - began)
        tell(f"{what}: {len(took)} of {len(queries)}")
    tell("")
    return took


async def _compare(conn: Connection, kinds: dict[str, list[str]]) -> int:
    """How many rows of full scans the search did not find, or found without reason."""
    wrong = 0
    for kind, queries in kinds.items():
        for query in queries[: CHECKED // len(kinds)]:
            tell(f"comparing with a full scan: {kind}")
            wrong += len(await _found(conn, query) ^ await _scanned(conn, query))
    tell("")
    return wrong


async def _found(conn: Connection, query: str) -> set[str]:
    found: list[str] = []
    filter_ = ClaimFilter(queue="everything", q=query, limit=MOST)
    while len(found) < CHECKED_ROWS:
        page = await looking.list_claims(conn, _act(), filter_)
        found += [row.claim_no for row in page.items]
        if not page.next_cursor:
            break
        filter_ = ClaimFilter(queue="everything", q=query, limit=MOST, cursor=page.next_cursor)
    return set(found[:CHECKED_ROWS])


async def _scanned(conn: Connection, query: str) -> set[str]:
    """The same by reading every row, without any index."""
    async with conn.transaction():
        await conn.execute("set local enable_indexscan = off")
        await conn.execute("set local enable_bitmapscan = off")
        rows = await conn.fetch(
            """
            select claim_no from claim where market_id = $1 and position($2 in search_text) > 0
            order by opened_at desc, claim_no desc limit $3
            """,
            MARKET,
            query,
            CHECKED_ROWS,
        )
    return {row["claim_no"] for row in rows}


async def _texts(conn: Connection) -> list[str]:
    rows = await conn.fetch(
        "select search_text from claim tablesample bernoulli (2) repeatable (3) limit $1",
        TEXTS_READ,
    )
    return [row["search_text"] for row in rows]


def _act() -> Act:
    return Act(MARKET, Actor("agent", "agent-1"), datetime.now(UTC))
