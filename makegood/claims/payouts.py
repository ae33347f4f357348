"""Whether an order may be paid out to its seller: what open claims and the hold still keep."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from makegood.base.actor import Act
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.claims import store
from makegood.claims.holding import keeps_money
from makegood.claims.rows import OpenOnOrder
from makegood.ledger.accounts import escrow
from makegood.ledger.actions import balances, settle_order
from makegood.ledger.amounts import check_money
from makegood.orders import rules as order_rules
from makegood.orders.escrow_store import first_order_at
from makegood.orders.order import Order
from makegood.orders.store import load_orders
from makegood.orders.windows import hold_ends_at
from makegood.people.markets.rules import Seller
from makegood.people.markets.store import load_market, load_seller
from makegood.people.markets.terms import MoneyTerms, hold_hours
from makegood.store.database import Connection


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the order that is not paid out yet; `claim_no` is empty where nobody complains.

    A complaint about our own conduct keeps nothing from the seller.

    `inspection` is the time in which buyers look at their goods; `escrow` the longer one of a
    seller who described goods falsely.
    """

    claim_no: str
    why: Literal["claim", "inspection", "escrow"]
    amount: Money
    until: datetime | None


class HoldRule(msgspec.Struct, frozen=True, kw_only=True):
    """How one seller's money is held: the market's terms, the seller's tier and history."""

    terms: MoneyTerms = MoneyTerms()
    tier: str = "B"
    new_seller: bool = False
    escrow_mode: bool = False
    contract_id: str = ""

    def hours(self, category: str) -> int:
        """Hours from delivery for goods of a category."""
        return hold_hours(
            self.terms,
            category,
            self.tier,
            new_seller=self.new_seller,
            contract_id=self.contract_id,
        )


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """What may be paid out now, in minor units, and what is held."""

    order_no: str
    seller_id: str
    currency: str
    allowed_minor: int
    held: list[Hold]


async def payout_of(conn: Connection, act: Act, order_no: str) -> Payout:
    """What an order's escrow holds, less open claims and goods still under inspection.

    Raises:
        Refused: `not_found` for an unknown order.
    """
    found = await payouts_of(conn, act, [order_no])
    if order_no not in found:
        raise Refused("not_found")
    return found[order_no]


async def payouts_of(conn: Connection, act: Act, order_nos: Sequence[str]) -> dict[str, Payout]:
    """The same for several orders, with as many queries as for one of the same seller.

    An order we have not heard of is left out.
    """
    versions = await load_orders(conn, act.market_id, order_nos)
    orders = {order_no: one.order for order_no, one in versions.items()}
    bound = await store.open_claims_of_orders(conn, act.market_id, list(orders))
    available = await _available(conn, act.market_id, orders)
    rules = {
        seller_id: await hold_rule(conn, act, seller_id)
        for seller_id in {order.seller.id for order in orders.values()}
    }
    return {
        order_no: _payout(
            order_no, order, bound[order_no], available[order_no], rules[order.seller.id], act.now
        )
        for order_no, order in orders.items()
    }


async def _available(
    conn: Connection, market_id: str, orders: Mapping[str, Order]
) -> dict[str, int]:
    """What each order's escrow holds, in minor units of the order's currency."""
    found: dict[str, int] = {}
    for currency in {order.total.currency for order in orders.values()}:
        same = [number for number, order in orders.items() if order.total.currency == currency]
        books = await balances(conn, market_id, [escrow(number) for number in same], currency)
        found |= {number: books[escrow(number)].available_minor for number in same}
    return found


def _payout(
    order_no: str,
    order: Order,
    bound: Sequence[OpenOnOrder],
    available_minor: int,
    rule: HoldRule,
    now: datetime,
) -> Payout:
    currency = order.total.currency
    claimed = {(one.line_no, one.unit_no) for one in bound}
    held = [
        Hold(
            claim_no=one.claim_no,
            why="claim",
            amount=Money(one.amount_minor, currency),
            until=one.until,
        )
        for one in {one.claim_no: one for one in bound}.values()
        if keeps_money(one.line_no, one.amount_minor)
    ]
    held = within([*held, *_inspected(order, claimed, now, rule)], available_minor)
    return Payout(
        order_no=order_no,
        seller_id=order.seller.id,
        currency=currency,
        allowed_minor=max(0, available_minor - sum(hold.amount.amount_minor for hold in held)),
        held=held,
    )


async def record_payout(
    tx: Connection, act: Act, order_no: str, amount: Money, fee_minor: int, key: str = ""
) -> Payout:
    """Move a payout from escrow to the seller's balance; answers what is left.

    The same amount and fee of an order told again under the same key is the payout that was
    recorded before.

    Raises:
        Refused: `not_found`, `insufficient_funds` for more than allowed, and as `check_money`.
    """
    before = await payout_of(tx, act, order_no)
    check_money(amount, before.currency)
    if not 0 <= fee_minor <= amount.amount_minor:
        raise Refused("amount_not_positive")
    if amount.amount_minor > before.allowed_minor:
        raise Refused("insufficient_funds", limit=before.allowed_minor)
    await settle_order(tx, act, order_no, before.seller_id, amount, fee_minor, key)
    return await payout_of(tx, act, order_no)


async def hold_rule(conn: Connection, act: Act, seller_id: str) -> HoldRule:
    """How this seller's money is held now."""
    market = await load_market(conn, act.market_id)
    seller = await load_seller(conn, act.market_id, seller_id) or Seller(
        seller_id=seller_id, name=seller_id
    )
    terms = market.settings.money if market else MoneyTerms()
    first = await first_order_at(conn, act.market_id, seller_id)
    newness = timedelta(days=terms.holds.new_seller_days)
    return HoldRule(
        terms=terms,
        tier=seller.tier,
        new_seller=first is None or act.now - first < newness,
        escrow_mode=seller.escrow_since is not None,
        contract_id=seller.contract_id,
    )


def within(held: list[Hold], escrow_minor: int) -> list[Hold]:
    """The holds as far as escrow reaches, claims first: what went back already is not held."""
    kept = []
    for hold in held:
        minor = min(hold.amount.amount_minor, escrow_minor)
        escrow_minor -= minor
        if minor > 0:
            amount = Money(minor, hold.amount.currency)
            kept.append(msgspec.structs.replace(hold, amount=amount))
    return kept


def _inspected(
    order: Order, claimed: set[tuple[int, int]], now: datetime, rule: HoldRule
) -> list[Hold]:
    """Units nobody complains about whose money is not free yet."""
    held = []
    for unit, value in order_rules.unit_values(order).items():
        if (unit.line_no, unit.unit_no) in claimed or unit.line_no == 0 or value == 0:
            continue
        line = order_rules.line_of(order, unit.line_no)
        until = hold_ends_at(
            order,
            line,
            order_rules.unit_of(line, unit.unit_no),
            hours=rule.hours(line.category),
            escrow_mode=rule.escrow_mode,
        )
        if now < until:
            why: Literal["inspection", "escrow"] = "escrow" if rule.escrow_mode else "inspection"
            amount = Money(value, order.total.currency)
            held.append(Hold(claim_no="", why=why, amount=amount, until=until))
    return held
