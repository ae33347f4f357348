"""Precedents in the background: rows of claims that ended, and the figures of the night."""

from typing import Final

import structlog

from makegood.base.time import Clock
from makegood.claims.desk import Desk
from makegood.claims.precedents import store
from makegood.claims.precedents.actions import catch_up, compute_night
from makegood.people.markets.store import list_markets
from makegood.store.database import Database

NIGHT_HOUR: Final = 19
"""In UTC: three in the morning in Shanghai."""

log = structlog.get_logger("makegood.worker")


async def note_ended(db: Database, desk: Desk) -> int:
    """Write the rows of all markets that are due; answers how many claims."""
    count = 0
    for market_id in await _markets(db):
        count += await catch_up(db, desk, market_id)
    return count


async def nightly(db: Database, desk: Desk, clock: Clock) -> int:
    """Once a day and market: look for missing rows, and compute how alike like claims ended.

    Runs every hour and does nothing before the night or when the day has its figures; a market
    that has none at all gets its first at once.
    """
    now, count = clock.now(), 0
    for market_id in await _markets(db):
        async with db.connection() as conn:
            newest = await store.nights(conn, market_id, 1)
        done = bool(newest) and (newest[0].day >= now.date() or now.hour < NIGHT_HOUR)
        if done:
            continue
        await catch_up(db, desk, market_id, everything=True)
        night = await compute_night(db, market_id, now)
        log.info("like claims compared", pairs=night.facts.pairs, agreeing=night.facts.agreeing)
        count += 1
    return count


async def _markets(db: Database) -> list[str]:
    async with db.connection() as conn:
        return [market.market_id for market in await list_markets(conn)]
