"""The supplier's answer page: a link that works once, then questions with their deadlines."""

from datetime import datetime
from typing import Final, get_args
from zoneinfo import ZoneInfo

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from makegood.base.actor import Act, Actor
from makegood.base.refusal import Refused
from makegood.orders import question_store
from makegood.orders.questions import LINK_PURPOSE, PageAnswer, answer_question
from makegood.orders.supplier import AskedQuestion, SupplierStatus
from makegood.people.links.actions import use_link
from makegood.people.markets.store import load_supplier
from makegood.web.desk.forms import AnyRequest, Form, local_time, read_form
from makegood.web.operator.cookies import door_act
from makegood.web.page import Html, Page, ThisPage
from makegood.web.passes import SESSION, Door, pass_cookie, read_pass
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

DOOR: Final = Door(cookie="mg_supplier", purpose="supplier_page", path="/supplier")


class SupplierPass(msgspec.Struct, frozen=True):
    """Who may answer for a supplier in this browser, and until when."""

    supplier_id: str
    until: datetime


@get("/s/{token:str}")
async def open_link(page: ThisPage, things: TheThings, token: FromPath[str]) -> Redirect:
    """Use the link up; the address shows nothing of it afterwards."""
    async with things.db.transaction() as tx:
        subject = await use_link(tx, door_act(page), things.vault, LINK_PURPOSE, token)
    answer = page.go("/supplier")
    let_in = SupplierPass(subject["supplier_id"], page.now + SESSION)
    answer.cookies.append(pass_cookie(page, things, DOOR, let_in))
    return answer


@get("/supplier")
async def show_questions(
    page: ThisPage, things: TheThings, request: AnyRequest, done: FromQuery[str] = ""
) -> Html:
    """Every open question of this supplier, the most urgent first."""
    supplier_id = supplier_of(page, things, request)
    async with things.db.connection() as conn:
        questions = await question_store.list_open(conn, page.market.market_id, supplier_id)
        supplier = await load_supplier(conn, page.market.market_id, supplier_id)
    return _page(page, supplier.name if supplier else supplier_id, questions, done == "sent")


@post("/supplier/{question_no:str}")
async def take_answer(
    page: ThisPage, things: TheThings, request: AnyRequest, question_no: FromPath[str]
) -> Redirect:
    """Write the answer; it stands, and the claim goes on with it."""
    supplier_id = supplier_of(page, things, request)
    form = await read_form(request)
    act = Act(page.market.market_id, Actor("supplier", supplier_id), page.now, page.request_id)
    async with things.db.transaction() as tx:
        asked = await question_store.load(tx, act.market_id, question_no)
        if asked is None or asked.supplier_id != supplier_id:
            raise not_found()
        await answer_question(tx, act, question_no, answer_of(form, page.words.zone))
    return page.go("/supplier?done=sent")


def supplier_of(page: Page, things: Things, request: AnyRequest) -> str:
    """The supplier by a signed-in account or by the pass of a used link; strangers get 404."""
    if page.caller.role == "supplier" and page.caller.actor is not None:
        return page.caller.actor.id
    found = read_pass(request, things, page.market.market_id, DOOR, SupplierPass)
    if found is None:
        raise not_found()
    if page.now >= found.until:
        raise Refused("link_expired")
    return found.supplier_id


def answer_of(form: Form, zone: ZoneInfo) -> PageAnswer:
    """The answer as typed; a time without a zone is the market's."""
    said = form.text("status")
    status = next((one for one in get_args(SupplierStatus) if one == said), None)
    if status is None:
        raise Refused("evidence_missing")
    at, account = local_time(form.text("at", 20), zone), form.text("account", 200) or None
    redeemed = status == "redeemed"
    return PageAnswer(
        status=status,
        redeemed_at=at if redeemed else None,
        redeemed_by=account if redeemed else None,
        delivered_at=None if redeemed else at,
        delivered_to=None if redeemed else account,
        eta_at=local_time(form.text("eta", 20), zone),
        accepts=True if form.text("accepts") == "yes" else None,
        note=form.text("note", 2000),
    )


def _page(page: Page, name: str, questions: list[AskedQuestion], sent: bool) -> Html:
    return page.show(
        "supplier/templates/questions.html",
        name=name,
        questions=questions,
        statuses=get_args(SupplierStatus),
        sent=sent,
    )


ROUTES: list[ControllerRouterHandler] = [open_link, show_questions, take_answer]
