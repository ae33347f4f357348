"""A claim as the fold of its events. Only recording happens here; no rule is checked twice."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

import msgspec

from makegood.base.actor import Actor
from makegood.claims import events as e
from makegood.claims.clock import drop, pause, put, resume
from makegood.claims.state import STAFF, Claim, Offer, Recorded, Task, working_time

TURN_KINDS = (
    "seller_reply",
    "buyer_evidence",
    "seller_evidence",
    "negotiation",
    "supplier_reply",
    "auto_lane",
    "repair",
    "choice",
    "outside",
)
"""Deadlines that belong to one side's turn and end when the turn passes on."""

AFTERWARDS = ("survey", "close")
"""What follows a settled claim by itself; it stands still while anybody looks again."""


def fold(history: list[Recorded]) -> Claim:
    """The claim that a whole history describes; the first event must be its opening."""
    claim = _open(history[0])
    for recorded in history[1:]:
        claim = evolve(claim, recorded)
    return claim


def folds(history: Sequence[Recorded]) -> list[Claim]:
    """The claim as it stood after each of its events."""
    claims: list[Claim] = []
    for recorded in history:
        claims.append(evolve(claims[-1] if claims else None, recorded))
    return claims


def evolve(claim: Claim | None, recorded: Recorded) -> Claim:
    """The claim after one more recorded event."""
    if claim is None:
        return _open(recorded)
    changed = _apply(claim, recorded)
    return msgspec.structs.replace(changed, version=recorded.version, changed_at=recorded.at)


def _open(recorded: Recorded) -> Claim:
    opened = recorded.event
    assert isinstance(opened, e.ClaimOpened), "a history begins with its opening"
    return Claim(
        opened=opened,
        opened_at=recorded.at,
        opened_by=recorded.by,
        version=recorded.version,
        changed_at=recorded.at,
        state="open",
        lane=opened.lane,
        priority=opened.priority,
        owner_id=opened.owner_id,
        owner_name=opened.owner_name,
        tags=opened.tags,
        deadlines=tuple(opened.deadlines),
    )


