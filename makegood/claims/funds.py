"""A seller's money as a whole: what is free, held and why, owed, and what may be settled now."""

from datetime import datetime
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.base.time import rfc3339
from makegood.claims.listing_store import claimed_orders_of_seller
from makegood.claims.payouts import Hold, payout_of, payouts_of, record_payout
from makegood.ledger.funds.actions import standing_of
from makegood.ledger.funds.rules import Standing
from makegood.orders import escrow_store
from makegood.orders.store import load_orders
from makegood.people.markets.rules import MarketSettings, Seller
from makegood.people.markets.terms import required_deposit_minor
from makegood.store.database import Connection, Record

LOOKED_AT: Final = 50
"""How many of the newest orders tell what a seller sells."""
SHOWN: Final = 100
"""How many orders in escrow a page looks into."""
SETTLED_AT_ONCE: Final = 100
LOOKED_AT_ONCE: Final = 500
"""Orders that are held do not keep newer ones from being settled, as far as this reaches."""


class OrderHold(msgspec.Struct, frozen=True, kw_only=True):
    """One order's escrow: what may be settled now, and what is held and until when."""

    order_no: str
    placed_at: datetime
    escrow_minor: int
    allowed_minor: int
    held: list[Hold]


class SellerFunds(msgspec.Struct, frozen=True, kw_only=True):
    """What a seller's page shows, in minor units of the market's currency."""

    seller_id: str
    currency: str
    standing: Standing
    escrow_minor: int
    orders: list[OrderHold]
    """Orders in escrow, at most `SHOWN`: those under claims first, then the oldest."""
    more: bool

    @property
    def due_minor(self) -> int:
        """What of the shown orders may be settled now."""
        return sum(order.allowed_minor for order in self.orders)

    @property
    def claimed_minor(self) -> int:
        """What open claims hold of the shown orders."""
        held = (hold for order in self.orders for hold in order.held if hold.why == "claim")
        return sum(hold.amount.amount_minor for hold in held)


async def funds_of(
    conn: Connection, act: Act, settings: MarketSettings, seller: Seller
) -> SellerFunds:
    """A seller's money as the books stand now."""
    currency, seller_id = settings.currency, seller.seller_id
    required = await required_deposit(conn, act.market_id, settings, seller)
    rows = await _shown_orders(conn, act.market_id, seller_id, currency)
    payouts = await payouts_of(conn, act, [row["order_no"] for row in rows[:SHOWN]])
    orders = [
        OrderHold(
            order_no=row["order_no"],
            placed_at=row["placed_at"],
            escrow_minor=row["amount_minor"],
            allowed_minor=payouts[row["order_no"]].allowed_minor,
            held=payouts[row["order_no"]].held,
        )
        for row in rows[:SHOWN]
    ]
    return SellerFunds(
        seller_id=seller_id,
        currency=currency,
        standing=await standing_of(conn, act.market_id, seller_id, required, currency),
        escrow_minor=await escrow_store.escrow_minor(conn, act.market_id, seller_id, currency),
        orders=orders,
        more=len(rows) > SHOWN,
    )


async def _shown_orders(
    conn: Connection, market_id: str, seller_id: str, currency: str
) -> list[Record]:
    """Orders under claims first, however new they are, then the oldest; one more than is shown."""
    claimed = await claimed_orders_of_seller(conn, market_id, seller_id, SHOWN)
    first = await escrow_store.orders_in_escrow(
        conn, market_id, seller_id, currency, SHOWN, only=claimed
    )
    oldest = await escrow_store.orders_in_escrow(conn, market_id, seller_id, currency, SHOWN + 1)
    known = {row["order_no"] for row in first}
    return [*first, *(row for row in oldest if row["order_no"] not in known)]


async def required_deposit(
    conn: Connection, market_id: str, settings: MarketSettings, seller: Seller
) -> int:
    """The deposit asked of a seller, by what the newest orders sold and the tier."""
    terms = settings.money
    if not terms.deposits.asked and not seller.contract_id:
        return 0
    newest = await escrow_store.newest_of_seller(conn, market_id, seller.seller_id, LOOKED_AT)
    found = await load_orders(conn, market_id, newest)
    categories = {line.category for one in found.values() for line in one.order.lines}
    return required_deposit_minor(terms, categories, seller.tier, seller.contract_id)


async def settle_due(
    tx: Connection, act: Act, seller_id: str, currency: str, fee_bp: int = 0
) -> Money:
    """Move what is due of a seller's orders from escrow to the balance; answers how much.

    `fee_bp` is the market's commission in basis points of what is settled. An order that cannot
    be settled (a refund came between) is left for the next time.
    """
    moved, settled, looked, last = 0, 0, 0, None
    while settled < SETTLED_AT_ONCE and looked < LOOKED_AT_ONCE:
        rows = await escrow_store.orders_in_escrow(
            tx, act.market_id, seller_id, currency, SETTLED_AT_ONCE, after=last
        )
        for row in rows:
            paid = await _settle(tx, act, row["order_no"], currency, fee_bp)
            moved, settled = moved + paid, settled + bool(paid)
        looked += len(rows)
        if len(rows) < SETTLED_AT_ONCE:
            break
        last = rows[-1]
    return Money(moved, currency)


async def _settle(tx: Connection, act: Act, order_no: str, currency: str, fee_bp: int) -> int:
    """Settle what one order allows; nothing where it is held or a refund came between."""
    allowed = (await payout_of(tx, act, order_no)).allowed_minor
    if not allowed:
        return 0
    fee, key = allowed * fee_bp // 10_000, rfc3339(act.now)
    try:
        async with tx.transaction():
            await record_payout(tx, act, order_no, Money(allowed, currency), fee, key=key)
    except Refused:
        return 0
    return allowed
