"""One claim for one reader: the same steps for all, with each side's own details only."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from makegood.base.actor import Actor
from makegood.claims import events as e
from makegood.claims import view as v
from makegood.claims.appeal_history import appeals_of, parts_seen_by
from makegood.claims.carrying import remedy_of
from makegood.claims.clock import soon_at
from makegood.claims.may import may
from makegood.claims.precedents.past import NO_RULE, assist_of
from makegood.claims.sight import Sight, sees
from makegood.claims.state import STAFF, Claim
from makegood.claims.step_views import step_lines
from makegood.policy.model import Pack


def claim_view(sight: Sight, pack: Pack, reader: Actor, now: datetime) -> v.ClaimView:
    """The claim as this reader may see it."""
    claim, opened = sight.claim, sight.claim.opened
    staff = reader.role in STAFF or reader.role in ("auditor", "market", "system")
    return v.ClaimView(
        claim_no=claim.claim_no,
        version=claim.version,
        state=claim.state,
        lane="careful" if claim.lane == "careful" else "fast",
        priority=claim.priority,
        reason=opened.reason,
        wants=opened.wants,
        description=e.words_of(opened.description),
        follow_up_zh=opened.follow_up_zh,
        follow_up_en=opened.follow_up_en,
        opened_at=claim.opened_at,
        channel=opened.channel,
        owner=v.PersonView("platform", claim.owner_name),
        buyer=v.PersonView("buyer", sight.buyer_name),
        order=_order(sight),
        claimed_minor=opened.claimed_minor,
        held_minor=opened.claimed_minor if claim.is_open else 0,
        stages=_stages(claim),
        deadlines=[_deadline(d, now) for d in claim.deadlines if staff or _is_shared(d)],
        facts=[_fact(f) for f in claim.facts if sees(f.audience, reader, staff=staff)],
        slots=_slots(claim, pack),
        evidence=[
            _evidence(sight, i) for i in claim.evidence if sees(i.audience, reader, staff=staff)
        ],
        decision=_for_reader(
            _decision(claim, claim.decision, claim.decided_at or now, claim.upheld),
            claim.decision,
            reader,
            staff=staff,
        ),
        earlier_decisions=[
            shown
            for d in claim.earlier
            if (shown := _for_reader(_past(claim, d), d, reader, staff=staff)) is not None
        ],
        suggestion=_suggestion(sight) if reader.role in STAFF else None,
        money=_money(sight),
        offers=[_offer(o.made, o.at, o.state, opened.currency) for o in claim.offers],
        tasks=_tasks(claim) if staff else [],
        steps=[s for r in sight.history for s in step_lines(r, sight, reader, staff=staff)],
        tags=claim.tags if staff else {},
        root_cause=claim.root_cause,
        rating=claim.rating,
        may=may(claim, reader),
        erased=not isinstance(opened.description, str),
        appeals=parts_seen_by(
            appeals_of(sight.history, sight.roster_names), "" if staff else reader.role
        ),
    )


def _is_shared(deadline: e.Deadline) -> bool:
    """Parties see the promises made to them; hand-overs between departments are ours."""
    return not deadline.kind.startswith("task:") and deadline.kind not in ("survey", "close")


def _order(sight: Sight) -> v.OrderView:
    unit, opened = sight.units[0], sight.claim.opened
    return v.OrderView(
        order_no=opened.order_no,
        version=opened.order_version,
        line_no=opened.line_no,
        units=opened.units,
        title=opened.title,
        category=opened.category,
        seller_id=opened.seller_id,
        seller_name=opened.seller_name,
        placed_at=unit.placed_at,
        paid_at=unit.paid_at,
        delivered_at=unit.delivered_at,
        promised_at=unit.promised_at,
        unit_paid_minor=unit.unit_paid_minor,
        currency=unit.currency,
        listing_text=unit.listing_text,
        window_until=unit.window.closes_at,
        policy=f"{unit.policy_id}@{unit.policy_version}" if unit.policy_id else "",
    )


def _stages(claim: Claim) -> list[v.StageView]:
    """受理 · 核实 · 处理 · 反馈 · 改进, each with the time it was passed."""
    ended = claim.state in ("closed", "withdrawn", "declined")
    reached: list[tuple[str, datetime | None]] = [
        ("accept", claim.accepted_at),
        ("verify", claim.handled_at),
        ("handle", claim.settled_at),
        ("feedback", claim.closed_at if claim.state == "closed" else None),
        ("improve", claim.closed_at if claim.state == "closed" else None),
    ]
    stages: list[v.StageView] = []
    current = False
    for stage, at in reached:
        done = at is not None
        status = "done" if done else "skipped" if ended else "next" if current else "now"
        current = current or status == "now"
        stages.append(msgspec.convert({"stage": stage, "status": status, "at": at}, v.StageView))
    return stages


def _deadline(deadline: e.Deadline, now: datetime) -> v.DeadlineView:
    if deadline.paused_at is not None:
        state = "paused"
    elif now >= deadline.at:
        state = "late"
    elif now >= soon_at(deadline):
        state = "soon"
    else:
        state = "running"
    return msgspec.convert(
        {
            "kind": deadline.kind,
            "at": deadline.at,
            "then": deadline.then,
            "turn": deadline.turn,
            "set_at": deadline.set_at,
            "state": state,
        },
        v.DeadlineView,
    )


def _fact(fact: e.StatedFact) -> v.FactView:
    return v.FactView(
        name=fact.name,
        value=fact.value,
        source=fact.source,
        interest=fact.interest,
        at=fact.at,
    )


def _slots(claim: Claim, pack: Pack) -> list[v.SlotView]:
    reason = pack.reasons.get(claim.opened.reason)
    filled: dict[str, int] = {}
    for item in claim.evidence:
        filled[item.slot] = filled.get(item.slot, 0) + 1
    return [
        v.SlotView(
            slot=use.slot,
            party=pack.slots[use.slot].who,
            required=use.required,
            filled=filled.get(use.slot, 0),
        )
        for use in (reason.slots if reason else ())
        if pack.slots[use.slot].who != "system"
    ]


def _evidence(sight: Sight, item: e.EvidenceAdded) -> v.EvidenceView:
    added = (r.at for r in sight.history if r.event == item)
    return v.EvidenceView(
        evidence_id=item.evidence_id,
        slot=item.slot,
        party=item.party,
        media_type=item.media_type,
        size=item.size,
        sha256=item.sha256,
        notes=item.notes,
        added_at=next(added),
        has_thumb=item.has_thumb,
    )


def _decision(
    claim: Claim, decision: e.Decision | None, at: datetime, upheld: bool | None
) -> v.DecisionView | None:
    if decision is None:
        return None
    machine = decision.source == "machine"
    role = "machine" if machine else "seller" if decision.source == "seller" else "platform"
    return v.DecisionView(
        number=decision.number,
        finding=decision.finding,
        remedy=remedy_of(claim) or decision.remedy,
        amount_minor=decision.amount_minor,
        coupon_minor=decision.coupon_minor,
        currency=claim.opened.currency,
        shares=decision.shares,
        rule_id=decision.rule_id,
        rule_version=decision.rule_version,
        clause_zh=decision.clause_zh,
        clause_en=decision.clause_en,
        conditions=_conditions(decision.conditions),
        decided_by=v.PersonView(role, decision.decided_by_name),
        decided_at=at,
        machine=machine,
        reason_text=e.words_of(decision.reason_text),
        would_change=decision.would_change,
        appeal_until=decision.appeal_until,
        choices=decision.choices,
        upheld=upheld,
        rules=claim.opened.policy_version if decision.rule_id != NO_RULE else "",
        assist=assist_of(decision),
        departure=decision.departure,
        like_claims=decision.like_claims,
        like_ended=decision.like_ended,
    )


def _for_reader(
    shown: v.DecisionView | None, decision: e.Decision | None, reader: Actor, *, staff: bool
) -> v.DecisionView | None:
    """Conditions on facts that this reader may not see keep their name and lose their value."""
    if shown is None or decision is None:
        return None
    conditions = [
        view if sees(said.audience, reader, staff=staff) else _veiled(view, said.audience)
        for view, said in zip(shown.conditions, decision.conditions, strict=True)
    ]
    return msgspec.structs.replace(shown, conditions=conditions)


def _veiled(view: v.ConditionView, audience: v.Audience) -> v.ConditionView:
    return msgspec.structs.replace(view, actual=None, source="", kept_for=audience)


def _past(claim: Claim, decision: e.Decision) -> v.DecisionView:
    shown = _decision(claim, decision, decision.appeal_until - timedelta(days=7), None)
    assert shown is not None, "an earlier decision is a decision"
    return msgspec.structs.replace(shown, remedy=decision.remedy)


def _conditions(conditions: Iterable[e.Condition]) -> list[v.ConditionView]:
    return [
        v.ConditionView(
            label_zh=condition.label_zh,
            label_en=condition.label_en,
            actual=condition.actual,
            source=condition.source,
            met=condition.met,
            fact=condition.fact,
        )
        for condition in conditions
    ]


def _suggestion(sight: Sight) -> v.SuggestionView | None:
    ruling = sight.ruling
    if ruling is None or ruling.decision is None:
        return None
    decision = ruling.decision
    return v.SuggestionView(
        finding=decision.finding,
        remedy=decision.remedy,
        amount_minor=decision.amount_minor,
        currency=sight.claim.opened.currency,
        shares=decision.shares,
        rule_id=decision.rule_id,
        rule_version=decision.rule_version,
        clause_zh=decision.clause_zh,
        clause_en=decision.clause_en,
        conditions=_conditions(decision.conditions),
        remedies=ruling.remedies,
        why_person=ruling.why_person,
    )


def _money(sight: Sight) -> list[v.MoneyView]:
    times = {r.event.number: r.at for r in sight.history if isinstance(r.event, e.MoneyMoved)}
    shown = [
        v.MoneyView(
            kind=moved.kind,
            number=moved.number,
            state=moved.state,
            amount_minor=moved.amount_minor,
            currency=sight.claim.opened.currency,
            channel=moved.channel,
            eta_at=moved.eta_at,
            at=times[moved.number],
            code=sight.coupon_codes.get(moved.number, ""),
        )
        for moved in sight.claim.money
    ]
    return shown + [_compensation(sight, given) for given in sight.claim.compensations]


def _compensation(sight: Sight, given: e.CompensationGiven) -> v.MoneyView:
    at = next(r.at for r in sight.history if r.event == given)
    return v.MoneyView(
        kind="coupon",
        number=given.coupon,
        state="arrived",
        amount_minor=given.amount_minor,
        currency=sight.claim.opened.currency,
        channel=given.cause,
        eta_at=None,
        at=at,
        code=sight.coupon_codes.get(given.coupon, ""),
    )


def _offer(made: e.OfferMade, at: datetime, state: str, currency: str) -> v.OfferView:
    return msgspec.convert(
        {
            "number": made.number,
            "by": made.by,
            "remedy": made.remedy,
            "amount_minor": made.amount_minor,
            "currency": currency,
            "text": e.words_of(made.text),
            "at": at,
            "state": state,
        },
        v.OfferView,
    )


def _tasks(claim: Claim) -> list[v.TaskView]:
    return [
        v.TaskView(
            task_id=task.asked.task_id,
            department=task.asked.department,
            question=e.words_of(task.asked.question),
            due_at=task.asked.due_at,
            answer=e.words_of(task.answer),
            done_at=task.done_at,
        )
        for task in claim.tasks
    ]
