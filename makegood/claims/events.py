"""Everything that can have happened to a claim. Past tense, closed, never changed once released."""

from datetime import datetime
from typing import Literal

import msgspec

from makegood.base.business_time import Calendar
from makegood.claims.view import Audience
from makegood.record.erased import Erased

Lane = Literal["fast", "careful"]
Party = Literal["buyer", "seller"]
Turn = Literal["buyer", "seller", "supplier", "platform"]
Scalar = bool | int | str | None
Personal = str | Erased
"""Text about or by a person; after an erasure only the mark is left."""


class ClaimEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """The common form of all events: who and when stand on the stored row."""


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """A promised time. `then` is the code of what happens at zero; `turn` is whose move it is."""

    kind: str
    at: datetime
    then: str
    turn: Turn
    set_at: datetime
    paused_at: datetime | None = None
    extended: bool = False


class ContractPin(msgspec.Struct, frozen=True, kw_only=True):
    """The contract a claim began under: its clocks hold for the whole life of the claim."""

    contract_id: str
    version: int
    tier: str
    minutes: dict[str, int]
    calendar: Calendar | None = None
    """Which minutes count for these clocks; all of them where there is none."""
    auto_cap_minor: int | None = None
    """The largest refund of one claim by machine; None for the market's own limit."""


class StatedFact(msgspec.Struct, frozen=True, kw_only=True):
    """One fact as a source stated it; times as RFC 3339. None: the source does not know."""

    name: str
    value: Scalar
    source: str
    source_id: str = ""
    interest: str
    at: datetime
    audience: Audience = "all"


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of the rule that decided, with its actual value and source."""

    fact: str
    label_zh: str
    label_en: str
    actual: Scalar
    source: str
    met: Literal["met", "not_met", "held"]
    audience: Audience = "all"


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What the judge needs beside facts; limits and history, never anger or tier."""

    stock_available: bool | None
    auto_cap_minor: int
    trust_ok: bool
    cluster_claims_30d: int
    repeats: int
    refused_30d: int = 0
    refunded_minor: int = 0

    @property
    def risk_percent(self) -> int:
        """Points for a history that a machine should not pay on: more claims, refused claims.

        A household of two is far below the limit; it is shown to staff and never decides who
        is right.
        """
        return min(100, 15 * max(0, self.cluster_claims_30d - 1) + 30 * self.refused_30d)


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome with all it rests on. Amounts in minor units, shares in percent of the price."""

    number: int
    finding: str
    remedy: str
    choices: list[str] = []
    amount_minor: int
    coupon_minor: int
    """Compensation beside the remedy, `interest_minor` included."""
    interest_minor: int = 0
    """Interest on a prepaid rest since the service stopped; compensation, never refund."""
    upgrade_sku: str = ""
    shares: dict[str, int]
    rule_id: str
    rule_version: str
    clause_zh: str
    clause_en: str
    conditions: list[Condition]
    source: Literal["machine", "person", "seller", "settlement", "appeal"]
    decided_by: str
    decided_by_name: str
    reason_text: str = ""
    departure: str = ""
    would_change: list[str] = []
    root_cause: str
    appeal_until: datetime
    around: Circumstances | None = None
    """Stock, caps and history as they were: with the facts, all that the rules were told."""
    like_claims: int = 0
    """How many claims with the same decisive facts had ended in the 180 days before."""
    like_ended: int = 0
    """How many of them ended with this finding."""


class ClaimOpened(ClaimEvent, frozen=True, kw_only=True, tag="claim_opened"):
    """A buyer, or someone for the buyer, complained about units of one order line."""

    claim_no: str
    order_no: str
    order_version: int
    line_no: int
    units: list[int]
    reason: str
    description: Personal
    wants: str
    channel: str
    external_id: str
    buyer_id: Personal
    seller_id: str
    seller_name: str
    supplier_id: str
    category: str
    title: str
    claimed_minor: int
    currency: str
    tags: dict[str, int]
    follow_up_zh: str = ""
    follow_up_en: str = ""
    lane: Lane
    priority: str
    owner_id: str
    owner_name: str
    about_staff: str = ""
    """Whom of our own people the claim complains about; such a claim stays out of their line."""
    policy_version: str
    contract: ContractPin | None = None
    deadlines: list[Deadline]


class ClaimAccepted(ClaimEvent, frozen=True, kw_only=True, tag="claim_accepted"):
    """The claim was taken on; its facts are being checked."""


class ClaimDeclined(ClaimEvent, frozen=True, kw_only=True, tag="claim_declined"):
    """The claim was not taken on, with the refusal that says why."""

    refusal: str
    text: Personal


class FactsRecorded(ClaimEvent, frozen=True, kw_only=True, tag="facts_recorded"):
    """Sources stated facts. Later statements stand beside earlier ones."""

    facts: list[StatedFact]


class CheckFinished(ClaimEvent, frozen=True, kw_only=True, tag="check_finished"):
    """All sources that can be asked were asked; `unanswered` did not reply."""

    unanswered: list[str]


class SupplierAwaited(ClaimEvent, frozen=True, kw_only=True, tag="supplier_awaited"):
    """The supplier has not answered yet; it is asked again until the promised time."""

    supplier_id: str
    deadline: Deadline


class SellerAsked(ClaimEvent, frozen=True, kw_only=True, tag="seller_asked"):
    """It is the seller's turn to accept, contest or offer."""

    deadline: Deadline


