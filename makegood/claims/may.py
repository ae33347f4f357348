"""What a reader can do with a claim now: each name is a step its state will not refuse."""

from collections.abc import Callable
from typing import Final

from makegood.base.actor import Actor
from makegood.claims import edges
from makegood.claims.events import Party
from makegood.claims.outcome import may_appeal_again
from makegood.claims.ruling import MACHINE
from makegood.claims.state import STAFF, Claim, Offer
from makegood.claims.turns import MAX_COUNTER_OFFERS, MAX_EVIDENCE_REQUESTS

Test = Callable[[Claim, Actor], bool]
ENDED: Final = ("settled", "closed")
REOPENABLE: Final = (*ENDED, "withdrawn", "declined")


def may(claim: Claim, reader: Actor) -> list[str]:
    """The steps open to this reader, in the order a page shows them."""
    if reader.role in ("buyer", "seller"):
        own = _BUYER if reader.role == "buyer" else _SELLER
        return [name for name, test in (*_SIDES, *own) if test(claim, reader)]
    if reader.role in STAFF:
        return [name for name, test in _STAFF if test(claim, reader)]
    return []


def standing_offer(claim: Claim) -> Offer | None:
    """The offer that waits for an answer."""
    return next((o for o in reversed(claim.offers) if o.state == "open"), None)


def _is_theirs(claim: Claim, reader: Actor) -> bool:
    offer = standing_offer(claim)
    return claim.state == "negotiating" and offer is not None and offer.made.by != reader.role


def _may_counter(claim: Claim, reader: Actor) -> bool:
    return _is_theirs(claim, reader) and len(claim.offers) <= MAX_COUNTER_OFFERS


def _may_appeal(claim: Claim, reader: Actor) -> bool:
    if claim.state not in edges.DECIDED or claim.decision is None or claim.proposed is not None:
        return False
    side: Party = "seller" if reader.role == "seller" else "buyer"
    return may_appeal_again(claim, side) or has_new_evidence(claim)


def has_new_evidence(claim: Claim) -> bool:
    """Whether something was filed after the decision or the end."""
    return any(item.evidence_id not in claim.evidence_at_end for item in claim.evidence)


def _may_ask_person(claim: Claim, reader: Actor) -> bool:
    if claim.person_asked:
        return False
    by_machine = claim.decision is not None and claim.decision.decided_by == MACHINE
    looks_again = claim.state in ENDED or _may_choose(claim, reader)
    return claim.state in edges.UNDECIDED or (by_machine and looks_again)


def _may_choose(claim: Claim, reader: Actor) -> bool:
    chosen = claim.decision is None or not claim.decision.choices or bool(claim.chosen)
    return claim.state == "decided" and not chosen


def _may_pay_repair(claim: Claim, reader: Actor) -> bool:
    return claim.state == "decided" and claim.repair is not None and not claim.repair_paid


def _has_replacement(claim: Claim, reader: Actor) -> bool:
    return any(m.kind == "reissue" and m.state == "arrived" for m in claim.money)


def _may_extend(claim: Claim, reader: Actor) -> bool:
    kind = f"{reader.role}_evidence"
    return kind not in claim.extended and any(d.kind == kind for d in claim.deadlines)


def _may_answer(claim: Claim, reader: Actor) -> bool:
    return edges.may_go("answer", claim.state, "seller") and not claim.seller_answer


def _may_make_good(claim: Claim, reader: Actor) -> bool:
    return edges.may_go("make_good", claim.state, "seller") and not claim.seller_answer


def _may_offer(claim: Claim, reader: Actor) -> bool:
    """Whether the seller may open the talking; it has one budget of time."""
    talked = claim.negotiation_until is not None
    return edges.may_go("offer", claim.state, "seller") and not talked


def _edge(name: str) -> Test:
    return lambda claim, reader: edges.may_go(name, claim.state, reader.role)


def _in(*states: str) -> Test:
    return lambda claim, reader: claim.state in states


def _is_open(claim: Claim, reader: Actor) -> bool:
    return claim.is_open


def _may_ask_evidence(claim: Claim, reader: Actor) -> bool:
    left = len(claim.evidence_requests) < MAX_EVIDENCE_REQUESTS
    return left and edges.may_go("ask_evidence", claim.state, reader.role)


def _may_decline(claim: Claim, reader: Actor) -> bool:
    return claim.decision is None and edges.may_go("decline", claim.state, reader.role)


def _may_approve(claim: Claim, reader: Actor) -> bool:
    waits = claim.proposed is not None and claim.proposed_by != reader.id
    return waits and reader.role in ("lead", "operator")


def _may_review(claim: Claim, reader: Actor) -> bool:
    other = claim.decision is not None and reader.id not in (
        claim.decision.decided_by,
        claim.approved_by,
    )
    return other and edges.may_go("decide_appeal", claim.state, reader.role)


def _has_manual(claim: Claim, reader: Actor) -> bool:
    return any(m.state == "manual" for m in claim.money)


def _has_task(claim: Claim, reader: Actor) -> bool:
    return any(task.done_at is None for task in claim.tasks)


_SIDES: Final[tuple[tuple[str, Test], ...]] = (
    ("accept_offer", _is_theirs),
    ("decline_offer", _is_theirs),
    ("counter_offer", _may_counter),
    ("message", lambda claim, reader: claim.state != "declined"),
    ("add_evidence", lambda claim, reader: True),
    ("extend", _may_extend),
    ("decide_now", _in(*edges.HANDLING)),
    ("appeal", _may_appeal),
)
_BUYER: Final[tuple[tuple[str, Test], ...]] = (
    ("choose_remedy", _may_choose),
    ("pay_repair", _may_pay_repair),
    ("reveal_replacement", _has_replacement),
    ("ask_person", _may_ask_person),
    ("withdraw", _edge("withdraw")),
    ("rate", lambda claim, reader: claim.state in ENDED and claim.rating is None),
    ("reopen", _in(*REOPENABLE)),
)
_SELLER: Final[tuple[tuple[str, Test], ...]] = (
    ("answer", _may_answer),
    ("make_good", _may_make_good),
    ("offer", _may_offer),
)
_STAFF: Final[tuple[tuple[str, Test], ...]] = (
    ("decide", _edge("decide")),
    ("depart", _edge("decide")),
    ("approve", _may_approve),
    ("decide_appeal", _may_review),
    ("confirm_manual_refund", _has_manual),
    ("message", lambda claim, reader: True),
    ("note", lambda claim, reader: True),
    ("ask_evidence", _may_ask_evidence),
    ("state_fact", _is_open),
    ("hand_over", _is_open),
    ("task_answer", _has_task),
    ("escalate", _is_open),
    ("assign", _is_open),
    ("take", _is_open),
    ("set_lane", _is_open),
    ("set_tags", lambda claim, reader: True),
    ("decline", _may_decline),
    ("refer", _edge("refer")),
    ("outside_answer", _edge("outside_answers")),
    ("reopen", _edge("reopen")),
)
