"""Reviewing an appeal: a first view before the original reasons open, then point by point."""

from typing import Final

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from makegood.base.refusal import Refused
from makegood.claims.actions import post_message
from makegood.claims.events import words_of
from makegood.claims.looking import queue_counts, view_claim
from makegood.claims.solo_appeals import is_reviewed_outside, propose_answer
from makegood.claims.staff_actions import Ruled, decide_appeal
from makegood.claims.state import Claim
from makegood.claims.store import load
from makegood.claims.view import ClaimView, DeadlineView, EvidenceView, StepView
from makegood.people.approvals.rules import OUTSIDE
from makegood.web.desk.claim import need_staff
from makegood.web.desk.faults import Fault, fault_of, status_of
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.desk.frame import frame
from makegood.web.desk.present import Disputed, disputed_points
from makegood.web.desk.queue import with_done
from makegood.web.desk.rulings import choices, proposal_form, shares_of
from makegood.web.look import finding_namer
from makegood.web.operator.money.approvals import send_outside
from makegood.web.page import Html, Page, ThisPage
from makegood.web.things import TheThings, Things

FIRST_VIEW: Final = "初步判断 / First view: "
"""Marks the internal note by which a reviewer's first view is kept."""
VIEWS: Final = ("keep", "change", "unclear")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """An appealed claim with what its review needs."""

    view: ClaimView
    claim: Claim
    blind: bool
    outside: bool
    """Somebody from outside decides; a person here only prepares the answer."""
    points: list[Disputed]
    new_evidence: list[EvidenceView]


@get("/desk/appeals/{claim_no:str}")
async def show_appeal(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Html:
    """The disputed points; the original reasons only after this reviewer's first view."""
    need_staff(page, "claim.decide_appeal")
    return await _page(page, things, request, claim_no, None)


@post("/desk/appeals/{claim_no:str}")
async def review(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Html | Redirect:
    """Keep the first view, or decide the appeal."""
    need_staff(page, "claim.decide_appeal")
    form = await read_form(request)
    case = await _load(page, things, claim_no)
    try:
        if case.outside:
            await _ask_outside(page, things, case, form)
            return page.go(f"/desk/appeals/{claim_no}?done=outside")
        if case.blind:
            await _keep_first_view(page, things, case, form)
            return page.go(f"/desk/appeals/{claim_no}")
        await _decide(page, things, case, form)
    except Refused as refused:
        return await _page(page, things, request, claim_no, form, refused)
    return page.go(with_done(f"/desk/c/{claim_no}", "appeal"))


async def _load(page: Page, things: Things, claim_no: str) -> Case:
    act = page.act()
    async with things.db.connection() as conn:
        view = await view_claim(conn, act, things.desk, claim_no)
        loaded = await load(conn, act.market_id, claim_no)
    if loaded is None or loaded.claim.appeal is None or view.decision is None:
        raise Refused("claim_not_open", state=view.state, step="decide_appeal")
    decided_at = view.decision.decided_at
    return Case(
        view=view,
        claim=loaded.claim,
        outside=is_reviewed_outside(loaded.claim),
        blind=not is_reviewed_outside(loaded.claim)
        and not any(_is_first_view(step, page) for step in view.steps),
        points=disputed_points(
            view,
            page.words,
            loaded.claim.appeal.disputed,
            finding_namer(things.desk.shelf.names)(view.decision.finding, page.words.lang),
        ),
        new_evidence=[item for item in view.evidence if item.added_at > decided_at],
    )


def _is_first_view(step: StepView, page: Page) -> bool:
    mine = step.by.name == page.caller.display_name
    return mine and step.audience == "platform" and step.text.startswith(FIRST_VIEW)


async def _keep_first_view(page: Page, things: Things, case: Case, form: Form) -> None:
    if "decide_appeal" not in case.view.may:
        raise Refused("conflict_of_interest")
    views = " · ".join(f"{p.label}={_view(form, p)}" for p in case.points)
    text = f"{FIRST_VIEW}{views}\n{form.text('text')}"
    async with things.db.transaction() as tx:
        await post_message(tx, page.act(), things.desk, case.view.claim_no, text, "platform")


async def _decide(page: Page, things: Things, case: Case, form: Form) -> None:
    changed = form.text("outcome") == "changed"
    ruled = _ruled(form, case.view.order.currency) if changed else None
    async with things.db.transaction() as tx:
        await decide_appeal(
            tx,
            page.act(),
            things.desk,
            case.view.claim_no,
            text=form.text("text"),
            views={point.label: _view(form, point) for point in case.points},
            ruled=ruled,
        )


async def _ask_outside(page: Page, things: Things, case: Case, form: Form) -> None:
    """Send the prepared answer to the reviewer from outside."""
    page.need("proposal.make")
    changed = form.text("outcome") == "changed"
    async with things.db.transaction() as tx:
        proposal = await propose_answer(
            tx,
            page.act(),
            things.ids,
            case.view.claim_no,
            text=form.text("text"),
            views={point.label: _view(form, point) for point in case.points},
            ruled=_ruled(form, case.view.order.currency) if changed else None,
            by_name=page.caller.display_name,
        )
        assert case.claim.appeal is not None, "a case is about an appeal"
        approver_id = case.claim.appeal.reviewer_id.removeprefix(OUTSIDE)
        await send_outside(tx, page, things, proposal.proposal_no, approver_id)


def _view(form: Form, point: Disputed) -> str:
    view = form.text(f"view_{point.key}")
    return view if view in VIEWS else "unclear"


def _ruled(form: Form, currency: str) -> Ruled:
    shares = shares_of(form)
    text = form.text("text")
    return Ruled(
        finding=form.text("finding", 80),
        remedy=form.text("remedy", 40),
        amount_minor=form.amount_minor("amount", currency),
        shares=shares if sum(shares.values()) == 100 else None,
        reason_text=text,
        reason_for_departure=text,
    )


async def _page(
    page: Page,
    things: Things,
    request: AnyRequest,
    claim_no: str,
    form: Form | None,
    refused: Refused | None = None,
) -> Html:
    case = await _load(page, things, claim_no)
    if refused is None and not case.outside and "decide_appeal" not in case.view.may:
        refused = Refused("conflict_of_interest")
    fault: Fault | None = fault_of(page, refused)
    async with things.db.connection() as conn:
        counts = await queue_counts(conn, page.act())
    appeal = case.claim.appeal
    assert appeal is not None, "loaded only with an appeal"
    return page.show(
        "desk/templates/appeal.html",
        status_of(refused),
        **frame(page, request, "appeals", counts, rail=True),
        c=case.view,
        fault=fault,
        blind=case.blind,
        due=_due(case.view),
        disputed=case.points,
        appeal_text=words_of(appeal.text),
        appellant=appeal.by,
        new_evidence=case.new_evidence,
        form=form or proposal_form(case.view),
        allowed=case.outside or "decide_appeal" in case.view.may,
        outside=appeal.reviewer_name if case.outside else "",
        sent=request.query_params.get("done") == "outside",
        **choices(things, case.view),
    )


def _due(claim: ClaimView) -> DeadlineView | None:
    """The review's own deadline, else the next one."""
    own = [one for one in claim.deadlines if one.kind == "appeal_decision"]
    return next(iter([*own, *claim.deadlines]), None)


ROUTES = [show_appeal, review]
