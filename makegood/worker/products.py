"""Errand: counts what is published of products, market by market."""

from makegood.base.actor import SYSTEM, Act
from makegood.base.time import Clock
from makegood.orders.products.actions import count_products
from makegood.people.markets.store import list_markets
from makegood.store.database import Database


async def count_everywhere(db: Database, clock: Clock) -> None:
    """Every market in a transaction of its own."""
    async with db.connection() as conn:
        markets = await list_markets(conn)
    for market in markets:
        async with db.transaction() as tx:
            await count_products(tx, Act(market.market_id, SYSTEM, clock.now()))