def _apply(claim: Claim, recorded: Recorded) -> Claim:  # noqa: C901 - the closed list of events
    """One line per event: the closed table of what each of them changes."""
    at, by = recorded.at, recorded.by
    match recorded.event:
        case e.ClaimOpened():
            raise AssertionError("a claim is opened once")
        case e.ClaimAccepted():
            return _set(claim, state="verifying", accepted_at=at, deadlines=drop(claim, "accept"))
        case e.ClaimDeclined(refusal=refusal):
            return _end(claim, "declined", at, refusal=refusal, root_cause="customer")
        case e.FactsRecorded(facts=facts):
            return _set(claim, facts=(*claim.facts, *facts))
        case e.CheckFinished(unanswered=unanswered):
            checked = _set(claim, checked=True, unanswered=tuple(unanswered))
            return _answered(_set(checked, deadlines=drop(checked, "auto_lane")), at)
        case e.SupplierAwaited(deadline=deadline):
            waiting = _set(claim, supplier_wait_until=claim.supplier_wait_until or deadline.at)
            return _turn(waiting, "waiting_supplier", deadline, at, pausing=False)
        case e.SupplierAnswered():
            return _set(claim, state="verifying", deadlines=drop(claim, "supplier_reply"))
        case e.SellerAsked(deadline=deadline):
            return _turn(_set(claim, seller_asked=True), "waiting_seller", deadline, at)
        case e.SellerAnswered(kind=kind):
            answered = _set(claim, seller_answer=kind)
            return _set(answered, deadlines=drop(answered, "seller_reply"))
        case e.EvidenceAsked() as asked:
            requests = (*claim.evidence_requests, asked)
            state = "waiting_buyer" if asked.party == "buyer" else "waiting_seller"
            return _turn(_set(claim, evidence_requests=requests), state, asked.deadline, at)
        case e.EvidenceAdded() as added:
            return _set(claim, evidence=(*claim.evidence, added))
        case e.TurnLost(kind=kind):
            lost = _set(claim, lost_turns=(*claim.lost_turns, kind), offers=_lapse(claim.offers))
            return _set(lost, deadlines=drop(lost, kind))
        case e.DeadlineExtended() as extended:
            kinds = (*claim.extended, extended.kind)
            return _set(claim, deadlines=_extend(claim.deadlines, extended), extended=kinds)
        case e.OfferMade() as made:
            return _offer(claim, made, at)
        case e.OfferAnswered(number=number, answer=answer):
            return _set(claim, offers=_mark(claim.offers, number, answer))
        case e.NegotiationEnded():
            ended = _set(claim, offers=_lapse(claim.offers))
            return _set(ended, deadlines=drop(ended, "negotiation"))
        case e.ReviewStarted(deadline=deadline):
            return _review(claim, deadline, at)
        case e.PersonAsked():
            return _set(claim, person_asked=True)
        case e.HandedOver() as asked:
            return _set(
                claim, tasks=(*claim.tasks, Task(asked=asked)), deadlines=_due(claim, asked, at)
            )
        case e.TaskAnswered() as answered:
            tasks = tuple(_finish(task, answered, at) for task in claim.tasks)
            return _set(claim, tasks=tasks, deadlines=drop(claim, f"task:{answered.task_id}"))
        case e.OwnerChanged(owner_id=owner_id, owner_name=owner_name):
            return _set(claim, owner_id=owner_id, owner_name=owner_name)
        case e.LaneChanged(lane=lane):
            return _set(claim, lane=lane)
        case e.PriorityChanged(priority=priority):
            urgent = _resumed(claim, claim.deadlines, at) if priority == "P0" else claim.deadlines
            return _set(claim, priority=priority, deadlines=urgent)
        case e.TagsChanged(tags=tags):
            return _set(claim, tags=tags)
        case e.Escalated() as escalated:
            return _escalate(claim, escalated)
        case e.MessagePosted() as posted:
            return _message(claim, posted, by, at)
        case e.DecisionProposed(decision=decision):
            return _set(claim, state="decided", proposed=decision, proposed_by=by.id)
        case e.DecisionReturned():
            return _set(claim, state="in_review", proposed=None, proposed_by="")
        case e.ClaimDecided() as decided:
            return _decide(claim, decided, at)
        case e.RemedyChosen(remedy=remedy):
            return _set(claim, chosen=remedy, deadlines=drop(claim, "choice"))
        case e.GoodsWithdrawn() as gone:
            return _set(claim, withdrawn_goods=(*claim.withdrawn_goods, gone))
        case e.MoneyMoved() as moved:
            return _move(claim, moved)
        case e.RemedyDone(deadlines=deadlines):
            return _settle(claim, tuple(deadlines), at)
        case e.RemedyFailed():
            return _set(claim, state="in_review")
        case e.CompensationGiven() as given:
            return _set(claim, compensations=(*claim.compensations, given))
        case e.RepairOffered() as offered:
            priced = _set(claim, repair=offered, deadlines=drop(claim, "refund_order"))
            return _turn(priced, "decided", offered.deadline, at, pausing=False)
        case e.RepairPaid():
            return _set(claim, repair_paid=True, deadlines=drop(claim, "repair"))
        case e.KeyRevealed():
            return claim
        case e.NoticeSent() as sent:
            return _set(claim, notices=(*claim.notices, sent))
        case e.SurveySent():
            return _set(claim, survey_sent=True, deadlines=drop(claim, "survey"))
        case e.ClaimRated(score=score):
            return _set(claim, rating=score)
        case e.ClaimClosed(root_cause=root_cause):
            return _end(claim, "closed", at, root_cause=root_cause)
        case e.ClaimWithdrawn():
            return _end(claim, "withdrawn", at, root_cause="customer")
        case e.AppealFiled() as filed:
            return _appeal(claim, filed, at)
        case e.AppealDecided(outcome=outcome):
            return _appealed(claim, outcome, at)
        case e.SellerRestored(moved=moved) | e.BearingCorrected(moved=moved):
            return _set(claim, shifted=(*claim.shifted, *moved))
        case e.PayoutHeld() as placed:
            return _set(claim, hold=placed)
        case e.PayoutFreed() | e.SalesHeld() | e.SalesFreed():
            return claim
        case e.ClaimReopened(deadlines=deadlines):
            again = _set(claim, state="reopened", deadlines=tuple(deadlines))
            return _set(again, closed_at=None, settled_at=None, root_cause="")
        case e.ReferredOutside(deadline=deadline):
            return _turn(claim, "external", deadline, at)
        case e.OutsideAnswered():
            return _set(claim, deadlines=drop(claim, "outside"))
        case unreachable:
            assert_never(unreachable)


