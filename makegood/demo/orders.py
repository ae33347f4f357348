"""Invented orders: what the demo's shop system tells, and what its gateway and supplier know."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from makegood.base.money import Money
from makegood.demo.cast import PRODUCTS, QUERY_PASSWORD, Product, product, seller_name
from makegood.demo.stories import Story
from makegood.orders.order import (
    Buyer,
    Delivery,
    Line,
    Listing,
    Order,
    Payment,
    PolicyConfirmation,
    SellerRef,
    SupplierRef,
)

DAYS: Final = 60
CHANNELS: Final = ("epay2", "epay", "balance")
LATEST: Final = 60
LATEST_HOURS: Final = 16
"""So many claims are from the last hours: their turns and deadlines run when a visitor comes."""
LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """One order with what the claim on it, if any, will say."""

    order: Order
    story: Story | None = None


class Shop:
    """Makes orders from one seed; the same seed gives the same shop."""

    def __init__(self, chance: random.Random, now: datetime) -> None:
        self._chance = chance
        self._now = now
        self._number = 100

    def plain(self, count: int) -> Iterator[Sale]:
        """Orders about which nobody complains."""
        for _ in range(count):
            item = self._chance.choice(PRODUCTS)
            channel = self._chance.choice(CHANNELS)
            yield Sale(order=self.order(item, self._some_time(1), channel=channel))

    def told(self, story: Story, opened_at: datetime) -> Sale:
        """An order about which this story is told at that time."""
        item = product(self._chance.choice(story.skus))
        late = timedelta(minutes=45) if not story.delivered else timedelta(hours=20)
        if item.category == "membership":
            late = timedelta(days=90)
        paid_at = opened_at - late
        order = self.order(
            item,
            paid_at,
            state=story.state,
            delivered=story.delivered,
            revealed=story.revealed,
            duplicate=story.duplicate,
            channel=story.channel,
        )
        return Sale(order=order, story=story)

    def order(
        self,
        item: Product,
        paid_at: datetime,
        *,
        order_no: str = "",
        supplier_ref: str = "",
        state: str = "",
        delivered: bool = True,
        revealed: bool = False,
        duplicate: bool = False,
        channel: str = "epay2",
        buyer: str = "",
    ) -> Order:
        """One paid order of one unit."""
        self._number += 1
        number = order_no or f"YQ{paid_at:%y%m%d}{self._number:05d}"
        who = buyer or f"b-{self._number:05d}"
        delivered_at = paid_at + timedelta(seconds=8) if delivered else None
        ref = supplier_ref or "-".join(p for p in (item.sku, str(self._number), state) if p)
        return Order(
            order_no=number,
            placed_at=paid_at - timedelta(minutes=1),
            paid_at=paid_at,
            updated_at=min(self._now, paid_at + timedelta(minutes=1)),
            state="delivered" if delivered else "delivering",
            total=Money(item.price_minor),
            buyer=Buyer(id=who, contact=f"{who}@buyers.test", claim_code=QUERY_PASSWORD),
            seller=SellerRef(id=item.seller_id, name=seller_name(item.seller_id)),
            lines=(self._line(item, number, ref, paid_at, delivered_at, revealed=revealed),),
            payments=tuple(self._payments(number, item, paid_at, channel, duplicate=duplicate)),
        )

    def _line(
        self,
        item: Product,
        number: str,
        ref: str,
        paid_at: datetime,
        delivered_at: datetime | None,
        *,
        revealed: bool,
    ) -> Line:
        keyed = item.delivery == "key" and delivered_at is not None
        target = f"138{self._chance.randrange(10**8):08d}" if item.category == "top_up" else None
        return Line(
            line_no=1,
            sku=item.sku,
            title=item.title,
            category=item.category,
            quantity=1,
            unit_price_minor=item.price_minor,
            list_price_minor=item.list_minor,
            term_days=item.term_days,
            supplier=SupplierRef(id=item.supplier_id, order_ref=ref) if item.supplier_id else None,
            listing=Listing(text=item.listing, region="CN", claim_window_days=30),
            reveal="tracked" if item.tracked else "untracked",
            policy=PolicyConfirmation(id="default", version="1", confirmed_at=paid_at),
            delivery=Delivery(
                kind=item.delivery,  # type: ignore[arg-type]
                delivered_at=delivered_at,
                revealed_at=delivered_at if revealed else None,
                target=target,
                keys=(self._key(number),) if keyed else (),
            ),
        )

    def _payments(
        self, number: str, item: Product, paid_at: datetime, channel: str, *, duplicate: bool
    ) -> Iterator[Payment]:
        kind: Literal["balance", "online"] = "balance" if channel == "balance" else "online"
        for copy in range(2 if duplicate else 1):
            yield Payment(
                gateway=channel,
                trade_no=f"T{number[2:]}{copy}",
                amount_minor=item.price_minor,
                paid_at=paid_at,
                kind=kind,
            )

    def _key(self, number: str) -> str:
        parts = ("".join(self._chance.choices(LETTERS, k=4)) for _ in range(3))
        return f"{number[-5:]}-" + "-".join(parts)

    def _some_time(self, youngest_hours: float) -> datetime:
        hours = self._chance.uniform(youngest_hours, DAYS * 24)
        return self._now - timedelta(hours=hours)


def opening_times(now: datetime, count: int) -> list[datetime]:
    """When claims are opened: evenly over the sixty days, and closely in the last hours."""
    lately = min(count, LATEST)
    older = count - lately
    last_hours = timedelta(hours=LATEST_HOURS)
    first = now - timedelta(days=DAYS)
    step = (timedelta(days=DAYS) - last_hours) / max(older, 1)
    past = [first + step * (place + 1) for place in range(older)]
    return [*past, *(now - last_hours + last_hours / LATEST * place for place in range(lately))]
