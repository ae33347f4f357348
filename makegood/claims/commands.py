"""What can be asked of a claim. Imperative; times, ids and rulings arrive inside."""

from datetime import datetime
from typing import Literal

import msgspec

from makegood.claims import events as e
from makegood.claims.view import Audience


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """The common form of commands: who and when stand in the frame of the action."""


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules say about a claim's present facts, ready to become a decision.

    `certain` means that the facts alone decide; `auto` that the automatic lane may also carry
    it out; `hears_seller` that the seller has a say before a person looks; `missing` are the
    buyer's required evidence slots still empty.
    """

    decision: e.Decision | None
    certain: bool
    auto: bool
    lane: e.Lane
    priority: str
    wait_for_supplier: bool
    hears_seller: bool
    missing: list[str]
    why_person: str
    remedies: list[str] = []


class Clocks(msgspec.Struct, frozen=True, kw_only=True):
    """The deadlines that this claim's pack, class and product give from now on."""

    seller_reply: e.Deadline
    buyer_evidence: e.Deadline
    seller_evidence: e.Deadline
    supplier_reply: e.Deadline
    negotiation: e.Deadline
    decision: e.Deadline
    refund_order: e.Deadline
    choice: e.Deadline
    appeal_window: e.Deadline
    appeal_decision: e.Deadline
    survey: e.Deadline
    close: e.Deadline
    hard_stop: e.Deadline


class RecordFacts(Command, frozen=True, kw_only=True):
    """Put stated facts on record."""

    facts: list[e.StatedFact]


class FinishCheck(Command, frozen=True, kw_only=True):
    """All sources were asked: decide, give a side its turn, or fetch a person."""

    unanswered: list[str]
    ruling: Ruling
    clocks: Clocks


class ConfirmPayment(Command, frozen=True, kw_only=True):
    """The gateway confirmed a payment that belongs to no order: the claim is taken on."""

    facts: list[e.StatedFact]


class DoubtPayment(Command, frozen=True, kw_only=True):
    """The gateways say something else of the payment than the payer: a person looks."""

    facts: list[e.StatedFact]


class AnswerAsSeller(Command, frozen=True, kw_only=True):
    """The seller accepts or contests."""

    kind: Literal["accept", "contest"]
    text: str
    agreed: e.Decision | None
    ruling: Ruling
    clocks: Clocks


class MakeOffer(Command, frozen=True, kw_only=True):
    """Either side offers a remedy and, for money, an amount."""

    by: e.Party
    remedy: str
    amount_minor: int
    text: str
    clocks: Clocks


class AcceptOffer(Command, frozen=True, kw_only=True):
    """The other side takes the standing offer; its decision is made by agreement."""

    by: e.Party
    number: int
    decision: e.Decision
    clocks: Clocks


class DeclineOffer(Command, frozen=True, kw_only=True):
    """The other side declines the standing offer."""

    by: e.Party
    number: int
    ruling: Ruling
    clocks: Clocks


class DecideNow(Command, frozen=True, kw_only=True):
    """A side asks that talking stops and the platform decides."""

    ruling: Ruling
    clocks: Clocks


class AskEvidence(Command, frozen=True, kw_only=True):
    """Ask a side for named evidence."""

    party: e.Party
    slots: list[str]
    text: str
    clocks: Clocks


class AddEvidence(Command, frozen=True, kw_only=True):
    """File an item that storage holds already."""

    item: e.EvidenceAdded
    ruling: Ruling | None = None
    clocks: Clocks | None = None


class ExtendDeadline(Command, frozen=True, kw_only=True):
    """A side asks once for more time."""

    kind: str
    at: datetime


class PassDeadlines(Command, frozen=True, kw_only=True):
    """Act on every deadline that has passed; `ruling` only where the end of one asks the rules."""

    ruling: Ruling | None
    clocks: Clocks
    escalate_to: str
    survey_wanted: bool = True


class AskPerson(Command, frozen=True, kw_only=True):
    """A party wants a person to look."""

    text: str
    clocks: Clocks


class PostMessage(Command, frozen=True, kw_only=True):
    """Write to the other parties or to the staff."""

    message_id: str
    text: str
    audience: Audience


class HandOver(Command, frozen=True, kw_only=True):
    """Ask another department by a promised time."""

    task_id: str
    department: str
    owner_id: str
    question: str
    due_at: datetime


class AnswerTask(Command, frozen=True, kw_only=True):
    """Give the department's answer."""

    task_id: str
    text: str


class Assign(Command, frozen=True, kw_only=True):
    """Give the claim to another named owner."""

    owner_id: str
    owner_name: str
    why: str


class SetLane(Command, frozen=True, kw_only=True):
    """Move the claim to the other lane, with the reason."""

    lane: e.Lane
    why: str


