"""Timetable: what our book lacked of a bill is looked for again, for orders that came late."""

from makegood.base.actor import SYSTEM, Act
from makegood.base.time import Clock
from makegood.ledger.bills.actions import recheck
from makegood.ledger.bills.difference_store import waiting_channels
from makegood.store.database import Database


async def recheck_bills(db: Database, clock: Clock) -> int:
    """Look again in every channel that waits; answers how many lines were explained."""
    async with db.connection() as conn:
        waiting = await waiting_channels(conn)
    explained = 0
    for market_id, channel in waiting:
        async with db.transaction() as tx:
            explained += await recheck(tx, Act(market_id, SYSTEM, clock.now()), channel)
    return explained
