"""What a claim is at one moment, and the recorded events that made it so."""

from datetime import datetime

import msgspec

from makegood.base.actor import Actor
from makegood.base.business_time import Calendar
from makegood.claims import events as e

OPEN_STATES = frozenset(
    {
        "open",
        "verifying",
        "waiting_seller",
        "waiting_buyer",
        "waiting_supplier",
        "negotiating",
        "in_review",
        "decided",
        "executing",
        "appealed",
        "reopened",
        "external",
    }
)
"""States in which somebody still owes something; each has an owner and a deadline."""

STAFF = frozenset({"agent", "lead", "operator"})


class Recorded(msgspec.Struct, frozen=True):
    """An event with what its stored row says: its place, its time and who did it."""

    version: int
    at: datetime
    by: Actor
    event: e.AnyEvent


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """An offer and what became of it."""

    made: e.OfferMade
    at: datetime
    state: str


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A hand-over and its answer."""

    asked: e.HandedOver
    answer: e.Personal = ""
    done_at: datetime | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The present state of one claim."""

    opened: e.ClaimOpened
    opened_at: datetime
    opened_by: Actor
    version: int
    changed_at: datetime
    state: str
    lane: str
    priority: str
    owner_id: str
    owner_name: str
    tags: dict[str, int]
    deadlines: tuple[e.Deadline, ...]
    facts: tuple[e.StatedFact, ...] = ()
    unanswered: tuple[str, ...] = ()
    checked: bool = False
    evidence: tuple[e.EvidenceAdded, ...] = ()
    evidence_at_end: tuple[str, ...] = ()
    """What was on record when the claim was decided, withdrawn or declined."""
    evidence_requests: tuple[e.EvidenceAsked, ...] = ()
    seller_asked: bool = False
    seller_answer: str = ""
    lost_turns: tuple[str, ...] = ()
    extended: tuple[str, ...] = ()
    """Kinds of deadlines that a side has had extended; each once in the life of a claim."""
    supplier_wait_until: datetime | None = None
    """The one promised time for a supplier's answer; it is granted once and never moved."""
    message_ids: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()
    negotiation_until: datetime | None = None
    tasks: tuple[Task, ...] = ()
    escalations: tuple[str, ...] = ()
    person_asked: bool = False
    first_answer_at: datetime | None = None
    accepted_at: datetime | None = None
    handled_at: datetime | None = None
    proposed: e.Decision | None = None
    proposed_by: str = ""
    decision: e.Decision | None = None
    decided_at: datetime | None = None
    approved_by: str = ""
    earlier: tuple[e.Decision, ...] = ()
    upheld: bool | None = None
    chosen: str = ""
    withdrawn_goods: tuple[e.GoodsWithdrawn, ...] = ()
    money: tuple[e.MoneyMoved, ...] = ()
    compensations: tuple[e.CompensationGiven, ...] = ()
    repair: e.RepairOffered | None = None
    repair_paid: bool = False
    appeal: e.AppealFiled | None = None
    appealed: tuple[tuple[int, str], ...] = ()
    """Which decision, by number, was appealed by whom."""
    before_appeal: str = ""
    shifted: tuple[e.MovedPart, ...] = ()
    """Parts of refunds that moved from one bearer to another since they were paid."""
    hold: e.PayoutHeld | None = None
    """What it held of the seller's money last; none where there was nothing to hold."""
    settled_at: datetime | None = None
    closed_at: datetime | None = None
    notices: tuple[e.NoticeSent, ...] = ()
    survey_sent: bool = False
    rating: int | None = None
    root_cause: str = ""
    refusal: str = ""

    @property
    def claim_no(self) -> str:
        """The number people read out."""
        return self.opened.claim_no

    @property
    def is_open(self) -> bool:
        """Whether somebody still owes something."""
        return self.state in OPEN_STATES


def working_time(claim: Claim, kind: str) -> Calendar | None:
    """Which minutes count for a clock of this claim; all of them unless a contract says so."""
    contract = claim.opened.contract
    return contract.calendar if contract is not None and kind in contract.minutes else None
