"""A rule pack in memory: reasons, slots, findings, words and clocks. Immutable once loaded."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from makegood.policy.judgement import Class, RootCause, Shares, Words
from makegood.policy.tables import Table

Category = Literal["game_card", "gift_card", "membership", "licence", "account", "top_up", "other"]
ProductClass = Literal["key", "top_up", "account", "membership", "other"]
SlotKind = Literal["image", "video", "text", "account"]
Who = Literal["buyer", "seller", "system"]
RefundRule = Literal["full", "prorated", "unit", "shared", "extra", "owed", "none"]
FindingKind = Literal[
    "undelivered",
    "bad_goods",
    "described",
    "partial",
    "term",
    "shared",
    "late",
    "payment",
    "withdraw",
    "safety",
    "service",
    "buyer_fault",
    "buyer_target",
    "works",
    "accepted",
    "wait",
]


class Slot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place for evidence: who fills it, with what, how, and which facts it can prove."""

    code: str
    who: Who
    kind: SlotKind
    name: Words
    how: Words
    proves: tuple[str, ...]


class SlotUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A slot within a reason's template."""

    slot: str
    required: bool


class Reason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
    opponents: tuple[str, ...]
    """Who would pay if the claim succeeded: their lone word may not deny it."""
    burden: Literal["buyer", "seller", "platform"]
    """Who loses the point when the evidence is equal."""
    careful: bool
    base_class: Class
    slots: tuple[SlotUse, ...]


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be held true, from the closed list, with its clause and who bears the price."""

    code: str
    name: Words
    kind: FindingKind
    clause: Words
    for_buyer: Words
    for_seller: Words
    shares: Shares | None
    """None where nothing is decided yet (the claim waits)."""
    advance: Literal["platform", "escrow", "none"]
    recourse: str
    root_cause: RootCause
    refund_rule: RefundRule
    cause: Literal["non_buyer", "buyer"]
    flags: tuple[str, ...]
    law: tuple[str, ...]


class MinutesOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stage's time for one product class."""

    default_minutes: int
    p0_minutes: int


class StageClock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a stage may take, why, and what happens at its end."""

    default_minutes: int
    p0_minutes: int
    basis: Words
    consequence: Words
    pauses: bool
    by_product: Mapping[str, MinutesOf] = {}


class Clocks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every clock of the pack; minutes unless the name says otherwise."""

    stages: Mapping[str, StageClock]
    payout_hold_days: Mapping[str, int]
    product_class: Mapping[str, ProductClass]
    extensions: Mapping[str, int]
    evidence_requests: int
    counter_offers: int


class PackWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words of the pack that belong to no single reason or finding."""

    groups: Mapping[str, Words]
    law: Mapping[str, Words]
    tables: Mapping[str, Words]
    recourse: Mapping[str, Words]
    advance: Mapping[str, Words]
    person_why: Mapping[str, Words]
    values: Mapping[str, Words]
    sources: Mapping[str, Words]
    remedies: Mapping[str, Words]
    parties: Mapping[str, Words]
    default_clause: Words
    default_for_buyer: Words
    default_for_seller: Words


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Figures that an operator may change."""

    reissue_eta_minutes: int
    high_value_minor: int
    interest_bp: int = 300
    """Yearly interest on what was prepaid and not served, in basis points (one-year LPR)."""
    deposit_interest_bp: int = 150
    """The same where the buyer ends it (deposit rate)."""


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first file of a pack: its name, version, and the ladder of remedies."""

    name: str
    version: str
    format: Literal[1]
    title: Words
    remedies: tuple[str, ...]
    rungs: Mapping[str, int]
    wants: Mapping[str, tuple[str, ...]]
    limits: Limits


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A written example of a rule: what happened in words, and as facts that lead to the rule."""

    rule: str
    reason: str
    title: Words
    text: Words
    facts: Mapping[str, bool | int | str]


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """An immutable pack. `digest` is the SHA-256 of `source`, its one file."""

    head: Head
    digest: str
    source: bytes
    reasons: Mapping[str, Reason]
    slots: Mapping[str, Slot]
    findings: Mapping[str, Finding]
    tables: Mapping[str, Table]
    clocks: Clocks
    words: PackWords
    examples: tuple[Example, ...] = ()

    @property
    def name(self) -> str:
        """The pack's name."""
        return self.head.name

    @property
    def version(self) -> str:
        """The pack's version; permanent once published."""
        return self.head.version

    def template(self, reason: str, who: Who) -> list[tuple[Slot, bool]]:
        """The evidence slots of a reason for one side, each with whether it is required."""
        uses = self.reasons[reason].slots
        found = [(self.slots[use.slot], use.required) for use in uses]
        return [(slot, required) for slot, required in found if slot.who == who]

    def reasons_for(self, category: str) -> list[Reason]:
        """The reasons that apply to a product category, in the taxonomy's order."""
        return [reason for reason in self.reasons.values() if category in reason.categories]
