"""From the decision to the end: deciding, carrying out, settling, appealing, reopening."""

import msgspec

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims import commands as c
from makegood.claims import edges
from makegood.claims import events as e
from makegood.claims.remedies import ALL, MONEY, NOTHING
from makegood.claims.state import Claim

DONE = ("arrived", "cancelled")
LATE = "late_"
"""How the causes of a coupon for a promise that was broken begin."""
ROOT_CAUSES = ("supplier", "customer", "system", "seller")


def decided(
    claim: Claim, decision: e.Decision, clocks: c.Clocks, approved_by: str = ""
) -> list[e.AnyEvent]:
    """The decision, and the end at once where nothing has to be moved."""
    assert decision.remedy in ALL, f"unknown remedy {decision.remedy!r}"
    numbered = _numbered(claim, decision)
    if numbered.remedy in NOTHING and not numbered.choices and numbered.coupon_minor == 0:
        done = e.RemedyDone(deadlines=[clocks.survey, clocks.close])
        return [e.ClaimDecided(decision=numbered, deadlines=[], approved_by=approved_by), done]
    turns = [clocks.choice if numbered.choices else clocks.refund_order]
    if all(deadline.kind != "hard_stop" for deadline in claim.deadlines):
        # A claim that had ended has no last stop any more; carrying out must never be without.
        turns.append(clocks.hard_stop)
    return [e.ClaimDecided(decision=numbered, deadlines=turns, approved_by=approved_by)]


def decide(claim: Claim, command: c.Decide, act: Act) -> list[e.AnyEvent]:
    """A person decides; above the person's limit another one must release it."""
    edges.check("decide", claim.state, act.actor.role)
    _check_amounts(claim, command.decision)
    review = [] if claim.state == "in_review" else [e.ReviewStarted(why="person_decides")]
    given = command.decision.amount_minor + command.decision.coupon_minor
    if given > command.limit_minor or command.decision.departure:
        return [*review, e.DecisionProposed(decision=_numbered(claim, command.decision))]
    return review + decided(claim, command.decision, command.clocks)


def release(claim: Claim, command: c.ReleaseDecision, act: Act) -> list[e.AnyEvent]:
    """Another person releases what waits; nobody approves an own proposal."""
    edges.check("release", claim.state, act.actor.role)
    if claim.proposed is None:
        raise Refused("already_approved")
    if claim.proposed_by == act.actor.id:
        raise Refused("approval_needs_other_person")
    return decided(claim, claim.proposed, command.clocks, approved_by=act.actor.id)


def send_back(claim: Claim, command: c.ReturnDecision, act: Act) -> list[e.AnyEvent]:
    """Another person does not release it; the reason goes back to the decider."""
    edges.check("release", claim.state, act.actor.role)
    if claim.proposed is None:
        raise Refused("already_approved")
    if claim.proposed_by == act.actor.id:
        raise Refused("approval_needs_other_person")
    return [e.DecisionReturned(text=command.text)]


def choose_remedy(claim: Claim, command: c.ChooseRemedy, act: Act) -> list[e.AnyEvent]:
    """The buyer, or time, picks one of the open remedies."""
    if act.actor.role != "system":
        edges.check("choose", claim.state, act.actor.role)
        if not act.actor.fresh_proof:
            raise Refused("fresh_proof_needed")
    if claim.decision is None or claim.chosen or claim.proposed is not None:
        raise Refused("already_answered")
    if command.remedy not in claim.decision.choices:
        raise Refused("remedy_not_available", remedies=claim.decision.choices)
    return [e.RemedyChosen(remedy=command.remedy)]