class SellerAnswered(ClaimEvent, frozen=True, kw_only=True, tag="seller_answered"):
    """The seller used the turn. An offer is an OfferMade of its own."""

    kind: Literal["accept", "contest"]
    text: Personal


class EvidenceAsked(ClaimEvent, frozen=True, kw_only=True, tag="evidence_asked"):
    """A person or the check asked a side for named evidence, the n-th time."""

    party: Party
    slots: list[str]
    text: Personal
    number: int
    deadline: Deadline
    by_person: bool = False
    """A person who asked also reads the answer; after the check's own request rules go on."""


class EvidenceAdded(ClaimEvent, frozen=True, kw_only=True, tag="evidence_added"):
    """An item was filed. Items are added, never replaced."""

    evidence_id: str
    slot: str
    party: str
    audience: Audience
    media_type: str
    size: int
    sha256: str
    filename: Personal
    notes: list[str]
    has_thumb: bool = False


class TurnLost(ClaimEvent, frozen=True, kw_only=True, tag="turn_lost"):
    """A side let its time pass: the turn is lost, not the claim."""

    turn: Turn
    kind: str


class DeadlineExtended(ClaimEvent, frozen=True, kw_only=True, tag="deadline_extended"):
    """A side's time was extended once, on its own request."""

    kind: str
    at: datetime


class OfferMade(ClaimEvent, frozen=True, kw_only=True, tag="offer_made"):
    """An offer in the negotiation; number 0 is the seller's first, then counter-offers."""

    number: int
    by: Party
    remedy: str
    amount_minor: int
    text: Personal
    deadline: Deadline


class OfferAnswered(ClaimEvent, frozen=True, kw_only=True, tag="offer_answered"):
    """The other side answered the standing offer."""

    number: int
    answer: Literal["accepted", "declined"]


class NegotiationEnded(ClaimEvent, frozen=True, kw_only=True, tag="negotiation_ended"):
    """Talking stopped without agreement: asked for, declined, or out of time."""

    why: Literal["asked", "declined", "time"]


class ReviewStarted(ClaimEvent, frozen=True, kw_only=True, tag="review_started"):
    """A person decides from here; `why` is a code, the promised time stands in the deadlines."""

    why: str
    deadline: Deadline | None = None


class PersonAsked(ClaimEvent, frozen=True, kw_only=True, tag="person_asked"):
    """A party asked that a person look at it."""

    text: Personal


class HandedOver(ClaimEvent, frozen=True, kw_only=True, tag="handed_over"):
    """Another department owes an answer by a promised time."""

    task_id: str
    department: str
    owner_id: str
    question: Personal
    due_at: datetime


class TaskAnswered(ClaimEvent, frozen=True, kw_only=True, tag="task_answered"):
    """The department answered."""

    task_id: str
    text: Personal


class OwnerChanged(ClaimEvent, frozen=True, kw_only=True, tag="owner_changed"):
    """The claim passed from one named owner to another."""

    owner_id: str
    owner_name: str
    why: str


class LaneChanged(ClaimEvent, frozen=True, kw_only=True, tag="lane_changed"):
    """The claim moved between the fast and the careful lane."""

    lane: Lane
    why: str


class PriorityChanged(ClaimEvent, frozen=True, kw_only=True, tag="priority_changed"):
    """The class changed, by a deadline or a new fact."""

    priority: str
    why: str


class TagsChanged(ClaimEvent, frozen=True, kw_only=True, tag="tags_changed"):
    """A person corrected the tags; the reading's own proposal stays in the history."""

    tags: dict[str, int]


class Escalated(ClaimEvent, frozen=True, kw_only=True, tag="escalated"):
    """A deadline passed unmet or a person asked: it goes one line up, with a new time."""

    kind: str
    to: str
    why: str = ""
    deadline: Deadline | None = None


class MessagePosted(ClaimEvent, frozen=True, kw_only=True, tag="message_posted"):
    """A party or the staff wrote something."""

    message_id: str
    text: Personal
    audience: Audience
    deadline: Deadline | None = None
    """When a contract promises an answer to every message: until when this one is answered."""


