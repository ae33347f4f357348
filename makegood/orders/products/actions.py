"""Counting what is published of products, from their orders."""

from makegood.base.actor import Act
from makegood.orders.products import store
from makegood.orders.products.rules import period
from makegood.store.database import Connection


async def count_products(tx: Connection, act: Act) -> int:
    """Compute the figures of every product up to an hour ago; answers how many there are."""
    since, until = period(act.now)
    return await store.count_products(tx, act.market_id, since, until, act.now)
