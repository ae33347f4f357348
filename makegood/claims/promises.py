"""The deadlines a claim promises: how long, whose turn, and what happens at zero."""

from datetime import datetime
from typing import Final

from makegood.base import business_time
from makegood.base.time import hours, minutes
from makegood.claims.commands import Clocks
from makegood.claims.events import ContractPin, Deadline, Lane, Turn
from makegood.policy.deadline import Stage, deadline, product_class
from makegood.policy.judgement import Class
from makegood.policy.model import Pack

THEN: Final[dict[str, tuple[str, Turn]]] = {
    "first_response": ("escalate", "platform"),
    "accept": ("escalate", "platform"),
    "auto_lane": ("to_person", "platform"),
    "seller_reply": ("decide_on_facts", "seller"),
    "buyer_evidence": ("decide_on_facts", "buyer"),
    "seller_evidence": ("decide_on_facts", "seller"),
    "supplier_reply": ("to_person", "supplier"),
    "negotiation": ("decide_on_facts", "platform"),
    "decision": ("escalate_and_coupon", "platform"),
    "refund_order": ("escalate_and_coupon", "platform"),
    "choice": ("recommended_remedy", "buyer"),
    "repair": ("lapse", "buyer"),
    "appeal_decision": ("escalate", "platform"),
    "survey": ("send_survey", "platform"),
    "close": ("close", "platform"),
    "hard_stop": ("escalate", "platform"),
    "outside": ("to_person", "platform"),
    "next_reply": ("escalate", "platform"),
}
CHOICE_HOURS: Final = 48


class Timetable:
    """The deadlines of one claim's pack, class and product, counted from `now`."""

    def __init__(
        self,
        pack: Pack,
        now: datetime,
        *,
        priority: Class,
        category: str,
        lane: Lane,
        hard_stop_at: datetime | None = None,
        contract: ContractPin | None = None,
    ) -> None:
        self._pack = pack
        self._now = now
        self._priority = priority
        self._product = product_class(pack, category)
        self._complex = lane == "careful"
        self._hard_stop_at = hard_stop_at
        self._contract = contract

    def of(self, stage: Stage) -> Deadline:
        """The deadline of a stage that begins now."""
        return self._as(stage, stage)

    def _as(self, kind: str, stage: Stage) -> Deadline:
        due = deadline(
            self._pack,
            stage,
            self._now,
            priority_class=self._priority,
            product=self._product,
            complex_claim=self._complex,
            hard_stop_at=self._hard_stop_at,
        )
        return self._at(kind, self._agreed(stage, due.due_at))

    def _agreed(self, stage: Stage, usual: datetime) -> datetime:
        """The contract's time in place of the usual one; in P0 whichever is earlier."""
        agreed = agreed_at(self._contract, stage, self._now)
        if agreed is None:
            return usual
        if self._priority == "P0":
            return min(agreed, usual)
        return agreed if self._hard_stop_at is None else min(agreed, self._hard_stop_at)

    def all(self) -> Clocks:
        """Every deadline that a step from here may set."""
        return Clocks(
            seller_reply=self.of("seller_reply"),
            buyer_evidence=self.of("buyer_evidence"),
            seller_evidence=self.of("seller_evidence"),
            supplier_reply=self.of("supplier_reply"),
            negotiation=self.of("negotiation"),
            decision=self.of("decision"),
            refund_order=self.of("refund_order"),
            choice=self._at("choice", self._now + hours(CHOICE_HOURS)),
            appeal_window=self.of("appeal_window"),
            appeal_decision=self.of("appeal_decision"),
            survey=self._as("survey", "survey_opens"),
            close=self._as("close", "survey"),
            hard_stop=self.of("hard_stop"),
        )

    def _at(self, kind: str, at: datetime) -> Deadline:
        return _deadline(kind, at, self._now)


def agreed_at(contract: ContractPin | None, stage: str, now: datetime) -> datetime | None:
    """When a contract's clock for this stage ends if it begins now; None where it has none."""
    length = contract.minutes.get(stage) if contract else None
    if contract is None or length is None:
        return None
    if contract.calendar is None:
        return now + minutes(length)
    return business_time.add(contract.calendar, now, minutes(length))


def reply_due(contract: ContractPin | None, now: datetime) -> Deadline | None:
    """Until when a message is answered, where a contract promises that."""
    at = agreed_at(contract, "next_reply", now)
    return None if at is None else _deadline("next_reply", at, now)


def _deadline(kind: str, at: datetime, now: datetime) -> Deadline:
    then, turn = THEN.get(kind, ("escalate", "platform"))
    return Deadline(kind=kind, at=at, then=then, turn=turn, set_at=now)
