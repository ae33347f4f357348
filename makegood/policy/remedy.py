"""Amounts: refunds, price cuts, coupons, interest and who bears them, to the cent.

The formulas are those of the rule on prepaid performance (法释〔2025〕4, arts. 16-22) for what is
used over time or by units, and the plain price for one-shot goods. All amounts are minor units.
"""

from typing import Final, Literal

import msgspec

from makegood.base.money import round_half_up, split_by_shares
from makegood.people.markets.terms import LateTerms
from makegood.policy.judgement import Shares

Cause = Literal["non_buyer", "buyer"]
RefundRule = Literal["full", "prorated", "unit", "shared", "extra", "owed", "none"]

COUPON_CAP_PERCENT: Final = 5
USUAL_LATE: Final = LateTerms()
YEAR_DAYS: Final = 365
BASIS_POINTS: Final = 10_000


class UnitValue(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit cost: paid and list price, gift value, disclosed service fee, refunded so far."""

    paid_minor: int
    list_minor: int
    gift_minor: int = 0
    fee_minor: int = 0
    """The service fee as disclosed at checkout; 0 when it was not."""
    refunded_minor: int = 0
    """Already refunded on any path."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """How much was used: seconds of a term, units of a pack, or face value of a balance."""

    kind: Literal["time", "units", "balance"]
    total: int
    """Term in seconds, units sold, or face value without gift in minor units (unused: 0)."""
    used: int


class Split(msgspec.Struct, frozen=True):
    """A loss by who bears it; `refund_minor` goes to the buyer, the rest the buyer bears."""

    refund_minor: int
    parts: dict[str, int]
    """What each party other than the buyer bears; sums to `refund_minor`."""


def refund_amount(
    rule: RefundRule,
    cause: Cause,
    value: UnitValue,
    usage: Usage | None = None,
    *,
    shares: Shares | None = None,
    extra_minor: int = 0,
    owed_minor: int = 0,
) -> int:
    """What goes back to the buyer under a finding's refund rule.

    `extra_minor` is what the gateway captured beyond the order, `owed_minor` a refund decided
    before and not sent. Without usage a prorated refund is the whole price (nothing was used).
    """
    match rule:
        case "full":
            return refund_full(value)
        case "prorated" | "unit":
            return refund_full(value) if usage is None else _by_usage(value, usage, cause)
        case "shared":
            return split_loss(refund_full(value), shares or Shares(seller=100)).refund_minor
        case "extra":
            return max(0, extra_minor)
        case "owed":
            return max(0, owed_minor)
        case "none":
            return 0


def refund_full(value: UnitValue) -> int:
    """All that was paid and not yet refunded."""
    return max(0, value.paid_minor - value.refunded_minor)


def refund_time_based(
    value: UnitValue, *, term_seconds: int, used_seconds: int, cause: Cause
) -> int:
    """R = P(T - t)/T for non-buyer cause; for buyer's cause max(0, P - L t/T - f).

    `used_seconds` ends when the service stopped, if that was earlier than the claim.
    """
    if term_seconds <= 0:
        raise ValueError("a term is longer than nothing")
    used = min(max(0, used_seconds), term_seconds)
    return _rest(value, used, term_seconds, cause)


def refund_unit_based(value: UnitValue, *, units_total: int, units_used: int, cause: Cause) -> int:
    """R = P - V, V = used units at the paid unit price, or at list price plus fee (buyer)."""
    if units_total <= 0:
        raise ValueError("a pack holds at least one unit")
    used = min(max(0, units_used), units_total)
    return _rest(value, used, units_total, cause)


def refund_balance_based(value: UnitValue, *, face_used_minor: int, cause: Cause) -> int:
    """A top-up with gift: used face counts P/(L + G) of its value, or all of it (buyer's cause)."""
    face = value.list_minor + value.gift_minor
    if face <= 0:
        raise ValueError("a balance has a face value")
    used = min(max(0, face_used_minor), face)
    if cause == "non_buyer":
        return _within(value, round_half_up(value.paid_minor * (face - used), face))
    return _within(value, value.paid_minor - used - value.fee_minor)


def price_reduction(value: UnitValue, percent: int) -> int:
    """A part of the price, half up, within what is left to refund."""
    if not 0 <= percent <= 100:
        raise ValueError("percent is 0..100")
    return _within(value, round_half_up(value.paid_minor * percent, 100))


def late_coupon(paid_minor: int, minutes_late: int, terms: LateTerms = USUAL_LATE) -> int:
    """clamp(0.5 % of the price per 10 minutes, 1 yuan, 5 %), or what the market set instead.

    The cap wins over the floor.
    """
    if minutes_late <= 0 or paid_minor <= 0:
        return 0
    steps = terms.step_minutes * BASIS_POINTS
    grown = round_half_up(paid_minor * minutes_late * terms.per_step_bp, steps)
    cap = round_half_up(paid_minor * terms.cap_percent, 100)
    return min(max(grown, terms.floor_minor), cap)


def reissue_coupon(paid_minor: int) -> int:
    """The second preset: 5 % of the price beside a reissue."""
    return round_half_up(max(0, paid_minor) * COUPON_CAP_PERCENT, 100)


def interest(principal_minor: int, days: int, rate_bp: int) -> int:
    """Simple interest for `days` at `rate_bp` basis points a year.

    Posted as compensation, never as refund, so that refunds stay within what was paid.
    """
    if principal_minor < 0 or days < 0 or rate_bp < 0:
        raise ValueError("interest of nothing negative")
    return round_half_up(principal_minor * days * rate_bp, YEAR_DAYS * BASIS_POINTS)


def split_loss(loss_minor: int, shares: Shares) -> Split:
    """A loss split by shares to the cent, the remainder to the largest share."""
    parts = split_by_shares(loss_minor, shares.as_dict())
    kept = parts.pop("buyer")
    return Split(loss_minor - kept, {party: part for party, part in parts.items() if part})


def _by_usage(value: UnitValue, usage: Usage, cause: Cause) -> int:
    match usage.kind:
        case "time":
            return refund_time_based(
                value, term_seconds=usage.total, used_seconds=usage.used, cause=cause
            )
        case "units":
            return refund_unit_based(
                value, units_total=usage.total, units_used=usage.used, cause=cause
            )
        case "balance":
            return refund_balance_based(value, face_used_minor=usage.used, cause=cause)


def _rest(value: UnitValue, used: int, total: int, cause: Cause) -> int:
    if cause == "non_buyer":
        return _within(value, round_half_up(value.paid_minor * (total - used), total))
    left = (value.paid_minor - value.fee_minor) * total - value.list_minor * used
    return _within(value, round_half_up(left, total))


def _within(value: UnitValue, amount_minor: int) -> int:
    return min(max(0, amount_minor), refund_full(value))