def note_money(claim: Claim, command: c.NoteMoney, act: Act) -> list[e.AnyEvent]:
    """Record a movement once per state; the last arrival ends the carrying out."""
    moved = command.moved
    known = next((m for m in claim.money if m.number == moved.number), None)
    if known is not None and (_is_same(known, moved) or known.state in DONE):
        return []
    events: list[e.AnyEvent] = [moved]
    others = [m for m in claim.money if m.number != moved.number]
    if moved.state == "refused":
        if claim.state not in ("decided", "executing"):
            return events  # A person has the claim already, or it ended; see `decide_appeal`.
        review = e.ReviewStarted(why="remedy_failed", deadline=command.clocks.decision)
        return [*events, e.RemedyFailed(kind=moved.kind, why="refused"), review]
    carrying = claim.state in ("decided", "executing", "appealed")
    if carrying and all(m.state in DONE for m in (*others, moved)) and claim.settled_at is None:
        events.append(e.RemedyDone(deadlines=[command.clocks.survey, command.clocks.close]))
    return events


def finish_without_money(claim: Claim, command: c.FinishWithoutMoney, act: Act) -> list[e.AnyEvent]:
    """Nothing was left to move: the remedy is done."""
    edges.check("finish", claim.state, act.actor.role)
    return [e.RemedyDone(deadlines=[command.clocks.survey, command.clocks.close])]


def fail_remedy(claim: Claim, command: c.FailRemedy, act: Act) -> list[e.AnyEvent]:
    """What was ordered cannot be done: a person looks, with a promised time."""
    edges.check("fail", claim.state, act.actor.role)
    failed = e.RemedyFailed(kind=command.kind, why=command.why)
    return [failed, e.ReviewStarted(why="remedy_failed", deadline=command.clocks.decision)]


def rate(claim: Claim, command: c.Rate, act: Act) -> list[e.AnyEvent]:
    """Once, by the buyer in person, after the remedy."""
    edges.check("rate", claim.state, act.actor.role)
    if not act.actor.fresh_proof:
        raise Refused("fresh_proof_needed")
    if claim.rating is not None:
        raise Refused("already_answered")
    assert 1 <= command.score <= 5, "scores are validated at the door"
    return [e.ClaimRated(score=command.score, text=command.text)]


def close(claim: Claim) -> list[e.AnyEvent]:
    """Exactly one root cause; feedback is what was said, or none."""
    cause = claim.decision.root_cause if claim.decision else "customer"
    assert cause in ROOT_CAUSES, f"unknown root cause {cause!r}"
    feedback = str(claim.rating) if claim.rating is not None else "none"
    return [e.ClaimClosed(root_cause=cause, feedback=feedback)]


def withdraw(claim: Claim, command: c.Withdraw, act: Act) -> list[e.AnyEvent]:
    """Only the buyer, freshly proved; that the seller had spoken before is kept for the figures."""
    edges.check("withdraw", claim.state, act.actor.role)
    if not act.actor.fresh_proof:
        raise Refused("fresh_proof_needed")
    spoken = bool(claim.seller_answer or claim.offers)
    return [e.ClaimWithdrawn(reason=command.reason, after_seller_contact=spoken)]


def appeal(claim: Claim, command: c.Appeal, act: Act) -> list[e.AnyEvent]:
    """One appeal in seven days, a second only with new evidence, always before another person."""
    edges.check("appeal", claim.state, act.actor.role)
    if claim.decision is None or claim.proposed is not None:
        raise Refused("claim_not_open", state=claim.state, step="appeal")
    if not may_appeal_again(claim, command.by) and not command.new_evidence:
        raise Refused("already_appealed")
    if act.now > claim.decision.appeal_until:
        raise Refused("appeal_window_over", at=claim.decision.appeal_until)
    if command.reviewer_id in (claim.decision.decided_by, claim.approved_by):
        raise Refused("conflict_of_interest")
    return [
        e.AppealFiled(
            by=command.by,
            disputed=command.disputed,
            text=command.text,
            reviewer_id=command.reviewer_id,
            reviewer_name=command.reviewer_name,
            deadline=command.clocks.appeal_decision,
        )
    ]


