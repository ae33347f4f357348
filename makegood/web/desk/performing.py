"""What each question of the desk ends in: its right, its words, and the action it carries out."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims import actions, staff_actions
from makegood.claims.desk import Desk
from makegood.claims.events import Lane
from makegood.claims.lease import end_lease
from makegood.claims.outside.actions import ask_outside
from makegood.claims.outside.rules import KINDS, OutsideCase
from makegood.claims.staff_actions import Ruled
from makegood.claims.view import ClaimView
from makegood.people.proofs.rules import looks_like_mail
from makegood.store.database import Connection
from makegood.web.desk.forms import Form
from makegood.web.desk.statements import (
    chosen_fact,
    fact_choices,
    figures_for,
    stated_figures,
)

Perform = Callable[[Connection, Act, Desk, ClaimView, Form], Awaitable[object]]

DECLINES: Final = (
    "window_closed",
    "not_paid",
    "not_a_unit",
    "too_early",
    "already_decided",
    "reason_not_for_product",
    "claim_exists",
)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A form page: the step it needs in `may`, the row of the roles matrix, words, action."""

    step: str
    right: str
    words: str
    done: str
    perform: Perform
    danger: bool = False


async def _rule(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    proposal = claim.suggestion
    if proposal is None:
        raise Refused("stale_version", version=claim.version)
    ruled = Ruled(
        finding=proposal.finding, remedy=proposal.remedy, amount_minor=proposal.amount_minor
    )
    seen = form.whole("version")
    await end_lease(tx, act, claim.claim_no)
    return await staff_actions.decide_claim(
        tx, act, desk, claim.claim_no, ruled, expected_version=seen
    )


async def _assign(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    return await staff_actions.assign(tx, act, desk, claim.claim_no, form.text("owner"))


async def _ask(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    wanted, text = form.many("slots"), form.text("text", 1000)
    if not wanted or not text:
        raise Refused("evidence_missing")
    return await staff_actions.ask_for_evidence(
        tx,
        act,
        desk,
        claim.claim_no,
        party="seller" if form.text("party") == "seller" else "buyer",
        slots=[slot.slot for slot in claim.slots if slot.slot in wanted],
        text=text,
    )


async def _hand_over(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    hours = min(max(form.whole("due_hours", 24), 1), 168)
    return await staff_actions.hand_over(
        tx,
        act,
        desk,
        claim.claim_no,
        department=form.text("department", 64),
        owner_id=form.text("owner", 64),
        question=form.text("text", 2000),
        due_at=act.now + timedelta(hours=hours),
    )


async def _escalate(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    return await staff_actions.escalate(tx, act, desk, claim.claim_no, form.text("text", 1000))


async def _set_lane(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    lane: Lane = "careful" if form.text("lane") == "careful" else "fast"
    return await staff_actions.set_lane(tx, act, desk, claim.claim_no, lane, form.text("text", 500))


async def _set_tags(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    return await staff_actions.set_tags(tx, act, desk, claim.claim_no, form.many("tags"))


async def _decline(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    refusal = form.text("refusal")
    if refusal not in DECLINES:
        raise Refused("not_found")
    text = form.text("text", 1000)
    return await staff_actions.decline_claim(
        tx, act, desk, claim.claim_no, refusal=refusal, text=text
    )


async def _approve(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    if form.text("outcome") == "release":
        return await staff_actions.approve_decision(tx, act, desk, claim.claim_no)
    text = form.text("text", 1000)
    if not text:
        raise Refused("reason_needed", suggested="")
    return await staff_actions.return_decision(tx, act, desk, claim.claim_no, text)


async def _state_fact(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    pack = desk.shelf.names()
    market = await desk.markets.get(act.market_id, act.now)
    zone = ZoneInfo(market.settings.timezone if market else "UTC")
    figures = figures_for(pack, claim.reason)
    said = stated_figures(form, figures, claim.order.currency, zone, act.now)
    chosen = chosen_fact(fact_choices(pack, claim.reason), form.text("fact", 200))
    if chosen is not None:
        said[chosen[0]] = chosen[1]
    if not said:
        raise Refused("not_a_fact", name="")
    return await staff_actions.state_facts(tx, act, desk, claim.claim_no, said)


async def _reopen(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    text, items = form.text("text", 2000), form.many("evidence")
    return await actions.reopen(tx, act, desk, claim.claim_no, text=text, evidence_ids=items)


async def _refer(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    due_at = act.now + timedelta(hours=min(max(form.whole("due_hours", 72), 1), 168))
    contact = form.text("contact", 200)
    if contact and not looks_like_mail(contact):
        raise Refused("contact_wrong")
    body, question = form.text("body", 200), form.text("question", 2000)
    if not (body and question):
        raise Refused("setting_invalid", fields=["body", "question"])
    case = OutsideCase(
        ref_no="",
        link_id="",
        claim_no=claim.claim_no,
        kind=next((kind for kind in KINDS if kind == form.text("kind")), "mediator"),
        body=body,
        contact=contact,
        question=question,
        asked_at=act.now,
        asked_by=act.actor.id,
        due_at=due_at,
    )
    return await ask_outside(tx, act, desk, desk.ids, case)


async def _outside(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    return await staff_actions.note_outside_answer(tx, act, desk, claim.claim_no, form.text("text"))


QUESTIONS: Final[dict[str, Question]] = {
    "rule": Question(
        step="decide",
        right="claim.decide",
        words="desk.rule_confirm",
        done="decided",
        perform=_rule,
    ),
    "assign": Question(
        step="assign",
        right="claim.assign",
        words="desk.assign",
        done="assigned",
        perform=_assign,
    ),
    "ask": Question(
        step="ask_evidence",
        right="claim.ask_evidence",
        words="desk.ask",
        done="asked",
        perform=_ask,
    ),
    "hand-over": Question(
        step="hand_over",
        right="claim.hand_over",
        words="desk.hand",
        done="handed",
        perform=_hand_over,
    ),
    "escalate": Question(
        step="escalate",
        right="claim.escalate",
        words="desk.up",
        done="escalated",
        perform=_escalate,
    ),
    "set-lane": Question(
        step="set_lane",
        right="claim.set_lane",
        words="desk.lane_form",
        done="lane",
        perform=_set_lane,
    ),
    "tags": Question(
        step="set_tags",
        right="claim.decide",
        words="desk.tags_form",
        done="tags",
        perform=_set_tags,
    ),
    "state-fact": Question(
        step="state_fact",
        right="claim.decide",
        words="desk.fact",
        done="fact",
        perform=_state_fact,
    ),
    "reopen": Question(
        step="reopen",
        right="claim.reopen",
        words="desk.reopen",
        done="reopened",
        perform=_reopen,
    ),
    "refer": Question(
        step="refer",
        right="claim.escalate",
        words="desk.refer",
        done="referred",
        perform=_refer,
    ),
    "outside-answer": Question(
        step="outside_answer",
        right="claim.escalate",
        words="desk.outside",
        done="outside",
        perform=_outside,
    ),
    "decline": Question(
        step="decline",
        right="claim.close",
        words="desk.decline",
        done="declined",
        perform=_decline,
        danger=True,
    ),
    "approve": Question(
        step="approve",
        right="approval.give",
        words="desk.approve",
        done="approved",
        perform=_approve,
    ),
}

RIGHTS: Final[dict[str, str]] = {
    "depart": "claim.decide",
    "decide_appeal": "claim.decide_appeal",
    "confirm_manual_refund": "task.finish",
    "message": "claim.message",
    "note": "claim.message_internal",
    "task_answer": "claim.message_internal",
    "take": "claim.take",
    **{question.step: question.right for question in QUESTIONS.values()},
}
"""The row of the roles matrix for each step that a claim offers to the staff."""


def offered(claim: ClaimView, may: Callable[[str], bool]) -> ClaimView:
    """The claim with only those of its steps that this reader's rights carry to the end."""
    return msgspec.structs.replace(claim, may=[step for step in claim.may if may(RIGHTS[step])])
