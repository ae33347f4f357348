"""Prices per unit, stored form, and what is refused about an order: pure rules."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final

import msgspec

from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.ledger.accounts import payment_unit
from makegood.ledger.recipes import PaymentBooking, PaymentLeg
from makegood.orders.order import Line, Order, Unit
from makegood.people.markets.rules import LOCKED_CATEGORIES

MAX_AHEAD: Final = timedelta(minutes=5)


class OrderKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The plain key of one unit on its way into the vault. Never stored or logged."""

    line_no: int
    unit_no: int
    text: str


def check_time(order: Order, now: datetime) -> None:
    """Refuse an order whose `updated_at` is more than five minutes ahead of our clock."""
    if order.updated_at > now + MAX_AHEAD:
        raise Refused("updated_in_future", updated_at=order.updated_at, now=now)


def check_category(category: str, blocked: Collection[str]) -> None:
    """Refuse goods for stock and reissue whose category, or the whole it is part of, is blocked.

    `blocked` is the market's setting; some categories are blocked in every market.
    """
    whole = category.split("/")[0]
    gate = {"blocked", *LOCKED_CATEGORIES, *blocked}
    if whole in gate or category in gate:
        raise Refused("blocked_category", category=category)


def covered_minor(order: Order) -> int:
    """What was paid for the goods: never more than the total, even when charged twice.

    A paid order that lists no payments counts as paid in full; money can only flow back once
    its payments are known.
    """
    if order.paid_at is None:
        return 0
    if not order.payments:
        return order.total.amount_minor
    return min(order.total.amount_minor, sum(p.amount_minor for p in order.payments))


def unit_values(order: Order) -> dict[UnitRef, int]:
    """What was paid for each unit, in minor units; the values sum to everything that was paid.

    Lines share the total in proportion to their price after discount, units of a line share it
    evenly, both to the cent. Where less than the total was paid, the first units are covered
    first. What was charged above the total belongs to `payment_unit`.
    """
    rest = covered_minor(order)
    values = {}
    for unit, due in sorted(due_values(order).items()):
        values[unit] = min(due, rest)
        rest -= values[unit]
    above = sum(p.amount_minor for p in order.payments) - order.total.amount_minor
    return values | ({payment_unit(order.order_no): above} if above > 0 else {})


def due_values(order: Order) -> dict[UnitRef, int]:
    """What each unit costs the buyer, in minor units; the values sum to the order's total."""
    weights = [line.price_minor for line in order.lines]
    if not any(weights):
        weights = [line.quantity for line in order.lines]
    parts = share_out(order.total.amount_minor, weights)
    return {
        UnitRef(order.order_no, line.line_no, number): value
        for line, part in zip(order.lines, parts, strict=True)
        for number, value in enumerate(share_out(part, [1] * line.quantity), start=1)
    }


def booking_of(order: Order) -> PaymentBooking | None:
    """The payments for the ledger to book; None while the shop system lists none."""
    if order.paid_at is None or not order.payments:
        return None
    return PaymentBooking(
        order_no=order.order_no,
        due_minor=due_values(order),
        legs=tuple(
            PaymentLeg(
                channel=payment.gateway,
                trade_no=payment.trade_no,
                amount_minor=payment.amount_minor,
                kind=payment.kind,
            )
            for payment in order.payments
        ),
        paid_at=order.paid_at,
        currency=order.total.currency,
    )


def share_out(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """Split an amount in proportion to weights (sum above 0); the parts sum to the amount.

    Each part is the difference of two rounded-down running totals, so no part is negative and
    equal weights differ by one minor unit at most.
    """
    whole = sum(weights)
    ends = [amount_minor * running // whole for running in accumulate(weights)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def keys_of(order: Order) -> list[OrderKey]:
    """Which unit got which key. Several keys of a single unit are one secret, line by line."""
    return [
        OrderKey(line_no=line.line_no, unit_no=unit_no, text=text)
        for line in order.lines
        for unit_no, text in _keys_by_unit(line).items()
    ]


def without_secrets(order: Order) -> Order:
    """The order as it is stored: keys and query password out, every unit spelled out.

    A unit that has a key keeps a reference to it (`key`), so that the stored order still says
    whether there is one.
    """
    lines = tuple(
        msgspec.structs.replace(
            line,
            delivery=msgspec.structs.replace(line.delivery, keys=()),
            units=_spelled_out(line),
        )
        for line in order.lines
    )
    buyer = msgspec.structs.replace(order.buyer, claim_code=None)
    return msgspec.structs.replace(order, lines=lines, buyer=buyer)


def line_of(order: Order, line_no: int) -> Line:
    """The line with this number; refuses what the order does not have."""
    for line in order.lines:
        if line.line_no == line_no:
            return line
    raise Refused("not_a_unit", line_no=line_no)


def unit_of(line: Line, unit_no: int) -> Unit:
    """The unit with this number, delivered and revealed as its line unless it says otherwise."""
    if not 1 <= unit_no <= line.quantity:
        raise Refused("not_a_unit", line_no=line.line_no, unit_no=unit_no)
    said = next((unit for unit in line.units if unit.unit_no == unit_no), Unit(unit_no=unit_no))
    delivery = line.delivery
    return msgspec.structs.replace(
        said,
        delivered_at=said.delivered_at or delivery.delivered_at,
        revealed_at=said.revealed_at or delivery.revealed_at,
        target=said.target or delivery.target,
    )


def _keys_by_unit(line: Line) -> Mapping[int, str]:
    keys = line.delivery.keys
    if any(unit.key is not None for unit in line.units):
        return {unit.unit_no: keys[unit.key - 1] for unit in line.units if unit.key and keys}
    if line.quantity == 1 and keys:
        return {1: "\n".join(keys)}
    return dict(enumerate(keys, start=1))


def _spelled_out(line: Line) -> tuple[Unit, ...]:
    keyed = _keys_by_unit(line)
    said = {unit.unit_no: unit for unit in line.units}
    units = []
    for unit_no in range(1, line.quantity + 1):
        unit = said.get(unit_no, Unit(unit_no=unit_no))
        key = unit.key or (unit_no if unit_no in keyed else None)
        units.append(msgspec.structs.replace(unit, key=key))
    # A single unit that says nothing of its own needs no row, which keeps most orders short.
    return tuple(unit for unit in units if unit != Unit(unit_no=unit.unit_no))