class DecisionProposed(ClaimEvent, frozen=True, kw_only=True, tag="decision_proposed"):
    """A decision above the decider's limit waits for another person."""

    decision: Decision


class DecisionReturned(ClaimEvent, frozen=True, kw_only=True, tag="decision_returned"):
    """The second person did not release the proposed decision."""

    text: Personal


class ClaimDecided(ClaimEvent, frozen=True, kw_only=True, tag="claim_decided"):
    """The outcome, with its rule and its reasons."""

    decision: Decision
    deadlines: list[Deadline]
    approved_by: str = ""


class RemedyChosen(ClaimEvent, frozen=True, kw_only=True, tag="remedy_chosen"):
    """The buyer chose among the remedies that the decision left open."""

    remedy: str


class GoodsWithdrawn(ClaimEvent, frozen=True, kw_only=True, tag="goods_withdrawn"):
    """The goods were locked, revoked or cancelled before money returns."""

    unit_no: int
    how: Literal["locked", "cancelled", "not_possible"]


class MoneyMoved(ClaimEvent, frozen=True, kw_only=True, tag="money_moved"):
    """A refund, replacement, coupon, repair or upgrade reached a new state."""

    kind: Literal["refund", "reissue", "coupon", "repair", "upgrade"]
    number: str
    state: Literal["wanted", "sent", "accepted", "arrived", "refused", "manual", "cancelled"]
    amount_minor: int
    channel: str
    eta_at: datetime | None = None
    transfers: list[str] = []


class SupplierAnswered(ClaimEvent, frozen=True, kw_only=True, tag="supplier_answered"):
    """The supplier's late answer arrived while it was waited for."""


class RemedyDone(ClaimEvent, frozen=True, kw_only=True, tag="remedy_done"):
    """Everything the decision ordered has been carried out."""

    deadlines: list[Deadline]


class RemedyFailed(ClaimEvent, frozen=True, kw_only=True, tag="remedy_failed"):
    """Part of the remedy cannot be carried out as ordered; a person looks."""

    kind: str
    why: str


class CompensationGiven(ClaimEvent, frozen=True, kw_only=True, tag="compensation_given"):
    """A coupon for lateness or attitude, once per claim and cause."""

    cause: str
    coupon: str
    amount_minor: int


class RepairOffered(ClaimEvent, frozen=True, kw_only=True, tag="repair_offered"):
    """A priced repair that the buyer may pay for."""

    price_minor: int
    text: Personal
    deadline: Deadline


class RepairPaid(ClaimEvent, frozen=True, kw_only=True, tag="repair_paid"):
    """The buyer paid for the repair."""

    trade_no: str
    amount_minor: int
    transfers: list[str] = []


class KeyRevealed(ClaimEvent, frozen=True, kw_only=True, tag="key_revealed"):
    """A code of this claim's unit was shown to someone on our pages."""

    unit_no: int
    generation: int


class NoticeSent(ClaimEvent, frozen=True, kw_only=True, tag="notice_sent"):
    """A notice of this claim was delivered to a party; `about` is the version it told of."""

    about: int
    kind: str
    to: Party
    channel: str


class SurveySent(ClaimEvent, frozen=True, kw_only=True, tag="survey_sent"):
    """The buyer was asked how it went."""


class ClaimRated(ClaimEvent, frozen=True, kw_only=True, tag="claim_rated"):
    """The buyer rated the handling, 1 to 5."""

    score: int
    text: Personal


class ClaimClosed(ClaimEvent, frozen=True, kw_only=True, tag="claim_closed"):
    """The end: exactly one root cause, feedback or none."""

    root_cause: str
    feedback: Personal


class ClaimWithdrawn(ClaimEvent, frozen=True, kw_only=True, tag="claim_withdrawn"):
    """The buyer, freshly proved, took the claim back."""

    reason: Personal
    after_seller_contact: bool


class AppealFiled(ClaimEvent, frozen=True, kw_only=True, tag="appeal_filed"):
    """A side disputes named findings of the decision."""

    by: Party
    disputed: list[str]
    text: Personal
    reviewer_id: str
    reviewer_name: str
    deadline: Deadline


class AppealDecided(ClaimEvent, frozen=True, kw_only=True, tag="appeal_decided"):
    """Another person upheld or changed the decision."""

    outcome: Literal["upheld", "changed"]
    text: Personal
    views: dict[str, str]


