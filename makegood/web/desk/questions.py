"""One question on one page: confirm, assign, ask, hand over, escalate, lane, tags, release.

Each question is a row of one table: its words, its right, and the action it ends in. The same
form is a dialog with script and a page without.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims import actions, staff_actions
from makegood.claims.desk import Desk
from makegood.claims.events import Lane
from makegood.claims.lease import end_lease
from makegood.claims.looking import view_claim
from makegood.claims.staff_actions import Ruled
from makegood.claims.store import load
from makegood.claims.view import ClaimView
from makegood.people.markets import store as market_store
from makegood.store.database import Connection
from makegood.web.desk.claim import need_staff, queue_of
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.desk.frame import frame
from makegood.web.desk.queue import with_done
from makegood.web.desk.statements import chosen_fact, fact_choices
from makegood.web.errors import refusal_words
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

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


class Fault(msgspec.Struct, frozen=True):
    """Why a form came back."""

    title: str
    text: str


@get("/desk/c/{claim_no:str}/{kind:str}")
async def ask(
    page: ThisPage,
    things: TheThings,
    request: AnyRequest,
    claim_no: FromPath[str],
    kind: FromPath[str],
) -> Html:
    """The form of a question."""
    question = _question(page, kind)
    return await _form_page(page, things, request, claim_no, (kind, question), Form({}))


@post("/desk/c/{claim_no:str}/{kind:str}")
async def answer(
    page: ThisPage,
    things: TheThings,
    request: AnyRequest,
    claim_no: FromPath[str],
    kind: FromPath[str],
) -> Html | Redirect:
    """Carry the answer out; a refusal brings the form back with its reason and the text kept."""
    question = _question(page, kind)
    form = await read_form(request)
    try:
        async with things.db.transaction() as tx:
            claim = await view_claim(tx, page.act(), things.desk, claim_no)
            await question.perform(tx, page.act(), things.desk, claim, form)
    except Refused as refused:
        if refused.code == "not_found":
            raise
        return await _form_page(
            page, things, request, claim_no, (kind, question), form, refused=refused
        )
    done = "returned" if form.text("outcome") == "return" else question.done
    return page.go(with_done(f"/desk/c/{claim_no}", done))


async def _form_page(
    page: Page,
    things: Things,
    request: AnyRequest,
    claim_no: str,
    asked: tuple[str, Question],
    form: Form,
    refused: Refused | None = None,
) -> Html:
    kind, question = asked
    act = page.act()
    async with things.db.connection() as conn:
        claim = await view_claim(conn, act, things.desk, claim_no)
        loaded = await load(conn, act.market_id, claim_no)
        departments = await market_store.list_departments(conn, act.market_id)
    if refused is None and question.step not in claim.may:
        raise Refused("claim_not_open", state=claim.state, step=question.step)
    words, base = page.words, f"/desk/c/{claim_no}"
    return page.show(
        "desk/templates/ask_page.html",
        status_of(refused),
        **frame(page, request, queue_of(request), {}, rail=True),
        c=claim,
        base=base,
        here=f"{base}/{kind}",
        kind=kind,
        head=_text(page, claim, f"{question.words}.title"),
        button=_text(page, claim, f"{question.words}.button"),
        danger=question.danger,
        fault=fault_of(page, refused),
        form=form,
        people=await things.desk.rosters.get(act.market_id, act.now),
        departments=departments,
        in_hours=lambda count: page.now + timedelta(hours=count),
        fact_choices=fact_choices(things.pack, claim.reason),
        all_reasons=sorted(things.pack.reasons),
        declines=DECLINES,
        proposed=loaded.claim.proposed if loaded else None,
        currency=claim.order.currency,
        comma=words.t("desk.comma"),
    )


def status_of(refused: Refused | None) -> int:
    """The status of a form page: 412 when someone else was quicker, 409 for other refusals."""
    if refused is None:
        return 200
    return 412 if refused.code == "stale_version" else 409


def fault_of(page: Page, refused: Refused | None) -> Fault | None:
    """A refusal in words; a stale page says that nothing was lost."""
    if refused is None:
        return None
    if refused.code == "stale_version":
        words = page.words
        return Fault(words.t("desk.notice.stale.title"), words.t("desk.notice.stale.text"))
    return Fault(*refusal_words(page, refused))


def _question(page: Page, kind: str) -> Question:
    question = QUESTIONS.get(kind)
    if question is None:
        raise not_found()
    need_staff(page, question.right)
    return question


def _text(page: Page, claim: ClaimView, key: str) -> str:
    """A question's words; the one about the proposal names remedy and amount."""
    proposal = claim.suggestion
    remedy = page.words.code("remedy", proposal.remedy) if proposal else ""
    amount = ""
    if proposal and proposal.amount_minor:
        amount = page.words.amount(proposal.amount_minor, proposal.currency)
    return page.words.t(key, remedy=remedy, amount=amount)


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
    found = chosen_fact(fact_choices(desk.pack, claim.reason), form.text("fact", 200))
    if found is None:
        raise Refused("not_a_fact", name="")
    name, value = found
    return await staff_actions.state_fact(tx, act, desk, claim.claim_no, name, value)


async def _reopen(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    text, items = form.text("text", 2000), form.many("evidence")
    return await actions.reopen(tx, act, desk, claim.claim_no, text=text, evidence_ids=items)


async def _refer(tx: Connection, act: Act, desk: Desk, claim: ClaimView, form: Form) -> object:
    due_at = act.now + timedelta(hours=min(max(form.whole("due_hours", 72), 1), 168))
    body = form.text("body", 200)
    return await staff_actions.refer_outside(
        tx, act, desk, claim.claim_no, body=body, due_at=due_at
    )


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

ROUTES = [ask, answer]
