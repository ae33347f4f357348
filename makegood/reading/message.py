"""What a message says: what reading is told about the order, and what it hands back."""

from typing import Final, Literal

import msgspec

Cue = Literal["security", "takeover", "money_no_order", "minor", "threat", "repeat"]
Wants = Literal["refund", "reissue", "repair", "compensation", "explanation"]
Missing = Literal["what", "when", "which"]

GENERAL: Final = "general"
GENERAL_QUESTION: Final = {
    "zh": "具体是哪一件、看到了什么提示、什么时候发生的？",
    "en": "Which one is it, what message did you see, and when did it happen?",
}


class OrderContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the order says, so that its state settles what wording cannot."""

    order_nos: tuple[str, ...] = ()
    """Orders that this reader may see; only these are recognised in the text when given."""
    order_no_patterns: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    """Reason codes that apply to this product; empty when the product is unknown."""
    reason: str | None = None
    """The reason that the buyer chose, when there is one."""
    paid: bool | None = None
    delivered: bool | None = None
    revealed: bool | None = None
    prior_contacts: int = 0


NO_ORDER: Final = OrderContext()


class Tag(msgspec.Struct, frozen=True):
    """A reason code with its confidence 0..1; a person may change it."""

    code: str
    confidence: float


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says. Text proposes; the order and the facts decide."""

    tags: tuple[Tag, ...]
    """At most three, best first. `OTHER` means no complaint was recognised."""
    urgent: tuple[Cue, ...]
    anger: float
    """0..1; orders a queue, never decides."""
    wants: tuple[Wants, ...]
    human_asked: bool
    threat: bool
    injection: bool
    resolved: bool
    repeat: bool
    missing: tuple[Missing, ...]
    vague: bool
    follow_up: str | None
    """Reason code whose question to ask, or `general`; None when nothing needs asking."""
    order_nos: tuple[str, ...]
    amount_minor: int | None
    masked: str
    """The text with codes and secrets masked, fit for lists and logs."""
