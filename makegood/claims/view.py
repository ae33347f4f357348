"""What one reader may see of a claim: the same steps for all, each party's own details."""

from datetime import datetime
from typing import Literal

import msgspec

Audience = Literal["all", "buyer", "seller", "supplier", "platform"]
"""Who besides the platform may read an item: everybody, one side, or nobody."""


class PersonView(msgspec.Struct, frozen=True):
    """A party as others see it: never a contact, device or address."""

    role: str
    name: str


class DeadlineView(msgspec.Struct, frozen=True):
    """A deadline with its consequence. `then` is a code whose words say what happens at zero."""

    kind: str
    at: datetime
    then: str
    turn: Literal["buyer", "seller", "supplier", "platform"]
    set_at: datetime
    state: Literal["running", "soon", "late", "paused", "met"]


class FactView(msgspec.Struct, frozen=True):
    """One stated fact. `value` is a JSON scalar; None means the source does not know."""

    name: str
    value: bool | int | str | None
    source: str
    interest: str
    at: datetime


class EvidenceView(msgspec.Struct, frozen=True):
    """One filed item. `notes` are integrity-note codes; the SHA-256 is hex of the original."""

    evidence_id: str
    slot: str
    party: str
    media_type: str
    size: int
    sha256: str
    notes: list[str]
    added_at: datetime
    has_thumb: bool = False


class SlotView(msgspec.Struct, frozen=True):
    """One evidence slot of the claim's template and what it still lacks."""

    slot: str
    party: str
    required: bool
    filled: int


class ConditionView(msgspec.Struct, frozen=True):
    """One condition of a rule with the actual value and where the value came from."""

    label_zh: str
    label_en: str
    actual: bool | int | str | None
    source: str
    met: Literal["met", "not_met", "held"]
    fact: str = ""
    """The fact's name in the vocabulary."""
    kept_for: Audience = "all"
    """For whose eyes alone the value is, where this reader does not get it."""


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome with its rule. Amounts in minor units; shares in percent, sum 100."""

    number: int
    finding: str
    remedy: str
    amount_minor: int
    coupon_minor: int
    currency: str
    shares: dict[str, int]
    rule_id: str
    rule_version: str
    clause_zh: str
    clause_en: str
    conditions: list[ConditionView]
    decided_by: PersonView
    decided_at: datetime
    machine: bool
    reason_text: str
    would_change: list[str]
    appeal_until: datetime | None
    choices: list[str] = []
    """Remedies that the decision leaves to the buyer; empty when it names one."""
    upheld: bool | None = None
    """None before an appeal; else whether the appeal left it standing."""
    rules: str = ""
    """The version of the rules that judged, `default@1`; empty where no rule did."""
    assist: str = ""
    """The rules' part in it: `alone`, `followed`, `departed`, `unaided` or `agreed`."""
    departure: str = ""
    """What makes this claim different, where a person departed from rules or like claims."""
    like_claims: int = 0
    """Claims with the same decisive facts in the 180 days before."""
    like_ended: int = 0
    """How many of them ended with this finding."""


