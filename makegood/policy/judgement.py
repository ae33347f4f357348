"""What the judge hands back: finding, shares, remedies, and the explanation a reader can check."""

from typing import Literal

import msgspec

from makegood.policy.facts import Audience, Interest, SourceKind, Value

Met = Literal["met", "not_met", "held"]
"""`held`: the fact is unknown, or its source may not decide this alone; a person looks."""

Lane = Literal["fast", "careful"]
Class = Literal["P0", "P1", "P2", "P3"]
Wants = Literal["refund", "reissue", "repair", "compensation", "explanation"]
RootCause = Literal["supplier", "customer", "system", "seller"]

PersonWhy = Literal[
    "no_rule",
    "rule_says",
    "fact_unknown",
    "interested_source",
    "sources_disagree",
    "careful_lane",
    "human_asked",
]
"""Why a person must decide. Words for each are in the pack (`person_why`)."""


class Shares(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who finally bears the price, in percent; the parts sum to 100."""

    buyer: int = 0
    seller: int = 0
    supplier: int = 0
    platform: int = 0
    channel: int = 0
    third: int = 0

    def as_dict(self) -> dict[str, int]:
        """The parts by party name, in a fixed order, for `base.money.split_by_shares`."""
        return {name: getattr(self, name) for name in self.__struct_fields__}

    def bearers(self) -> frozenset[str]:
        """The parties that bear anything."""
        return frozenset(name for name, share in self.as_dict().items() if share > 0)


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sentence in both languages."""

    zh: str
    en: str


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of a rule: the fact, what the rule wants of it, what it was, who said so."""

    fact: str
    label: Words
    wanted: Words
    actual: Value
    actual_words: Words
    source: SourceKind | None
    source_id: str
    interest: Interest
    audience: Audience
    met: Met


class TriedRule(msgspec.Struct, frozen=True, kw_only=True):
    """Another rule of the same table, in its order, and the first condition that spoke against it.

    `because` is None for a rule that would also have matched, further down.
    """

    rule: str
    finding: str
    met: Met
    because: Condition | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that would lead to another finding, and the evidence slots that can prove it."""

    fact: str
    label: Words
    wanted: Words
    finding: str
    slots: tuple[str, ...]


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """One remedy that applies, in ladder order. `add_on` comes on top of another remedy."""

    code: str
    rung: int
    add_on: bool = False


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one judgement. Bytes of `encode` are equal for equal inputs and pack."""

    pack: str
    pack_version: str
    pack_digest: str
    table: str
    rule: str
    """Rule id `R-nn.m`; the default rule `R-nn.0` when nothing matched."""
    rule_version: str
    clause: Words
    law: tuple[Words, ...]
    finding: str | None
    """None: no finding by machine; a person decides (or the claim waits, see `wait_for`)."""
    for_buyer: Words
    for_seller: Words
    shares: Shares | None
    advance: str
    recourse: Words
    flags: tuple[str, ...]
    """Marks for follow-up, e.g. `fraud`, `abuse_review`, `cover_void`, `platform_exposure`."""
    remedies: tuple[Remedy, ...]
    recommended: str | None
    refund_rule: str
    """How the amount is computed: `full`, `prorated`, `unit`, `shared`, `extra`, `owed`, `none`."""
    cause: Literal["non_buyer", "buyer"]
    """Which formula of `remedy.py` applies."""
    burden: str
    """Who loses the point when the evidence stays equal: `buyer`, `seller` or `platform`."""
    root_cause: RootCause | None
    lane: Lane
    priority_class: Class
    certain: bool
    """True: the machine may decide this alone (facts known, sources may decide it)."""
    needs_person: PersonWhy | None
    needs_person_words: Words | None
    wait_for: str | None
    """`supplier` or `channel`: still under way; wait with a promised time, then a person."""
    auto_lane: bool
    explanation: tuple[Condition, ...]
    tried: tuple[TriedRule, ...]
    would_change: tuple[Change, ...]

    def encode(self) -> bytes:
        """Canonical bytes: JSON with sorted keys, no timings, no addresses."""
        return msgspec.json.encode(self, order="deterministic")


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What the judge is told beside facts: stock and limits. Never emotion, never tier."""

    stock_available: bool | None = None
    reissue_eta_minutes: int | None = None
    promise_minutes: int | None = None
    """The delivery promise; a reissue must arrive within min(2 h, promise)."""
    failed_repairs: int = 0
    amount_minor: int = 0
    """The amount that this claim could refund at most."""
    auto_cap_minor: int = 0
    """The smaller of the seller's and the platform's cap for the automatic lane."""
    high_value_minor: int | None = None
    """None: the limit of the pack."""
    repeats: int = 0
    deadline_left_percent: int | None = None
    trust_ok: bool = False
    """Buyer's credit tier is B or better, or the payment instrument's history allows it."""
    cluster_claims_30d: int | None = None
    """Claims of the same device cluster in 30 days, this one included."""
    risk_percent: int | None = None
    risk_limit_percent: int = 60
    human_asked: bool = False