class SetPriority(Command, frozen=True, kw_only=True):
    """Change the class, with the reason."""

    priority: str
    why: str


class SetTags(Command, frozen=True, kw_only=True):
    """Correct the tags."""

    tags: list[str]


class Escalate(Command, frozen=True, kw_only=True):
    """Send the claim one line up."""

    to: str
    why: str


class Decide(Command, frozen=True, kw_only=True):
    """A person decides. Above `limit_minor` another person must release it."""

    decision: e.Decision
    limit_minor: int
    clocks: Clocks


class ReleaseDecision(Command, frozen=True, kw_only=True):
    """A second person releases a proposed decision."""

    clocks: Clocks


class ReturnDecision(Command, frozen=True, kw_only=True):
    """A second person sends a proposed decision back."""

    text: str


class ChooseRemedy(Command, frozen=True, kw_only=True):
    """The buyer chooses among the remedies the decision left open."""

    remedy: str


class NoteMoney(Command, frozen=True, kw_only=True):
    """A movement reached a new state; when all have arrived the remedy is done."""

    moved: e.MoneyMoved
    clocks: Clocks


class NoteGoodsWithdrawn(Command, frozen=True, kw_only=True):
    """The goods were withdrawn, or cannot be."""

    unit_no: int
    how: Literal["locked", "cancelled", "not_possible"]


class FinishWithoutMoney(Command, frozen=True, kw_only=True):
    """The remedy needed nothing to be moved."""

    clocks: Clocks


class FailRemedy(Command, frozen=True, kw_only=True):
    """The remedy cannot be carried out as ordered."""

    kind: str
    why: str
    clocks: Clocks


class Compensate(Command, frozen=True, kw_only=True):
    """Give a coupon, once per cause."""

    cause: str
    coupon: str
    amount_minor: int


class OfferRepair(Command, frozen=True, kw_only=True):
    """Offer a priced repair."""

    price_minor: int
    text: str
    deadline: e.Deadline


class NoteRepairPaid(Command, frozen=True, kw_only=True):
    """The buyer's payment for the repair arrived."""

    trade_no: str
    amount_minor: int
    transfers: list[str]


class NoteReveal(Command, frozen=True, kw_only=True):
    """A code of the unit was shown."""

    unit_no: int
    generation: int


class NoteNotice(Command, frozen=True, kw_only=True):
    """A notice was delivered."""

    about: int
    kind: str
    to: e.Party
    channel: str


class Rate(Command, frozen=True, kw_only=True):
    """The buyer rates the handling."""

    score: int
    text: str


class Withdraw(Command, frozen=True, kw_only=True):
    """The buyer takes the claim back."""

    reason: str


class Appeal(Command, frozen=True, kw_only=True):
    """A side disputes the decision before another person."""

    by: e.Party
    disputed: list[str]
    text: str
    reviewer_id: str
    reviewer_name: str
    new_evidence: bool
    clocks: Clocks


class DecideAppeal(Command, frozen=True, kw_only=True):
    """Another person upholds the decision or puts a new one in its place."""

    text: str
    views: dict[str, str]
    decision: e.Decision | None
    clocks: Clocks


class Reopen(Command, frozen=True, kw_only=True):
    """Look again because of evidence that was not there before."""

    text: str
    evidence_ids: list[str]
    clocks: Clocks


class Decline(Command, frozen=True, kw_only=True):
    """Do not take the claim on, and say why."""

    refusal: str
    text: str


class ReferOutside(Command, frozen=True, kw_only=True):
    """Hand the claim to an outside body."""

    body: str
    deadline: e.Deadline


class NoteOutsideAnswer(Command, frozen=True, kw_only=True):
    """The outside body's answer came back."""

    text: str
    body: str = ""
    finding: str = ""
    remedy: str = ""
    amount_minor: int | None = None
    clocks: Clocks


AnyCommand = (
    RecordFacts
    | FinishCheck
    | ConfirmPayment
    | DoubtPayment
    | AnswerAsSeller
    | MakeOffer
    | AcceptOffer
    | DeclineOffer
    | DecideNow
    | AskEvidence
    | AddEvidence
    | ExtendDeadline
    | PassDeadlines
    | AskPerson
    | PostMessage
    | HandOver
    | AnswerTask
    | Assign
    | SetLane
    | SetPriority
    | SetTags
    | Escalate
    | Decide
    | ReleaseDecision
    | ReturnDecision
    | ChooseRemedy
    | NoteMoney
    | NoteGoodsWithdrawn
    | FinishWithoutMoney
    | FailRemedy
    | Compensate
    | OfferRepair
    | NoteRepairPaid
    | NoteReveal
    | NoteNotice
    | Rate
    | Withdraw
    | Appeal
    | DecideAppeal
    | Reopen
    | Decline
    | ReferOutside
    | NoteOutsideAnswer
)