def _set(claim: Claim, **changes: object) -> Claim:
    return msgspec.structs.replace(claim, **changes)


def _turn(
    claim: Claim, state: str, deadline: e.Deadline, at: datetime, *, pausing: bool = True
) -> Claim:
    """Give one side its turn: other turns end, and the decision waits unless it is P0."""
    left = drop(claim, *TURN_KINDS)
    holds = pausing and claim.priority != "P0"
    kept = pause(left, "decision", at) if holds else _resumed(claim, left, at)
    return _set(
        claim, state=state, deadlines=put(kept, deadline), handled_at=claim.handled_at or at
    )


def _resumed(
    claim: Claim, deadlines: tuple[e.Deadline, ...], at: datetime
) -> tuple[e.Deadline, ...]:
    """The decision's clock running again."""
    return resume(deadlines, "decision", at, working_time(claim, "decision"))


def _message(claim: Claim, posted: e.MessagePosted, by: Actor, at: datetime) -> Claim:
    """Who wrote last decides whether an answer is owed: never after the staff has answered.

    Several messages in a row owe one answer, by the time promised for the first of them.
    """
    read = _set(claim, message_ids=(*claim.message_ids, posted.message_id))
    if by.role in STAFF:
        if posted.audience == "platform":
            return read
        return _answered(_set(read, deadlines=drop(read, "next_reply")), at)
    owed = any(deadline.kind == "next_reply" for deadline in claim.deadlines)
    if posted.deadline is None or owed or not claim.is_open:
        return read
    return _set(read, deadlines=put(read.deadlines, posted.deadline))


def _review(claim: Claim, deadline: e.Deadline | None, at: datetime) -> Claim:
    """A person has it: turns, offers and the way to the end are over."""
    left = _resumed(claim, drop(claim, *TURN_KINDS, *AFTERWARDS), at)
    return _set(
        claim,
        state="in_review",
        deadlines=put(left, deadline) if deadline else left,
        offers=_lapse(claim.offers),
        handled_at=claim.handled_at or at,
        settled_at=None,
    )


def _answered(claim: Claim, at: datetime) -> Claim:
    """The first answer by a person or by a finished check meets the first-response promise."""
    met = claim.first_answer_at or at
    return _set(claim, first_answer_at=met, deadlines=drop(claim, "first_response"))


def _offer(claim: Claim, made: e.OfferMade, at: datetime) -> Claim:
    offers = (*_counter(claim.offers), Offer(made=made, at=at, state="open"))
    talking = _set(claim, offers=offers, negotiation_until=made.deadline.at)
    return _turn(talking, "negotiating", made.deadline, at)