def decide_appeal(claim: Claim, command: c.DecideAppeal, act: Act) -> list[e.AnyEvent]:
    """Another person upholds, or changes and carries out the new decision."""
    edges.check("decide_appeal", claim.state, act.actor.role)
    assert claim.decision is not None, "an appeal is about a decision"
    if act.actor.id in (claim.decision.decided_by, claim.approved_by):
        raise Refused("conflict_of_interest")
    if command.decision is None:
        upheld = e.AppealDecided(outcome="upheld", text=command.text, views=command.views)
        return [upheld, *_failed_meanwhile(claim, command.clocks)]
    _check_amounts(claim, command.decision)
    changed = e.AppealDecided(outcome="changed", text=command.text, views=command.views)
    return [changed, *decided(claim, command.decision, command.clocks)]


def reopen(claim: Claim, command: c.Reopen, act: Act) -> list[e.AnyEvent]:
    """A second look needs evidence that was filed after the decision."""
    edges.check("reopen", claim.state, act.actor.role)
    on_record = {item.evidence_id for item in claim.evidence}
    fresh = set(command.evidence_ids) & (on_record - set(claim.evidence_at_end))
    if not fresh:
        raise Refused("not_new_evidence")
    deadlines = [command.clocks.decision, command.clocks.hard_stop]
    reopened = e.ClaimReopened(
        text=command.text, evidence_ids=command.evidence_ids, deadlines=deadlines
    )
    return [reopened]


def decline(claim: Claim, command: c.Decline, act: Act) -> list[e.AnyEvent]:
    """Not taken on, with the refusal that says why; what was decided once stays decided."""
    edges.check("decline", claim.state, act.actor.role)
    if claim.decision is not None:
        raise Refused("already_decided", claim_no=claim.claim_no)
    return [e.ClaimDeclined(refusal=command.refusal, text=command.text)]


def compensate(claim: Claim, command: c.Compensate) -> list[e.AnyEvent]:
    """A coupon, once per cause, and for lateness once in all."""
    causes = {given.cause for given in claim.compensations}
    late = command.cause.startswith(LATE) and any(cause.startswith(LATE) for cause in causes)
    if command.cause in causes or late:
        return []
    return [
        e.CompensationGiven(
            cause=command.cause, coupon=command.coupon, amount_minor=command.amount_minor
        )
    ]


def may_appeal_again(claim: Claim, by: e.Party) -> bool:
    """One appeal per decision, and one for each side."""
    assert claim.decision is not None, "an appeal is about a decision"
    number = claim.decision.number
    return all(number != earlier and by != side for earlier, side in claim.appealed)


def _check_amounts(claim: Claim, decision: e.Decision) -> None:
    most = claim.opened.claimed_minor
    if not (0 <= decision.amount_minor <= most and 0 <= decision.coupon_minor <= most):
        raise Refused("exceeds_paid", most_minor=most)
    if decision.remedy in MONEY and decision.amount_minor == 0:
        raise Refused("amount_not_positive")


def _failed_meanwhile(claim: Claim, clocks: c.Clocks) -> list[e.AnyEvent]:
    """A refusal that came while another person looked: the upheld decision needs a person."""
    failed = next((moved for moved in claim.money if moved.state == "refused"), None)
    if failed is None or claim.before_appeal not in ("decided", "executing"):
        return []
    review = e.ReviewStarted(why="remedy_failed", deadline=clocks.decision)
    return [e.RemedyFailed(kind=failed.kind, why="refused"), review]


def _is_same(known: e.MoneyMoved, moved: e.MoneyMoved) -> bool:
    return known.state == moved.state and known.eta_at == moved.eta_at


def _numbered(claim: Claim, decision: e.Decision) -> e.Decision:
    """The decision with its number within the claim, from 1."""
    number = len(claim.earlier) + (1 if claim.decision else 0) + 1
    return msgspec.structs.replace(decision, number=number)
