"""Whose turn it is: what follows a check, an answer, an offer, evidence, or silence."""

from collections.abc import Sequence
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims import commands as c
from makegood.claims import edges
from makegood.claims import events as e
from makegood.claims.fold import evolve
from makegood.claims.outcome import decided
from makegood.claims.remedies import COUPON, GOODS, MONEY, NOTHING
from makegood.claims.state import Claim, Recorded

MAX_EVIDENCE_REQUESTS = 3
MAX_COUNTER_OFFERS = 3
OFFERED: Final = frozenset((*MONEY, *GOODS, "repair", COUPON))
"""What one side can offer the other."""


def after(claim: Claim, events: list[e.AnyEvent], act: Act) -> Claim:
    """The claim as it will be once these events are recorded."""
    for event in events:
        claim = evolve(claim, Recorded(claim.version + 1, act.now, act.actor, event))
    return claim


def finish_check(claim: Claim, command: c.FinishCheck, act: Act) -> list[e.AnyEvent]:
    """The check is over: decide on the facts, give a side its turn, or fetch a person.

    Where a person has the claim already, the check only says that it is done.
    """
    over: list[e.AnyEvent] = [e.CheckFinished(unanswered=command.unanswered)]
    if claim.state not in ("verifying", "waiting_supplier"):
        return over if claim.is_open and not claim.checked else []
    if claim.state == "waiting_supplier":
        if not command.ruling.certain and _is_silent(command.ruling, command.unanswered):
            return []
        if "supplier" not in command.unanswered:
            over = [e.SupplierAnswered(), *over]
    return over + next_step(after(claim, over, act), command.ruling, command.clocks, act)


def next_step(claim: Claim, ruling: c.Ruling, clocks: c.Clocks, act: Act) -> list[e.AnyEvent]:
    """The one step that the present facts call for."""
    moved = _follow_ruling(claim, ruling)
    claim = after(claim, moved, act)
    if ruling.decision is not None and machine_may_decide(claim, ruling):
        return moved + decided(claim, ruling.decision, clocks)
    return [*moved, _next_turn(claim, ruling, clocks)]


def machine_may_decide(claim: Claim, ruling: c.Ruling) -> bool:
    """Facts alone decide: known, from sources that may, not careful, nobody asked for a person.

    A machine gives only in the automatic lane, or where a seller let the own turn pass; a
    contest is always read by a person.
    """
    decision = ruling.decision
    if decision is None or not ruling.certain or claim.lane == "careful" or claim.person_asked:
        return False
    if claim.seller_answer == "contest":
        return False
    gives = decision.remedy not in NOTHING or decision.coupon_minor > 0
    return not gives or ruling.auto or "seller_reply" in claim.lost_turns


def answer_as_seller(claim: Claim, command: c.AnswerAsSeller, act: Act) -> list[e.AnyEvent]:
    """An acceptance decides; a contest is read by a person, with the decision's own time.

    A seller may accept before being asked, while the facts are still looked at.
    """
    if claim.seller_answer:
        raise Refused("already_answered")
    early = command.kind == "accept" and edges.may_go("make_good", claim.state, act.actor.role)
    edges.check("make_good" if early else "answer", claim.state, act.actor.role)
    answered: list[e.AnyEvent] = [e.SellerAnswered(kind=command.kind, text=command.text)]
    if command.kind == "accept" and command.agreed is not None:
        return answered + decided(after(claim, answered, act), command.agreed, command.clocks)
    return [*answered, e.ReviewStarted(why="seller_contested")]


