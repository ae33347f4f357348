"""What a message says: the struct that reading hands back."""

from typing import Literal

import msgspec

Cue = Literal["security", "takeover", "money_no_order", "minor", "threat", "repeat"]
Wants = Literal["refund", "reissue", "repair", "compensation", "explanation"]


class OrderContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the order says, so that state settles what wording cannot."""

    order_nos: tuple[str, ...] = ()
    order_no_patterns: tuple[str, ...] = ()
    paid: bool | None = None
    delivered: bool | None = None
    revealed: bool | None = None
    category: str | None = None
    reason: str | None = None
    """The reason that the buyer chose, when there is one."""
    prior_contacts: int = 0
    language: Literal["zh", "en"] = "zh"


class Tag(msgspec.Struct, frozen=True):
    """A reason code with its confidence 0..1; a person may edit it."""

    code: str
    confidence: float


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says. Text proposes; the order and the facts decide."""

    tags: tuple[Tag, ...]
    urgent: tuple[Cue, ...]
    anger: float
    wants: tuple[Wants, ...]
    human_asked: bool
    threat: bool
    injection: bool
    resolved: bool
    repeat: bool
    vague: bool
    missing: tuple[Literal["what", "when", "which"], ...]
    follow_up: str | None
    """Reason code whose `question` to ask, or `general`; None when nothing is missing."""
    order_nos: tuple[str, ...]
    amount_minor: int | None
    masked: str
    """The text with codes and secrets masked, safe to store in lists and logs."""