class SellerRestored(ClaimEvent, frozen=True, kw_only=True, tag="seller_restored"):
    """An appeal changed who bears what was refunded: the seller got back what was taken before.

    Written by earlier versions; `BearingCorrected` tells of all parties.
    """

    amount_minor: int
    transfers: list[str] = []

    @property
    def moved(self) -> list["MovedPart"]:
        """The one part that moved, as `BearingCorrected` tells it."""
        whole = self.amount_minor
        return [MovedPart(number="", giver="seller", taker="platform", amount_minor=whole)]


class MovedPart(msgspec.Struct, frozen=True, kw_only=True):
    """So much of a refund (`line`, its number) is the taker's part instead of the giver's."""

    number: str
    giver: str
    taker: str
    amount_minor: int
    line: str = ""


class BearingCorrected(ClaimEvent, frozen=True, kw_only=True, tag="bearing_corrected"):
    """Who bears what was refunded follows the changed decision: each part that moved.

    `waiting_minor` moves when the guarantee fund has room for it; the market bears it until then.
    """

    decision_no: int
    moved: list[MovedPart]
    waiting_minor: int = 0
    transfers: list[str] = []


class PayoutHeld(ClaimEvent, frozen=True, kw_only=True, tag="payout_held"):
    """The claimed amount is not paid out to the seller, by this rule, until then at the latest."""

    claim_no: str
    seller_id: str
    amount_minor: int
    currency: str
    rule: str
    until: datetime | None = None


class PayoutFreed(ClaimEvent, frozen=True, kw_only=True, tag="payout_freed"):
    """The claim keeps it from the seller no longer; `why` is the state that the claim came to."""

    claim_no: str
    seller_id: str
    amount_minor: int
    currency: str
    rule: str
    why: str


class SalesHeld(ClaimEvent, frozen=True, kw_only=True, tag="sales_held"):
    """All the seller sells stays in escrow until nobody can claim it any more.

    `amount_minor` is what lay there at that moment. Without an end (`until` is None) it lasts
    until it is lifted. A person who did it by hand said why.
    """

    claim_no: str
    seller_id: str
    amount_minor: int
    currency: str
    rule: str
    until: datetime | None = None
    why: str = ""


class SalesFreed(ClaimEvent, frozen=True, kw_only=True, tag="sales_freed"):
    """The seller's sales are paid out as usual again; `claim_no` is what had begun it."""

    claim_no: str
    seller_id: str
    amount_minor: int
    currency: str
    rule: str
    why: str = ""


class ClaimReopened(ClaimEvent, frozen=True, kw_only=True, tag="claim_reopened"):
    """New evidence about a closed claim was accepted for a second look."""

    text: Personal
    evidence_ids: list[str]
    deadlines: list[Deadline]


class ReferredOutside(ClaimEvent, frozen=True, kw_only=True, tag="referred_outside"):
    """An outside body has the claim until a promised time."""

    body: str
    deadline: Deadline


class OutsideAnswered(ClaimEvent, frozen=True, kw_only=True, tag="outside_answered"):
    """The outside body's answer came back; a person decides with it."""

    text: Personal
    body: str = ""
    finding: str = ""
    """What a mediator found, by the code of the rules; empty where it only said something."""
    remedy: str = ""
    amount_minor: int | None = None


AnyEvent = (
    ClaimOpened
    | ClaimAccepted
    | ClaimDeclined
    | FactsRecorded
    | CheckFinished
    | SupplierAwaited
    | SupplierAnswered
    | SellerAsked
    | SellerAnswered
    | EvidenceAsked
    | EvidenceAdded
    | TurnLost
    | DeadlineExtended
    | OfferMade
    | OfferAnswered
    | NegotiationEnded
    | ReviewStarted
    | PersonAsked
    | HandedOver
    | TaskAnswered
    | OwnerChanged
    | LaneChanged
    | PriorityChanged
    | TagsChanged
    | Escalated
    | MessagePosted
    | DecisionProposed
    | DecisionReturned
    | ClaimDecided
    | RemedyChosen
    | GoodsWithdrawn
    | MoneyMoved
    | RemedyDone
    | RemedyFailed
    | CompensationGiven
    | RepairOffered
    | RepairPaid
    | KeyRevealed
    | NoticeSent
    | SurveySent
    | ClaimRated
    | ClaimClosed
    | ClaimWithdrawn
    | AppealFiled
    | AppealDecided
    | SellerRestored
    | BearingCorrected
    | PayoutHeld
    | PayoutFreed
    | SalesHeld
    | SalesFreed
    | ClaimReopened
    | ReferredOutside
    | OutsideAnswered
)


def event_name(event: ClaimEvent) -> str:
    """The stored name of an event: `claim_opened`, `seller_asked`, …"""
    return str(event.__struct_config__.tag)


def words_of(text: Personal) -> str:
    """The text, or nothing where it was erased."""
    return text if isinstance(text, str) else ""