def make_offer(claim: Claim, command: c.MakeOffer, act: Act) -> list[e.AnyEvent]:
    """The seller opens; each side then answers the other, three counter-offers in all."""
    edges.check("offer", claim.state, act.actor.role)
    standing = next((o for o in reversed(claim.offers) if o.state == "open"), None)
    if command.remedy not in OFFERED:
        raise Refused("remedy_not_available", remedy=command.remedy)
    if standing is None and command.by == "buyer":
        raise Refused("not_your_turn", step="offer")
    if standing is not None and standing.made.by == command.by:
        raise Refused("not_your_turn", step="offer")
    if len(claim.offers) > MAX_COUNTER_OFFERS:
        raise Refused("offer_limit", limit=MAX_COUNTER_OFFERS)
    if claim.negotiation_until is not None and act.now >= claim.negotiation_until:
        raise Refused("negotiation_over", at=claim.negotiation_until)
    if not 0 <= command.amount_minor <= claim.opened.claimed_minor:
        raise Refused("exceeds_paid", most_minor=claim.opened.claimed_minor)
    if command.remedy in (*MONEY, COUPON) and command.amount_minor == 0:
        raise Refused("amount_not_positive")
    deadline = _negotiation_deadline(claim, command.clocks)
    return [
        e.OfferMade(
            number=len(claim.offers),
            by=command.by,
            remedy=command.remedy,
            amount_minor=command.amount_minor,
            text=command.text,
            deadline=deadline,
        )
    ]


def accept_offer(claim: Claim, command: c.AcceptOffer, act: Act) -> list[e.AnyEvent]:
    """Agreement decides. A buyer gives up rights by it, so the proof must be fresh."""
    edges.check("accept_offer", claim.state, act.actor.role)
    _check_proof(command.by, act)
    _check_standing(claim, command.number, command.by)
    if claim.negotiation_until is not None and act.now >= claim.negotiation_until:
        raise Refused("negotiation_over", at=claim.negotiation_until)
    taken: list[e.AnyEvent] = [e.OfferAnswered(number=command.number, answer="accepted")]
    return taken + decided(after(claim, taken, act), command.decision, command.clocks)


def decline_offer(claim: Claim, command: c.DeclineOffer, act: Act) -> list[e.AnyEvent]:
    """A declined offer ends the talking; the facts, then a person, decide."""
    edges.check("decline_offer", claim.state, act.actor.role)
    _check_standing(claim, command.number, command.by)
    ended: list[e.AnyEvent] = [
        e.OfferAnswered(number=command.number, answer="declined"),
        e.NegotiationEnded(why="declined"),
    ]
    return ended + next_step(after(claim, ended, act), command.ruling, command.clocks, act)


def decide_now(claim: Claim, command: c.DecideNow, act: Act) -> list[e.AnyEvent]:
    """Either side may end the waiting; what is on record then decides."""
    edges.check("decide_now", claim.state, act.actor.role)
    ended: list[e.AnyEvent] = []
    if claim.state == "negotiating":
        ended.append(e.NegotiationEnded(why="asked"))
        return ended + next_step(after(claim, ended, act), command.ruling, command.clocks, act)
    return [e.ReviewStarted(why="asked_to_decide_now")]


def ask_evidence(claim: Claim, command: c.AskEvidence, act: Act) -> list[e.AnyEvent]:
    """A side is asked for named evidence, three times per claim at most."""
    edge = "ask_evidence" if command.party == "buyer" else "ask_seller_evidence"
    edges.check(edge, claim.state, act.actor.role)
    if len(claim.evidence_requests) >= MAX_EVIDENCE_REQUESTS:
        raise Refused("evidence_requests_used_up", limit=MAX_EVIDENCE_REQUESTS)
    asked = _asked(claim, command.party, command.slots, command.text, command.clocks)
    return [msgspec.structs.replace(asked, by_person=act.actor.role != "system")]


def add_evidence(claim: Claim, command: c.AddEvidence, act: Act) -> list[e.AnyEvent]:
    """File an item once; when everything asked for is there, the claim goes on by itself."""
    edges.check("add_evidence", claim.state, act.actor.role)
    if any(item.evidence_id == command.item.evidence_id for item in claim.evidence):
        return []
    added: list[e.AnyEvent] = [command.item]
    if command.ruling is None or command.clocks is None or not _completes(claim, command.item):
        return added
    return added + after_evidence(after(claim, added, act), command.ruling, command.clocks, act)


def after_evidence(claim: Claim, ruling: c.Ruling, clocks: c.Clocks, act: Act) -> list[e.AnyEvent]:
    """Evidence came or its time passed: who asked for it goes on, the rules or a person."""
    if claim.evidence_requests and claim.evidence_requests[-1].by_person:
        return [e.ReviewStarted(why="evidence_in")]
    return next_step(claim, ruling, clocks, act)


