"""Amounts: refunds, price cuts, coupons and interest, exactly as domain rules write them."""

from typing import Literal

import msgspec

Cause = Literal["non_buyer", "buyer"]


class UnitValue(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit cost: paid and list price in minor units, gift value, disclosed service fee."""

    paid_minor: int
    list_minor: int
    gift_minor: int = 0
    fee_minor: int = 0
    refunded_minor: int = 0
    """Already refunded on any path."""


def refund_full(value: UnitValue) -> int:
    """All that was paid and not yet refunded."""
    return max(0, value.paid_minor - value.refunded_minor)


def refund_time_based(
    value: UnitValue, *, term_seconds: int, used_seconds: int, cause: Cause
) -> int:
    """R = P(T - t_stop)/T, half up; for buyer's cause V at list price and the fee off."""
    raise ValueError


def refund_unit_based(value: UnitValue, *, units_total: int, units_used: int, cause: Cause) -> int:
    """R = P - V with V at the paid price (non-buyer cause) or list price and fee (buyer's)."""
    raise ValueError


def refund_balance_based(value: UnitValue, *, face_used_minor: int, cause: Cause) -> int:
    """Top-up with a gift: used face scales by P/(P+G) for non-buyer cause, list for buyer's."""
    raise ValueError


def price_reduction(value: UnitValue, percent: int) -> int:
    """A part of the price, half up, within what is left to refund."""
    raise ValueError


def late_coupon(paid_minor: int, minutes_late: int) -> int:
    """clamp(0.5 % per 10 min, 1 yuan, 5 %), never above the 5 % cap."""
    raise ValueError


def reissue_coupon(paid_minor: int) -> int:
    """The second preset: 5 % of the price beside a reissue."""
    raise ValueError


def interest(principal_minor: int, days: int, rate_bp: int) -> int:
    """Simple interest posted as compensation, never as refund. `rate_bp` = basis points a year."""
    raise ValueError