class SuggestionView(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules propose to the person who decides; a proposal until confirmed."""

    finding: str
    remedy: str
    amount_minor: int
    currency: str
    shares: dict[str, int]
    rule_id: str
    rule_version: str
    clause_zh: str
    clause_en: str
    conditions: list[ConditionView]
    remedies: list[str]
    why_person: str


class MoneyView(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of money or goods of the remedy. Accepted is not arrived."""

    kind: Literal["refund", "reissue", "coupon", "repair", "upgrade", "explanation"]
    number: str
    state: Literal["wanted", "sent", "accepted", "arrived", "refused", "manual", "cancelled"]
    amount_minor: int
    currency: str
    channel: str
    eta_at: datetime | None
    at: datetime
    code: str = ""
    """A coupon's code, for its buyer alone."""


class OfferView(msgspec.Struct, frozen=True, kw_only=True):
    """One offer in the negotiation: the n-th, by whom, what, and whether it stands."""

    number: int
    by: str
    remedy: str
    amount_minor: int
    currency: str
    text: str
    at: datetime
    state: Literal["open", "accepted", "declined", "countered", "lapsed"]


class DisputedView(msgspec.Struct, frozen=True, kw_only=True):
    """One condition that an appeal disputes, and what the reviewer holds of it."""

    fact: str
    label_zh: str
    label_en: str
    view: str = ""
    """`keep`, `change`, `unclear` or the reviewer's own words; empty before the answer."""


class MovedPartView(msgspec.Struct, frozen=True, kw_only=True):
    """So much of what was refunded is the taker's part instead of the giver's."""

    giver: str
    taker: str
    amount_minor: int
    currency: str
    numbers: list[str] = []
    """The corrections by their numbers, as they stand on a statement."""


class AppealView(msgspec.Struct, frozen=True, kw_only=True):
    """One appeal: who disputes what, who answers until when, and the answer point by point."""

    decision_no: int
    remedy: str
    """What the disputed decision gave."""
    amount_minor: int
    currency: str
    by: str
    filed_at: datetime
    text: str
    points: list[DisputedView]
    """Empty where the decision is disputed as a whole."""
    reviewer: PersonView
    """Somebody who had no part in the decision."""
    due_at: datetime
    outcome: Literal["", "upheld", "changed"] = ""
    decided_at: datetime | None = None
    answer: str = ""
    moved: list[MovedPartView] = []
    """What moved between those who bear the refund; parties see their own parts."""
    waiting_minor: int = 0
    """What the market bears until the guarantee fund has room for another's debt."""


class TaskView(msgspec.Struct, frozen=True, kw_only=True):
    """A hand-over to a department, with owner and promised time."""

    task_id: str
    department: str
    question: str
    due_at: datetime
    answer: str
    done_at: datetime | None


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the shared history. `what` is an event name; `with_` fills its words."""

    version: int
    what: str
    by: PersonView
    at: datetime
    audience: Audience
    with_: dict[str, bool | int | str | None]
    text: str = ""
    """The message itself where the step is a message."""


class StageView(msgspec.Struct, frozen=True):
    """One of the five shown stages: accept, verify, handle, feedback, improve."""

    stage: Literal["accept", "verify", "handle", "feedback", "improve"]
    status: Literal["done", "now", "next", "skipped"]
    at: datetime | None


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """The order as pinned by the claim. Contacts and codes are never part of it."""

    order_no: str
    version: int
    line_no: int
    units: list[int]
    title: str
    category: str
    seller_id: str
    seller_name: str
    placed_at: datetime
    paid_at: datetime | None
    delivered_at: datetime | None
    promised_at: datetime | None
    unit_paid_minor: int
    currency: str
    listing_text: str
    window_until: datetime | None
    policy: str


class ClaimView(msgspec.Struct, frozen=True, kw_only=True):
    """A claim for one reader. `may` lists the actions this reader can take now."""

    claim_no: str
    version: int
    state: str
    lane: Literal["fast", "careful"]
    priority: str
    reason: str
    wants: str
    description: str
    follow_up_zh: str
    follow_up_en: str
    """One specific question back where the description was vague; empty otherwise."""
    opened_at: datetime
    channel: str
    owner: PersonView
    buyer: PersonView
    order: OrderView
    claimed_minor: int
    held_minor: int
    stages: list[StageView]
    deadlines: list[DeadlineView]
    facts: list[FactView]
    slots: list[SlotView]
    evidence: list[EvidenceView]
    decision: DecisionView | None
    earlier_decisions: list[DecisionView]
    suggestion: SuggestionView | None
    money: list[MoneyView]
    offers: list[OfferView]
    tasks: list[TaskView]
    steps: list[StepView]
    tags: dict[str, int]
    """Tag code to confidence in percent; 100 where a person set it."""
    root_cause: str
    rating: int | None
    may: list[str]
    erased: bool = False
    """Whether the buyer was erased: words and files are gone, the steps and amounts are not."""
    appeals: list[AppealView] = []
    """First to last; what became of each."""


class ClaimRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list of claims."""

    claim_no: str
    state: str
    lane: str
    priority: str
    reason: str
    title: str
    order_no: str
    seller_id: str
    seller_name: str
    amount_minor: int
    currency: str
    owner_id: str
    owner_name: str
    opened_at: datetime
    changed_at: datetime
    next_deadline_at: datetime | None
    next_deadline_kind: str
    excerpt: str
    version: int
