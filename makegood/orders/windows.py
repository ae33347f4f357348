"""From when and until when a unit can be claimed, per product: pure rules."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from makegood.base.refusal import Refused
from makegood.orders.order import Line, Order, Unit

DEFAULT_WINDOW_DAYS: Final = {"account": 30, "membership": 30, "licence": 30}
OTHER_WINDOW_DAYS: Final = 7
DEFAULT_ARRIVAL_MINUTES: Final = 30
INSPECTION_HOURS: Final = {"account": 14 * 24, "membership": 7 * 24}
OTHER_INSPECTION_HOURS: Final = 72
NEW_SELLER_HOURS: Final = 72


class ClaimWindow(msgspec.Struct, frozen=True):
    """A unit can be claimed from `opens_at` up to and including `closes_at`."""

    opens_at: datetime
    closes_at: datetime


def claim_window(order: Order, line: Line, unit: Unit) -> ClaimWindow:
    """The window of a unit: from the payment to its days after the goods were delivered.

    It is never shorter than the term sold, and runs from the promised time where the goods have
    not arrived, so a buyer who waits loses nothing.
    """
    opens_at = order.paid_at or order.placed_at
    begins_at = unit.delivered_at or line.delivery.promised_at or opens_at
    return ClaimWindow(opens_at, max(opens_at, begins_at) + timedelta(days=window_days(line)))


def window_days(line: Line) -> int:
    """The days promised in the listing or usual for the category, at least the term sold."""
    whole = line.category.split("/")[0]
    promised = line.listing.claim_window_days
    days = promised if promised is not None else DEFAULT_WINDOW_DAYS.get(whole, OTHER_WINDOW_DAYS)
    return max(days, line.term_days or 0)


def check_window(order: Order, line: Line, unit: Unit, now: datetime) -> None:
    """Refuse a claim after its window; the refusal says when it ended."""
    closes_at = claim_window(order, line, unit).closes_at
    if now > closes_at:
        raise Refused("window_closed", closed_at=closes_at, window_days=window_days(line))


def earliest_not_arrived_at(order: Order, line: Line) -> datetime:
    """When "not arrived" can first be said: the promised time, else minutes after payment."""
    if line.delivery.promised_at is not None:
        return line.delivery.promised_at
    minutes = line.listing.arrival_minutes
    wait = timedelta(minutes=DEFAULT_ARRIVAL_MINUTES if minutes is None else minutes)
    return (order.paid_at or order.placed_at) + wait


def check_arrival_time(order: Order, line: Line, now: datetime) -> None:
    """Refuse "not arrived" before its time; the refusal says when to come back."""
    come_back_at = earliest_not_arrived_at(order, line)
    if now < come_back_at:
        raise Refused("too_early", come_back_at=come_back_at)


def inspection_ends_at(
    order: Order, line: Line, unit: Unit, *, new_seller: bool = False
) -> datetime:
    """Until when the seller is not paid out for this unit, claimed or not."""
    whole = line.category.split("/")[0]
    hold_hours = INSPECTION_HOURS.get(whole, OTHER_INSPECTION_HOURS)
    if new_seller:
        hold_hours += NEW_SELLER_HOURS
    begins_at = unit.delivered_at or line.delivery.promised_at or order.paid_at or order.placed_at
    return begins_at + timedelta(hours=hold_hours)


def hold_ends_at(
    order: Order, line: Line, unit: Unit, *, hours: int, escrow_mode: bool = False
) -> datetime:
    """Until when the seller is not paid for a unit nobody complains about.

    `hours` run from delivery (the promised time, the payment, where that is not known). In escrow
    mode the money waits until the unit can no longer be claimed.
    """
    begins_at = unit.delivered_at or line.delivery.promised_at or order.paid_at or order.placed_at
    ends_at = begins_at + timedelta(hours=hours)
    return max(ends_at, claim_window(order, line, unit).closes_at) if escrow_mode else ends_at
