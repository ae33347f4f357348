"""What a claim is about in money, and what a judgement moves of it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

import msgspec

from makegood.base.money import split_by_shares
from makegood.policy import remedy as amounts
from makegood.policy.facts import Fact
from makegood.policy.judgement import Shares
from makegood.policy.model import Limits
from makegood.policy.remedies import GOODS

LATE_FINDINGS: Final = ("delivered_late", "delivered_late_supplier")
BEARERS: Final = ("seller", "supplier", "platform", "channel")
"""Who can be made to bear a refund; a third party's part is the platform's to recover."""
SMALL_COUPON_MINUTES: Final = 10
"""A small coupon is worth the first ten minutes of lateness."""


class UnitAtStake(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One claimed unit: what it cost, and for a term how long it is and how much was used."""

    paid_minor: int
    list_minor: int
    gift_minor: int = 0
    fee_minor: int = 0
    term_seconds: int = 0
    """0: no term, or nothing delivered that could have been used."""
    used_seconds: int = 0


class Stake(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The claimed units and what may still be refunded for them, in minor units."""

    left_minor: int
    units: tuple[UnitAtStake, ...]
    line_quantity: int = 1
    """How many units the order's line has; a claim may be about some of them."""

    @property
    def paid_minor(self) -> int:
        """What the claimed units cost together."""
        return sum(unit.paid_minor for unit in self.units)


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Figures among the facts that amounts are computed from; None where nobody stated them."""

    units_missing: int | None = None
    overcharged_minor: int | None = None
    minutes_late: int | None = None
    balance_used_minor: int | None = None
    """Of a prepaid balance, in face value, gifts included."""
    units_used: int | None = None
    units_total: int | None = None
    served_seconds: int | None = None
    """How long a service ran before it stopped."""
    stopped_at: datetime | None = None

    @staticmethod
    def of(facts: Mapping[str, Fact]) -> "Measured":
        """The figures that these facts hold."""

        def count(name: str) -> int | None:
            value = facts[name].value if name in facts else None
            return value if isinstance(value, int) and not isinstance(value, bool) else None

        return Measured(
            units_missing=count("delivery.units_missing"),
            overcharged_minor=count("payment.overcharged_minor"),
            minutes_late=count("delivery.minutes_late"),
            balance_used_minor=count("usage.balance_used_minor"),
            units_used=count("usage.units_used"),
            units_total=count("usage.units_total"),
            served_seconds=count("usage.served_seconds"),
            stopped_at=_time(facts, "usage.stopped_at"),
        )


def refund_of(
    rule: str, cause: amounts.Cause, shares: Shares | None, stake: Stake, measured: Measured
) -> int | None:
    """What a finding's refund rule gives for these units, in minor units.

    None where the rule needs a figure that nobody stated: then a person says how much.
    """
    left = stake.left_minor
    match rule:
        case "none":
            return 0
        case "prorated":
            return _rest_of_prepaid(cause, stake, measured)
        case "unit":
            return _missing_part(stake, measured.units_missing)
        case "shared":
            return amounts.split_loss(left, shares or Shares()).refund_minor
        case "extra" if measured.overcharged_minor is not None:
            return max(0, min(measured.overcharged_minor, left))
        case "extra" | "owed":
            return None
        case _:
            return left


def interest_of(
    rule: str,
    cause: amounts.Cause,
    refund_minor: int,
    stopped_at: datetime | None,
    now: datetime,
    limits: Limits,
) -> int:
    """Interest on what was prepaid and not served, from the day the service stopped, minor units.

    It is given beside the refund as compensation, so that refunds stay within what was paid.
    """
    if rule != "prorated" or stopped_at is None or now <= stopped_at:
        return 0
    rate = limits.deposit_interest_bp if cause == "buyer" else limits.interest_bp
    return amounts.interest(refund_minor, (now - stopped_at).days, rate)


def coupon_of(
    finding: str | None,
    remedy: str,
    add_ons: Collection[str],
    paid_minor: int,
    minutes_late: int | None,
) -> int:
    """The coupon for lateness by its minutes, with a payment fault, or beside a reissue."""
    if "coupon" not in add_ons and remedy != "coupon":
        return 0
    if remedy in GOODS:
        return amounts.reissue_coupon(paid_minor)
    late = minutes_late if finding in LATE_FINDINGS else None
    return amounts.late_coupon(paid_minor, late or SMALL_COUPON_MINUTES)


def borne_by(shares: Mapping[str, int], amount_minor: int) -> dict[str, int]:
    """Who bears what the buyer gets, in minor units that sum to it.

    The buyer's own share is not paid out, so the others bear the amount in proportion; what
    nobody known bears, the platform does.
    """
    others = {party: share for party, share in shares.items() if party != "buyer" and share}
    whole = sum(others.values())
    if whole == 0:
        return {"platform": amount_minor}
    percent = {party: share * 100 // whole for party, share in others.items()}
    largest = max(percent, key=lambda party: percent[party])
    percent[largest] += 100 - sum(percent.values())
    borne: dict[str, int] = {}
    for party, part in split_by_shares(amount_minor, percent).items():
        bearer = party if party in BEARERS else "platform"
        borne[bearer] = borne.get(bearer, 0) + part
    return {party: part for party, part in borne.items() if part}


def _missing_part(stake: Stake, missing: int | None) -> int | None:
    """The price of the units that did not come."""
    count = len(stake.units)
    if missing is None:
        return stake.left_minor if count == 1 and stake.line_quantity == 1 else None
    paid = stake.paid_minor
    came = count - min(missing, count)
    value = amounts.UnitValue(paid_minor=paid, list_minor=paid)
    gone = amounts.refund_unit_based(value, units_total=count, units_used=came, cause="non_buyer")
    return min(stake.left_minor, gone)


def _rest_of_prepaid(cause: amounts.Cause, stake: Stake, measured: Measured) -> int | None:
    """What is left of a prepaid balance, pack or term; all of it where nothing was used.

    None where the buyer ends it and nobody said how much was used.
    """
    left = stake.left_minor
    if measured.balance_used_minor is not None:
        used = measured.balance_used_minor
        rest = amounts.refund_balance_based(_whole(stake), face_used_minor=used, cause=cause)
        return min(left, rest)
    if measured.units_used is not None and measured.units_total:
        rest = amounts.refund_unit_based(
            _whole(stake),
            units_total=measured.units_total,
            units_used=measured.units_used,
            cause=cause,
        )
        return min(left, rest)
    if stake.units[0].term_seconds:
        served = measured.served_seconds
        return min(left, sum(_prorated(unit, cause, served) for unit in stake.units))
    return None if cause == "buyer" else left


def _whole(stake: Stake) -> amounts.UnitValue:
    """All claimed units as one value."""
    return amounts.UnitValue(
        paid_minor=stake.paid_minor,
        list_minor=sum(unit.list_minor for unit in stake.units),
        gift_minor=sum(unit.gift_minor for unit in stake.units),
        fee_minor=sum(unit.fee_minor for unit in stake.units),
    )


def _prorated(unit: UnitAtStake, cause: amounts.Cause, served_seconds: int | None) -> int:
    """The price of the part of the term that was not served; it ends when the service stopped."""
    used = unit.used_seconds
    if served_seconds is not None:
        used = min(used, max(0, served_seconds))
    value = amounts.UnitValue(
        paid_minor=unit.paid_minor,
        list_minor=unit.list_minor,
        gift_minor=unit.gift_minor,
        fee_minor=unit.fee_minor,
    )
    return amounts.refund_time_based(
        value, term_seconds=unit.term_seconds, used_seconds=used, cause=cause
    )


def _time(facts: Mapping[str, Fact], name: str) -> datetime | None:
    value = facts[name].value if name in facts else None
    return value if isinstance(value, datetime) else None
