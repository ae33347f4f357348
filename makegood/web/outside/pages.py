"""One claim for somebody outside: what both sides see, one question, one answer."""

from typing import Final

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream
from litestar.types import ControllerRouterHandler

from makegood.base.actor import Act, Actor
from makegood.base.refusal import Refused
from makegood.claims.looking import OUTSIDER, view_for_outside
from makegood.claims.outside.actions import answer_outside
from makegood.claims.outside.rules import LINK_PURPOSE, OutsideAnswer
from makegood.people.links.actions import read_link
from makegood.web.bundle.answer import answer as bundle_answer
from makegood.web.bundle.answer import packed_bundle
from makegood.web.bundle.question import question_file
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.desk.present import step_detail, step_icon, step_words
from makegood.web.desk.rulings import choices
from makegood.web.errors import refusal_words
from makegood.web.file_routes import read_routes
from makegood.web.outside.passes import DOOR, OutsidePass, case_of
from makegood.web.page import Html, Page, ThisPage
from makegood.web.passes import SESSION, pass_cookie
from makegood.web.problem import PageFault
from makegood.web.things import TheThings, Things


@get("/x/{token:str}")
async def open_link(page: ThisPage, things: TheThings, token: FromPath[str]) -> Redirect:
    """Look at the question; the address shows nothing of the link afterwards.

    The link works until it is answered: whoever is asked may need days and several devices.
    """
    act = Act(page.market.market_id, Actor("mediator", ""), page.now, page.request_id)
    try:
        async with things.db.connection() as conn:
            subject = await read_link(conn, act, things.vault, LINK_PURPOSE, token)
    except Refused as refused:
        raise PageFault(410, "link_used") from refused
    answer = page.go("/outside")
    let_in = OutsidePass(subject["ref_no"], page.now + SESSION)
    answer.cookies.append(pass_cookie(page, things, DOOR, let_in))
    return answer


@get("/outside")
async def show_case(
    page: ThisPage, things: TheThings, request: AnyRequest, done: FromQuery[str] = ""
) -> Html:
    """The question, the claim as both sides see it, and the form of the answer."""
    return await _page(page, things, request, done=done)


@post("/outside")
async def take_answer(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Write the one answer; a person of the platform decides with it."""
    form = await read_form(request)
    market_id = page.market.market_id
    async with things.db.connection() as conn:
        case = await case_of(conn, request, things, market_id, page.now)
    act = Act(market_id, Actor("mediator", case.ref_no), page.now, page.request_id)
    try:
        async with things.db.transaction() as tx:
            await answer_outside(
                tx, act, things.desk, case.ref_no, _answer(form, page.market.settings.currency)
            )
    except Refused as refused:
        return await _page(page, things, request, refused=refused, form=form)
    return page.go("/outside?done=sent")


@get("/outside/bundle")
async def take_bundle(page: ThisPage, things: TheThings, request: AnyRequest) -> Stream:
    """The claim asked about, with proofs: what both sides see, and the question itself."""
    market_id = page.market.market_id
    act = Act(market_id, OUTSIDER, page.now, page.request_id)
    async with things.db.connection() as conn:
        case = await case_of(conn, request, things, market_id, page.now)
        claim = await view_for_outside(conn, act, things.desk, case.claim_no)
        asked = question_file(case)
        packed = await packed_bundle(conn, page, things, claim, "outside", beside=asked)
    return bundle_answer(packed, things, market_id)


async def _page(
    page: Page,
    things: Things,
    request: AnyRequest,
    *,
    done: str = "",
    refused: Refused | None = None,
    form: Form | None = None,
) -> Html:
    act = Act(page.market.market_id, Actor("mediator", ""), page.now, page.request_id)
    async with things.db.connection() as conn:
        case = await case_of(conn, request, things, act.market_id, page.now)
        claim = await view_for_outside(conn, act, things.desk, case.claim_no)
    return page.show(
        "outside/templates/case.html",
        409 if refused else 200,
        case=case,
        claim=claim,
        done=done,
        fault=Fault(*refusal_words(page, refused)) if refused else None,
        form=form or Form({}),
        step_icon=step_icon,
        step_words=step_words,
        step_detail=step_detail,
        **choices(things, claim),
    )


def _answer(form: Form, currency: str) -> OutsideAnswer:
    return OutsideAnswer(
        text=form.text("text"),
        file_no=form.text("file_no", 80),
        finding=form.text("finding", 80),
        remedy=form.text("remedy", 40),
        amount_minor=form.amount_minor("amount", currency),
    )


ROUTES: Final[list[ControllerRouterHandler]] = [
    open_link,
    show_case,
    take_answer,
    take_bundle,
    *read_routes(lambda request: request.app.state.outside_files, "/outside"),
]
"""The pages, and the files that both sides see."""
