"""A few of the newest orders, for an operator to compare with the shop's own pages."""

from datetime import datetime

import msgspec

from makegood.orders.order import Order
from makegood.orders.store import count_orders, load_order, newest_order_nos
from makegood.store.database import Connection

SHOWN = 3


class SampleOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order as the setup page shows it: the end of its number, goods, price, delivery."""

    number_end: str
    title: str
    paid_minor: int
    currency: str
    delivered_at: datetime | None
    has_keys: bool


async def newest_orders(conn: Connection, market_id: str) -> tuple[list[SampleOrder], int]:
    """The newest orders, and how many there are (counted up to 100,000)."""
    numbers = await newest_order_nos(conn, market_id, SHOWN)
    found = [await load_order(conn, market_id, number) for number in numbers]
    count = await count_orders(conn, market_id)
    return [_sample(one.order) for one in found if one is not None], count


def _sample(order: Order) -> SampleOrder:
    line = order.lines[0]
    return SampleOrder(
        number_end=order.order_no[-4:],
        title=line.title,
        paid_minor=order.total.amount_minor,
        currency=order.total.currency,
        delivered_at=line.delivery.delivered_at,
        has_keys=line.delivery.kind == "key",
    )
