"""Whether an order may be paid out to its seller: what open claims and inspection still hold."""

from datetime import datetime
from typing import Literal

import msgspec

from makegood.base.actor import Act
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.claims import store
from makegood.ledger.actions import balances, settle_order
from makegood.ledger.recipes import escrow
from makegood.orders import rules as order_rules
from makegood.orders.order import Order
from makegood.orders.store import load_order
from makegood.orders.windows import inspection_ends_at
from makegood.store.database import Connection


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the order that is not paid out yet; `claim_no` is empty for the inspection."""

    claim_no: str
    why: Literal["claim", "inspection"]
    amount: Money
    until: datetime | None


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
    found = await load_order(conn, act.market_id, order_no)
    if found is None:
        raise Refused("not_found")
    order, currency = found.order, found.order.total.currency
    bound = await store.open_claims_of_order(conn, act.market_id, order_no)
    claimed = {(one.line_no, one.unit_no) for one in bound}
    held = [
        Hold(
            claim_no=one.claim_no,
            why="claim",
            amount=Money(one.amount_minor, currency),
            until=one.until,
        )
        for one in {one.claim_no: one for one in bound}.values()
    ]
    held += _inspected(order, claimed, act.now)
    account = escrow(order_no)
    available = (await balances(conn, act.market_id, [account], currency))[account].available_minor
    return Payout(
        order_no=order_no,
        seller_id=order.seller.id,
        currency=currency,
        allowed_minor=max(0, available - sum(hold.amount.amount_minor for hold in held)),
        held=held,
    )


async def record_payout(
    tx: Connection, act: Act, order_no: str, amount: Money, fee_minor: int
) -> Payout:
    """Move a payout from escrow to the seller's balance; answers what is left.

    The same amount and fee of an order told again is the payout that was recorded before.

    Raises:
        Refused: `not_found`, `amount_not_positive`, or `insufficient_funds` for more than allowed.
    """
    if not 0 <= fee_minor <= amount.amount_minor or amount.amount_minor == 0:
        raise Refused("amount_not_positive")
    before = await payout_of(tx, act, order_no)
    if amount.currency != before.currency:
        raise Refused("insufficient_funds")
    if amount.amount_minor > before.allowed_minor:
        raise Refused("insufficient_funds", limit=before.allowed_minor)
    await settle_order(tx, act, order_no, before.seller_id, amount, fee_minor)
    return await payout_of(tx, act, order_no)


def _inspected(order: Order, claimed: set[tuple[int, int]], now: datetime) -> list[Hold]:
    """Units nobody complains about whose buyers may still look at what they got."""
    held = []
    for unit, value in order_rules.unit_values(order).items():
        if (unit.line_no, unit.unit_no) in claimed or unit.line_no == 0 or value == 0:
            continue
        line = order_rules.line_of(order, unit.line_no)
        until = inspection_ends_at(order, line, order_rules.unit_of(line, unit.unit_no))
        if now < until:
            amount = Money(value, order.total.currency)
            held.append(Hold(claim_no="", why="inspection", amount=amount, until=until))
    return held
