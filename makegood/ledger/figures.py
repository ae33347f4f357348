"""A month of a buyer's or a seller's money, read from the book itself."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from makegood.ledger import accounts, figures_store
from makegood.ledger import store as book_store
from makegood.ledger.rules import settled_minor
from makegood.store.database import Connection


class BuyerMonth(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer's orders cost in a span of time, in minor units of one currency.

    `paid_minor` holds every leg; of it `coupons_minor` were coupons of the shop. What went back
    is counted when it arrived. `compensation_minor` are coupons that were given for claims.
    """

    orders: int
    paid_minor: int
    coupons_minor: int
    refunded_minor: int
    compensation_minor: int

    @property
    def spent_minor(self) -> int:
        """What was paid and did not come back."""
        return self.paid_minor - self.refunded_minor


class SellerMonth(msgspec.Struct, frozen=True, kw_only=True):
    """A seller's accounts now, and what moved on them in a span of time, in minor units."""

    balance_minor: int
    deposit_minor: int
    owed_minor: int
    earned_minor: int
    refunded_minor: int
    recovered_minor: int
    paid_out_minor: int


async def buyer_month(
    conn: Connection,
    market_id: str,
    order_nos: Sequence[str],
    claim_nos: Sequence[str],
    since: datetime,
    until: datetime,
    currency: str = "CNY",
) -> BuyerMonth:
    """What these orders of one buyer cost between two times, and what their claims brought."""
    row = await figures_store.buyer_month(
        conn, market_id, order_nos, claim_nos, since, until, currency
    )
    return msgspec.convert(dict(row), BuyerMonth)


async def seller_month(
    conn: Connection,
    market_id: str,
    seller_id: str,
    since: datetime,
    until: datetime,
    currency: str = "CNY",
) -> SellerMonth:
    """A seller's balance, deposit and debts now, and what moved between two times."""
    codes = [accounts.seller_balance(seller_id), accounts.seller_deposit(seller_id)]
    used = accounts.quota_used("seller", seller_id, "")
    found = await book_store.read_accounts(conn, market_id, [*codes, used], currency)
    moved = await figures_store.seller_moves(conn, market_id, codes, since, until, currency)
    came = {row["recipe"]: row["came_minor"] for row in moved}
    went = {row["recipe"]: row["went_minor"] for row in moved}
    return SellerMonth(
        balance_minor=settled_minor(codes[0], found[codes[0]]),
        deposit_minor=settled_minor(codes[1], found[codes[1]]),
        owed_minor=settled_minor(used, found[used]),
        earned_minor=came.get("settlement", 0),
        refunded_minor=went.get("refund", 0),
        recovered_minor=went.get("recovery", 0),
        paid_out_minor=went.get("payout", 0),
    )