def extend_deadline(claim: Claim, command: c.ExtendDeadline, act: Act) -> list[e.AnyEvent]:
    """More time for one's own evidence, once."""
    party = act.actor.role
    running = next((d for d in claim.deadlines if d.kind == command.kind), None)
    if running is None or running.turn != party or not command.kind.endswith("_evidence"):
        raise Refused("not_your_turn", step="extend")
    if command.kind in claim.extended:
        raise Refused("already_answered")
    return [e.DeadlineExtended(kind=command.kind, at=max(command.at, running.at))]


def _follow_ruling(claim: Claim, ruling: c.Ruling) -> list[e.AnyEvent]:
    """The lane and class that the facts call for; a person's own choice of lane stays."""
    moved: list[e.AnyEvent] = []
    if ruling.lane == "careful" and claim.lane == "fast":
        moved.append(e.LaneChanged(lane="careful", why="facts"))
    if ruling.priority < claim.priority:
        moved.append(e.PriorityChanged(priority=ruling.priority, why="facts"))
    return moved


def _next_turn(claim: Claim, ruling: c.Ruling, clocks: c.Clocks) -> e.AnyEvent:
    granted = claim.supplier_wait_until is not None
    silent = _is_silent(ruling, claim.unanswered)
    if silent and not granted and claim.state == "verifying" and not ruling.certain:
        return e.SupplierAwaited(
            supplier_id=claim.opened.supplier_id, deadline=clocks.supplier_reply
        )
    if ruling.missing and not ruling.certain and _may_still_ask_buyer(claim):
        return _asked(claim, "buyer", ruling.missing, "", clocks)
    if ruling.hears_seller and not claim.seller_asked and not claim.person_asked:
        return e.SellerAsked(deadline=clocks.seller_reply)
    return e.ReviewStarted(why=ruling.why_person or "facts_open")


def _is_silent(ruling: c.Ruling, unanswered: Sequence[str]) -> bool:
    """Whether the supplier has said nothing yet, or only that it is not done."""
    return ruling.wait_for_supplier or "supplier" in unanswered


def _may_still_ask_buyer(claim: Claim) -> bool:
    """The rules ask the buyer once, and never beyond the three requests of a claim."""
    asked = any(request.party == "buyer" for request in claim.evidence_requests)
    return not asked and len(claim.evidence_requests) < MAX_EVIDENCE_REQUESTS


def _asked(
    claim: Claim, party: e.Party, slots: list[str], text: str, clocks: c.Clocks
) -> e.EvidenceAsked:
    return e.EvidenceAsked(
        party=party,
        slots=slots,
        text=text,
        number=len(claim.evidence_requests) + 1,
        deadline=clocks.buyer_evidence if party == "buyer" else clocks.seller_evidence,
    )


def _completes(claim: Claim, item: e.EvidenceAdded) -> bool:
    """Whether this item is the last one of a running request to its side."""
    waiting = {"buyer": "waiting_buyer", "seller": "waiting_seller"}.get(item.party)
    if claim.state != waiting or not claim.evidence_requests:
        return False
    request = claim.evidence_requests[-1]
    if request.party != item.party:
        return False
    given = {added.slot for added in claim.evidence if added.party == item.party} | {item.slot}
    return set(request.slots) <= given


def _negotiation_deadline(claim: Claim, clocks: c.Clocks) -> e.Deadline:
    """One budget for all talking: it starts with the first offer and is never renewed."""
    if claim.negotiation_until is None:
        return clocks.negotiation
    running = next((d for d in claim.deadlines if d.kind == "negotiation"), clocks.negotiation)
    return e.Deadline(
        kind="negotiation",
        at=claim.negotiation_until,
        then=running.then,
        turn="platform",
        set_at=running.set_at,
    )


def _check_standing(claim: Claim, number: int, by: e.Party) -> None:
    offer = next((o for o in claim.offers if o.made.number == number), None)
    if offer is None or offer.state != "open":
        raise Refused("already_answered")
    if offer.made.by == by:
        raise Refused("not_your_turn", step="offer")


def _check_proof(by: e.Party, act: Act) -> None:
    if by == "buyer" and not act.actor.fresh_proof:
        raise Refused("fresh_proof_needed")
