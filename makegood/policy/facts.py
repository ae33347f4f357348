"""The fact vocabulary: a closed list of names, and how one statement of a source is recorded."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

import msgspec

Value = bool | int | str | datetime | None
"""None means unknown: never "no"."""

SourceKind = Literal[
    "order",  # the shop system's order record as both sides saw it at purchase
    "delivery_log",  # the shop system's own record of what it handed over
    "platform_log",  # our reveal log, key hashes, clocks
    "gateway",  # the payment gateway, asked back
    "supplier",  # the supplier's answer, by API or on the answer page
    "issuer",  # who redeems the code or runs the game; stands to gain from neither side
    "seller",
    "buyer",
    "agent",  # a person of ours who looked at evidence
    "derived",
]
Interest = Literal["none", "buyer", "seller", "supplier", "platform", "channel", "third"]
"""Whose purse the source speaks for."""

Audience = tuple[Literal["buyer", "seller", "staff"], ...]
EVERYONE: Final[Audience] = ("buyer", "seller", "staff")
SELLER_SIDE: Final[Audience] = ("seller", "staff")
BUYER_SIDE: Final[Audience] = ("buyer", "staff")
STAFF: Final[Audience] = ("staff",)

INTEREST_OF: Final[dict[SourceKind, Interest]] = {
    "order": "none",
    "delivery_log": "seller",
    "platform_log": "platform",
    "gateway": "channel",
    "supplier": "supplier",
    "issuer": "none",
    "seller": "seller",
    "buyer": "buyer",
    "agent": "none",
    "derived": "none",
}

Kind = Literal["yes_no", "count", "word", "time"]


class FactSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What one fact name means: its type, words, who may state it, who may see it."""

    name: str
    kind: Kind
    zh: str
    en: str
    sources: tuple[SourceKind, ...]
    audience: Audience = EVERYONE
    words: tuple[str, ...] = ()
    """For `word`: the closed list of values."""
    against_own: Mapping[SourceKind, tuple[bool | int | str, ...]] = {}
    """Values that speak against the source's own purse: an admission suffices."""
    admits_from: Mapping[SourceKind, int] = {}
    """For counts: from this value on the statement is an admission."""
    neutral: tuple[SourceKind, ...] = ()
    """Sources that are believed on this fact although they have a purse elsewhere."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One statement: what, who said it, whose purse the source speaks for, when, who may see."""

    name: str
    value: Value
    source: SourceKind
    at: datetime
    interest: Interest = "none"
    audience: Audience = EVERYONE
    source_id: str = ""
    """Which supplier, gateway account or person; never shown to the other side by itself."""
    also: tuple[Interest, ...] = ()
    """Interests of further sources that state the same value."""
    conflict: bool = False
    """True when sources disagree; the value is then unknown (None)."""


def admits(spec: FactSpec, source: SourceKind, value: Value) -> bool:
    """Whether the statement speaks against the source's own purse."""
    if value is None or isinstance(value, datetime):
        return False
    if source in spec.admits_from:
        return not isinstance(value, str) and value >= spec.admits_from[source]
    return value in spec.against_own.get(source, ())


def fits(kind: Kind, words: tuple[str, ...], value: Value) -> bool:
    """Whether this is a value of a fact of this kind."""
    match kind:
        case "yes_no":
            return isinstance(value, bool)
        case "count":
            return isinstance(value, int) and not isinstance(value, bool)
        case "word":
            return isinstance(value, str) and value in words
        case "time":
            return isinstance(value, datetime) and value.tzinfo is not None
