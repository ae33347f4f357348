"""What a contract promises a business customer, and the clocks each tier of customer has."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, Literal, TypeAlias

import msgspec

from makegood.base import business_time
from makegood.base.business_time import Calendar

CustomerTier: TypeAlias = Literal["individual", "merchant", "enterprise"]
TIERS: Final[tuple[CustomerTier, ...]] = ("individual", "merchant", "enterprise")
Stage: TypeAlias = Literal[
    "first_response", "next_reply", "decision", "refund_order", "appeal_decision"
]
STAGES: Final[tuple[Stage, ...]] = (
    "first_response",
    "next_reply",
    "decision",
    "refund_order",
    "appeal_decision",
)
"""Promises of the platform that tiers and contracts may set; turns of the sides are the pack's."""
ANY_REASON: Final = "*"
LONGEST_MINUTES: Final = 15 * 24 * 60
"""No agreed time is longer than the hard legal stop of a claim."""
TIER_MINUTES: Final[dict[CustomerTier, dict[str, int]]] = {
    "individual": {},
    "merchant": {"first_response": 10, "next_reply": 120, "decision": 720},
    "enterprise": {"first_response": 5, "next_reply": 60, "decision": 480, "refund_order": 720},
}
"""Where a market starts; what a tier leaves out is the rule pack's."""


def usual_tier_minutes() -> dict[str, dict[str, int]]:
    """The clocks of each tier that a new market starts with."""
    return {tier: dict(clocks) for tier, clocks in TIER_MINUTES.items()}


class Standard(msgspec.Struct, frozen=True, kw_only=True):
    """A promised solution: for this reason one of these remedies is done within so many minutes."""

    reason: str
    """A reason's code, the beginning of codes (`KEY`), or `*` for every reason."""
    remedies: tuple[str, ...] = ()
    """Any remedy where empty."""
    within_minutes: int


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a contract. Minutes outrank those of its tier; the calendar counts them."""

    contract_id: str
    name: str
    tier: CustomerTier
    buyer_ids: tuple[str, ...]
    manager_id: str = ""
    """The account manager: owns the customer's claims while on the roster."""
    begins_on: date
    ends_on: date | None = None
    """The last day on which the contract holds."""
    minutes: dict[str, int] = {}
    calendar: Calendar | None = None
    """Without one every minute of the day counts."""
    standards: tuple[Standard, ...] = ()
    auto_cap_minor: int | None = None
    """The largest refund of one claim by machine; None for the market's own limits."""


class Agreed(msgspec.Struct, frozen=True):
    """A contract in force with its version, as new claims pin it."""

    contract: Contract
    version: int
    minutes: Mapping[str, int]
    """The contract's minutes over those of its tier."""


def minutes_of(contract: Contract, tiers: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """What the clocks of a contract are: its own figures over those of its tier."""
    return {**tiers.get(contract.tier, {}), **contract.minutes}


def in_force(contract: Contract, day: date) -> bool:
    """Whether the contract holds on this day."""
    return contract.begins_on <= day and (contract.ends_on is None or day <= contract.ends_on)


def standard_for(standards: Sequence[Standard], reason: str) -> Standard | None:
    """The standard for a reason: its own before its group's, that before the one for all."""
    fitting = [s for s in standards if s.reason == ANY_REASON or reason.startswith(s.reason)]
    return max(fitting, key=lambda s: 0 if s.reason == ANY_REASON else len(s.reason), default=None)


def wrong_fields(contract: Contract) -> tuple[str, ...]:
    """The names of what cannot be right; empty when all is well."""
    standards = contract.standards
    checks = {
        "contract_id": _is_id(contract.contract_id),
        "name": bool(contract.name.strip()),
        "buyer_ids": bool(contract.buyer_ids) and all(contract.buyer_ids),
        "ends_on": contract.ends_on is None or contract.begins_on <= contract.ends_on,
        "minutes": are_minutes(contract.minutes),
        "calendar": contract.calendar is None or not business_time.faults_of(contract.calendar),
        "standards": all(0 < one.within_minutes <= LONGEST_MINUTES for one in standards),
        "standards_twice": len({one.reason for one in standards}) == len(standards),
        "auto_cap_minor": contract.auto_cap_minor is None or contract.auto_cap_minor >= 0,
    }
    return tuple(name for name, fits in checks.items() if not fits)


def are_minutes(minutes: Mapping[str, int]) -> bool:
    """Whether these are clocks a tier or contract may set."""
    return all(stage in STAGES and 0 < count <= LONGEST_MINUTES for stage, count in minutes.items())


def _is_id(text: str) -> bool:
    return 0 < len(text) <= 40 and text.replace("-", "").replace("_", "").isalnum()
