"""One ended claim as a backtest reads it: facts as they were decided on, money, and the end."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

import msgspec

from makegood.policy.facts import Fact, Interest, SourceKind
from makegood.policy.judgement import Context, Wants
from makegood.policy.stake import Measured, Stake

By = Literal["machine", "person", "agreement"]
UNKNOWN: Final = "unknown"
SIZES: Final = ((30, "1-29"), (300, "30-299"))
"""A seller's size is the number of its orders: below 30, below 300, or more."""
LARGE: Final = "300+"


class Said(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A fact in the few words that matter to a rule: no time, no name of who said it."""

    name: str
    value: bool | int | str | None
    source: SourceKind
    interest: Interest = "none"
    also: tuple[Interest, ...] = ()
    conflict: bool = False


class Actual(msgspec.Struct, frozen=True, kw_only=True):
    """How the claim really ended. Amounts in minor units, shares in percent."""

    finding: str
    remedy: str
    amount_minor: int
    coupon_minor: int = 0
    shares: dict[str, int]
    by: By
    overturned: bool = False
    """An appeal changed it: no precedent."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """All that a rule pack is asked about one claim, and what the answer is compared with."""

    case_id: str
    reason: str
    wants: Wants
    said: tuple[Said, ...]
    context: Context
    stake: Stake
    measured: Measured = Measured()
    seller_id: str = ""
    seller_size: str = UNKNOWN
    buyer_tier: str = UNKNOWN
    decided_at: datetime | None = None
    actual: Actual | None = None


_decode = msgspec.json.Decoder(Case).decode


def packed(case: Case) -> bytes:
    """The case as it is stored beside the claim."""
    return msgspec.json.encode(case, order="deterministic")


def unpacked(raw: bytes) -> Case:
    """The case of stored bytes."""
    return _decode(raw)


def size_of(orders: int) -> str:
    """A seller's size by the number of its orders."""
    return next((name for limit, name in SIZES if orders < limit), LARGE)


def said_of(facts: Mapping[str, Fact]) -> tuple[Said, ...]:
    """Facts ready for the judge in their short form; times are read only through derived facts."""
    return tuple(
        Said(name, fact.value, fact.source, fact.interest, fact.also, fact.conflict)
        for name, fact in sorted(facts.items())
        if not isinstance(fact.value, datetime)
    )


def fact_of(said: Said, at: datetime) -> Fact:
    """The judge's form of a short one; `at` stands for a time that no rule reads."""
    return Fact(
        name=said.name,
        value=said.value,
        source=said.source,
        at=at,
        interest=said.interest,
        also=said.also,
        conflict=said.conflict,
    )