def _counter(offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
    return tuple(_set_offer(offer, "countered") for offer in offers)


def _lapse(offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
    return tuple(_set_offer(offer, "lapsed") for offer in offers)


def _mark(offers: tuple[Offer, ...], number: int, state: str) -> tuple[Offer, ...]:
    return tuple(_set_offer(o, state) if o.made.number == number else o for o in offers)


def _set_offer(offer: Offer, state: str) -> Offer:
    return msgspec.structs.replace(offer, state=state) if offer.state == "open" else offer


def _due(claim: Claim, asked: e.HandedOver, at: datetime) -> tuple[e.Deadline, ...]:
    due = e.Deadline(
        kind=f"task:{asked.task_id}", at=asked.due_at, then="escalate", turn="platform", set_at=at
    )
    return put(claim.deadlines, due)


def _finish(task: Task, answered: e.TaskAnswered, at: datetime) -> Task:
    if task.asked.task_id != answered.task_id:
        return task
    return msgspec.structs.replace(task, answer=answered.text, done_at=at)


def _extend(
    deadlines: tuple[e.Deadline, ...], extended: e.DeadlineExtended
) -> tuple[e.Deadline, ...]:
    return tuple(
        msgspec.structs.replace(d, at=extended.at, extended=True) if d.kind == extended.kind else d
        for d in deadlines
    )


def _escalate(claim: Claim, escalated: e.Escalated) -> Claim:
    left = drop(claim, escalated.kind)
    kept = put(left, escalated.deadline) if escalated.deadline else left
    return _set(claim, escalations=(*claim.escalations, escalated.kind), deadlines=kept)


def _decide(claim: Claim, decided: e.ClaimDecided, at: datetime) -> Claim:
    earlier = (*claim.earlier, claim.decision) if claim.decision else claim.earlier
    left = drop(claim, "decision", "appeal_decision", *TURN_KINDS, *AFTERWARDS)
    for deadline in decided.deadlines:
        left = put(left, deadline)
    outcome = _set(
        claim,
        state="decided",
        decision=decided.decision,
        decided_at=at,
        approved_by=decided.approved_by,
        earlier=earlier,
        offers=_lapse(claim.offers),
        proposed=None,
        proposed_by="",
        chosen="",
        evidence_at_end=_on_record(claim),
        settled_at=None,
        closed_at=None,
        root_cause="",
        deadlines=left,
        handled_at=claim.handled_at or at,
    )
    return _answered(outcome, at)


def _move(claim: Claim, moved: e.MoneyMoved) -> Claim:
    """Keep the newest state of each movement; ordering it ends the promise to order it."""
    money = (*(m for m in claim.money if m.number != moved.number), moved)
    ordered = moved.state in ("sent", "accepted", "arrived", "manual")
    deadlines = drop(claim, "refund_order") if ordered else claim.deadlines
    state = "executing" if claim.state == "decided" else claim.state
    return _set(claim, money=money, deadlines=deadlines, state=state)


def _settle(claim: Claim, deadlines: tuple[e.Deadline, ...], at: datetime) -> Claim:
    if claim.state == "appealed":
        waiting = tuple(msgspec.structs.replace(d, paused_at=at) for d in deadlines)
        both = (*drop(claim, *AFTERWARDS), *waiting)
        return _set(claim, before_appeal="settled", settled_at=at, deadlines=both)
    kept = tuple(d for d in claim.deadlines if d.kind.startswith("task:"))
    return _set(claim, state="settled", settled_at=at, deadlines=(*kept, *deadlines))


def _end(claim: Claim, state: str, at: datetime, **changes: object) -> Claim:
    ended = _set(claim, state=state, closed_at=at, deadlines=(), offers=_lapse(claim.offers))
    seen = claim.evidence_at_end if state == "closed" else _on_record(claim)
    return _set(ended, evidence_at_end=seen, **changes)


def _on_record(claim: Claim) -> tuple[str, ...]:
    return tuple(item.evidence_id for item in claim.evidence)


def _appeal(claim: Claim, filed: e.AppealFiled, at: datetime) -> Claim:
    """The way to the end stands still while another person looks."""
    assert claim.decision is not None, "an appeal is about a decision"
    held = claim.deadlines
    for kind in AFTERWARDS:
        held = pause(held, kind, at)
    return _set(
        claim,
        state="appealed",
        appeal=filed,
        appealed=(*claim.appealed, (claim.decision.number, filed.by)),
        before_appeal=claim.state,
        deadlines=put(held, filed.deadline),
    )


def _appealed(claim: Claim, outcome: str, at: datetime) -> Claim:
    """An upheld decision goes on where it stood; a changed one is followed by its successor."""
    left = drop(claim, "appeal_decision")
    for kind in AFTERWARDS:
        left = resume(left, kind, at)
    return _set(
        claim,
        state=claim.before_appeal,
        before_appeal="",
        upheld=outcome == "upheld",
        deadlines=left,
        evidence_at_end=_on_record(claim),
    )
