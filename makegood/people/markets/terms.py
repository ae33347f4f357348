"""The money terms of a market: approval limits, holds, deposits, the late-compensation formula.

All amounts are minor units of the market's currency. A contract may put own values in place of
the market's; what it leaves out stays the market's.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

CATEGORIES: Final = (
    "game_card",
    "gift_card",
    "membership",
    "licence",
    "account",
    "top_up",
    "other",
)
"""What goods are, as orders name it; `other` also stands for a category without own terms."""
TIERS: Final = ("S", "A", "B", "C", "D")
APPROVING_ROLES: Final = ("agent", "lead", "operator")

_KEY_HOURS: Final = {"S": 72, "A": 72, "B": 72, "C": 240, "D": 360}
_MEMBER_HOURS: Final = {"S": 168, "A": 168, "B": 168, "C": 240, "D": 360}
_ACCOUNT_HOURS: Final = {"S": 168, "A": 168, "B": 336, "C": 720, "D": 720}

TWO_PERSONS: Final = (
    "write_off",
    "manual_payment",
    "resume_payouts",
    "deposit_withdrawal",
)
"""What always takes two persons, unless an operator sets a limit for it."""


def _usual_limits() -> dict[str, dict[str, int]]:
    usual = {"agent": 500_00, "lead": 5_000_00, "operator": 5_000_00}
    extras = {"agent": 20_00, "lead": 200_00, "operator": 200_00}
    limits = {
        "refund_above_limit": usual,
        "compensation": extras,
        "payout": {"operator": 20_000_00},
    }
    return {**limits, **{kind: {} for kind in TWO_PERSONS}}


def _usual_hold_hours() -> dict[str, dict[str, int]]:
    hours = {category: dict(_KEY_HOURS) for category in CATEGORIES}
    return {**hours, "membership": dict(_MEMBER_HOURS), "account": dict(_ACCOUNT_HOURS)}


def _usual_deposits() -> dict[str, dict[str, int]]:
    base = {"S": 500_00, "A": 500_00, "B": 1_000_00, "C": 2_000_00, "D": 3_000_00}
    double = {tier: 2 * amount for tier, amount in base.items()}
    return {category: double if category == "account" else base for category in CATEGORIES}


class LateTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The coupon for a broken promise: a share of the price per step, between floor and cap."""

    step_minutes: int = 10
    per_step_bp: int = 50
    """Basis points of the price for every begun step."""
    floor_minor: int = 100
    cap_percent: int = 5


class HoldTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How long after delivery a unit's money stays in escrow, in hours by category and tier."""

    hours: dict[str, dict[str, int]] = msgspec.field(default_factory=_usual_hold_hours)
    new_seller_hours: int = 72
    new_seller_days: int = 30
    """For so long after the first order a seller counts as new."""


class DepositTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The deposit a seller must keep, by the dearest category sold and the tier."""

    required_minor: dict[str, dict[str, int]] = msgspec.field(default_factory=_usual_deposits)
    asked: bool = False
    """Whether a deposit is asked for at all; a young market may do without."""


class ContractTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What one contract (of a seller or a business customer) agrees otherwise."""

    limits: dict[str, dict[str, int]] = {}
    hold_hours: dict[str, int] = {}
    """By category, whatever the tier."""
    deposit_minor: int | None = None
    late: LateTerms | None = None


class MoneyTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about money that an operator sets."""

    limits: dict[str, dict[str, int]] = msgspec.field(default_factory=_usual_limits)
    """What one person of a role may do alone: kind of proposal, then role."""
    fresh_minutes: int = 30
    """How old the second factor of an approver's session may be."""
    holds: HoldTerms = HoldTerms()
    deposits: DepositTerms = DepositTerms()
    late: LateTerms = LateTerms()
    settlement_days: int = 15
    """After the end of a month, a supplier's statement is due in so many days."""
    evidence_hours: int = 48
    """How long a supplier may file evidence for a disputed line."""
    agreements_required: bool = False
    """Whether goods of a supplier without an agreement count as the seller's own. Otherwise such
    a supplier bears what is decided, as if it had agreed to all of it."""
    repair_pay_url: str = ""
    """Where a buyer pays for a repair; `{claim}` and `{amount}` are filled in. Empty: the buyer
    is told the reference and pays as usual."""
    contracts: dict[str, ContractTerms] = {}


def limit_minor(terms: MoneyTerms, kind: str, role: str, contract_id: str = "") -> int:
    """Up to and including this amount the role acts alone; nothing was set means nothing alone."""
    own = _contract(terms, contract_id).limits.get(kind, {})
    return own.get(role, terms.limits.get(kind, {}).get(role, 0))


def hold_hours(
    terms: MoneyTerms, category: str, tier: str, *, new_seller: bool = False, contract_id: str = ""
) -> int:
    """Hours after delivery until the money of a unit nobody complains about is free."""
    whole = category.split("/")[0]
    agreed = _contract(terms, contract_id).hold_hours.get(whole)
    if agreed is not None:
        return agreed
    hours = _cell(terms.holds.hours, whole, tier)
    return hours + (terms.holds.new_seller_hours if new_seller else 0)


def required_deposit_minor(
    terms: MoneyTerms, categories: set[str], tier: str, contract_id: str = ""
) -> int:
    """The deposit for all that a seller sells: the dearest category counts, not the sum."""
    agreed = _contract(terms, contract_id).deposit_minor
    if agreed is not None:
        return agreed
    if not terms.deposits.asked or not categories:
        return 0
    table = terms.deposits.required_minor
    return max(_cell(table, category.split("/")[0], tier) for category in categories)


def late_terms(terms: MoneyTerms, contract_id: str = "") -> LateTerms:
    """The formula for a broken promise, the contract's before the market's."""
    return _contract(terms, contract_id).late or terms.late


def faults_of(terms: MoneyTerms) -> tuple[str, ...]:
    """The names of terms that cannot be right; empty when all are well."""
    figures = {
        "limits": _cells(terms.limits),
        "hold_hours": _cells(terms.holds.hours),
        "deposits": _cells(terms.deposits.required_minor),
        "late": [terms.late.step_minutes - 1, terms.late.per_step_bp, terms.late.floor_minor],
        "late_cap": [terms.late.cap_percent, 100 - terms.late.cap_percent],
        "fresh_minutes": [terms.fresh_minutes - 1, 24 * 60 - terms.fresh_minutes],
        "new_seller": [terms.holds.new_seller_hours, terms.holds.new_seller_days],
        "settlement_days": [terms.settlement_days],
        "evidence_hours": [terms.evidence_hours - 1],
    }
    wrong = [name for name, values in figures.items() if min(values, default=0) < 0]
    link = terms.repair_pay_url
    return (*wrong, "repair_pay_url") if link and not link.startswith("https://") else tuple(wrong)


def _contract(terms: MoneyTerms, contract_id: str) -> ContractTerms:
    return terms.contracts.get(contract_id, ContractTerms())


def _cell(table: Mapping[str, Mapping[str, int]], category: str, tier: str) -> int:
    row = table.get(category) or table.get("other", {})
    return row.get(tier, 0)


def _cells(table: Mapping[str, Mapping[str, int]]) -> list[int]:
    return [amount for row in table.values() for amount in row.values()]
