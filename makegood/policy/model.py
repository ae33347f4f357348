"""A rule pack in memory: reasons, slots, findings, tables, clocks. Immutable once loaded."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from makegood.policy.judgement import RootCause, Shares, Words

Category = Literal["game_card", "gift_card", "membership", "licence", "account", "top_up", "other"]
SlotKind = Literal["image", "video", "text", "account"]
Who = Literal["buyer", "seller", "system"]


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One place for evidence: who fills it, with what, and how."""

    code: str
    who: Who
    kind: SlotKind
    name: Words
    how: Words
    proves: tuple[str, ...] = ()
    """Fact names that this evidence can establish."""


class SlotUse(msgspec.Struct, frozen=True):
    """A slot within a reason's template."""

    slot: str
    required: bool


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One reason of the taxonomy, as a buyer sees it and as the rules treat it."""

    code: str
    group: str
    name: Words
    help: Words
    question: Words
    """The one specific question asked when the description is vague."""
    categories: tuple[Category, ...]
    paypal: str
    stripe: str
    table: str
    default_rule: str
    opponents: tuple[str, ...]
    """Who would pay if the claim succeeded: their lone word may not deny it."""
    careful: bool
    base_class: Literal["P0", "P1", "P2", "P3"]
    slots: tuple[SlotUse, ...]
    product_class: Literal["by_category", "key", "account"] = "by_category"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What may be held true, from the closed list."""

    code: str
    name: Words
    for_buyer: Words
    for_seller: Words
    shares: Shares | None
    """The usual shares; the matched rule's shares win. None where only a person sets them."""
    root_cause: RootCause
    refund_rule: Literal["full", "prorated", "unit", "extra", "none"]
    cause: Literal["non_buyer", "buyer"]
    fault: str


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """An immutable pack. `digest` is the SHA-256 of its files in name order."""

    name: str
    version: str
    digest: str
    reasons: Mapping[str, Reason]
    slots: Mapping[str, Slot]
    findings: Mapping[str, Finding]
