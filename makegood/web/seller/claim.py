"""One claim for its seller: accept, contest, offer, write, add evidence, appeal."""

from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, ServerSentEvent

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims import actions
from makegood.claims.looking import view_claim
from makegood.claims.remedies import FULL_REFUND, GOODS, REPAIRS
from makegood.claims.view import ClaimView, OfferView
from makegood.people.markets.store import load_seller
from makegood.store.database import Connection
from makegood.web.desk.faults import Fault, fault_of, status_of
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.desk.present import step_detail, step_icon, step_words
from makegood.web.desk.queue import with_done
from makegood.web.file_routes import MAX_BODY
from makegood.web.money_refusal import keep_refusal
from makegood.web.moved_on import moved_on
from makegood.web.page import Html, Page, ThisPage
from makegood.web.receipts import qr_of, sellers_receipts
from makegood.web.seller.home import need_seller
from makegood.web.things import TheThings, Things

Step: TypeAlias = Callable[[Connection, Act], Awaitable[object]]

OFFERS = ("price_reduction", "reissue", "replacement", "repair", "coupon", "refund_full")


@get("/seller/c/{claim_no:str}")
async def show_claim(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Html:
    """The claim, the choices with their cost, and the money held for it."""
    need_seller(page)
    return await _claim_page(page, things, request, claim_no, Form({}), None)


@get("/seller/c/{claim_no:str}/live")
async def live_claim(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> ServerSentEvent:
    """Says that the claim moved on; what the seller is writing stays as it is."""
    need_seller(page)
    return moved_on(page, things, request, claim_no)


@post("/seller/c/{claim_no:str}/answer")
async def answer(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Html | Redirect:
    """Accept, contest or make an offer; accepting asks once more on a page of its own."""
    form = await read_form(request)
    kind, text = form.text("kind"), form.text("text", 2000)
    if kind == "accept" and form.text("sure") != "yes":
        return await _confirm_page(page, things, claim_no)

    async def step(tx: Connection, act: Act) -> object:
        if kind == "offer":
            return await _offer(tx, act, things, claim_no, form)
        if kind not in ("accept", "contest"):
            raise Refused("not_your_turn")
        chosen: Literal["accept", "contest"] = "accept" if kind == "accept" else "contest"
        return await actions.answer_as_seller(tx, act, things.desk, claim_no, chosen, text)

    done = {"accept": "agreed", "contest": "answered", "offer": "offered"}.get(kind, "sent")
    return await _do(page, things, request, claim_no, "claim.answer", step, done, form)


@post("/seller/c/{claim_no:str}/offers/{number:int}")
async def answer_offer(
    page: ThisPage,
    things: TheThings,
    request: AnyRequest,
    claim_no: FromPath[str],
    number: FromPath[int],
) -> Html | Redirect:
    """Take, decline or counter the buyer's standing offer."""
    form = await read_form(request)
    do = form.text("do")

    async def step(tx: Connection, act: Act) -> object:
        match do:
            case "accept":
                return await actions.accept_offer(tx, act, things.desk, claim_no, number)
            case "decline":
                return await actions.decline_offer(tx, act, things.desk, claim_no, number)
            case _:
                return await _offer(tx, act, things, claim_no, form)

    done = {"accept": "agreed", "decline": "declined"}.get(do, "offered")
    return await _do(page, things, request, claim_no, "claim.answer", step, done, form)


@post("/seller/c/{claim_no:str}/messages")
async def write(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Html | Redirect:
    """Write to the platform and the buyer."""
    form = await read_form(request)
    text = form.text("text")

    async def step(tx: Connection, act: Act) -> object:
        return await actions.post_message(tx, act, things.desk, claim_no, text) if text else None

    return await _do(page, things, request, claim_no, "claim.message", step, "sent", form)


@post("/seller/c/{claim_no:str}/evidence", request_max_body_size=MAX_BODY)
async def add_evidence(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Redirect:
    """File one item by form."""
    need_seller(page)
    page.need("claim.evidence")
    await request.app.state.files.file_form(request, claim_no)
    return page.go(with_done(f"/seller/c/{claim_no}", "sent"))


@post("/seller/c/{claim_no:str}/more/{what:str}")
async def ask_more(
    page: ThisPage,
    things: TheThings,
    request: AnyRequest,
    claim_no: FromPath[str],
    what: FromPath[str],
) -> Html | Redirect:
    """More time for evidence, once, or a decision now."""

    async def step(tx: Connection, act: Act) -> object:
        if what == "time":
            return await actions.extend_deadline(tx, act, things.desk, claim_no, "seller_evidence")
        if what == "decision":
            return await actions.decide_now(tx, act, things.desk, claim_no)
        raise Refused("not_found")

    done = "extended" if what == "time" else "now"
    return await _do(page, things, request, claim_no, "claim.answer", step, done, Form({}))


@post("/seller/c/{claim_no:str}/appeal")
async def appeal(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Html | Redirect:
    """Dispute named findings before another person."""
    form = await read_form(request)

    async def step(tx: Connection, act: Act) -> object:
        return await actions.appeal(
            tx,
            act,
            things.desk,
            claim_no,
            disputed=form.many("disputed"),
            text=form.text("text", 4000),
        )

    return await _do(page, things, request, claim_no, "claim.appeal", step, "appealed", form)


async def _offer(tx: Connection, act: Act, things: Things, claim_no: str, form: Form) -> object:
    remedy = form.text("remedy", 40)
    if remedy not in OFFERS:
        raise Refused("remedy_not_available")
    return await actions.make_offer(
        tx,
        act,
        things.desk,
        claim_no,
        remedy=remedy,
        amount_minor=await _amount(tx, act, things, claim_no, remedy, form),
        text=form.text("text", 2000),
    )


async def _amount(
    tx: Connection, act: Act, things: Things, claim_no: str, remedy: str, form: Form
) -> int:
    """What an offer is worth: all that is claimed, what was typed, or nothing for goods."""
    if remedy in GOODS or remedy in REPAIRS:
        return 0
    claim = await view_claim(tx, act, things.desk, claim_no)
    if remedy == FULL_REFUND:
        return claim.claimed_minor
    return form.money("amount", claim.order.currency).amount_minor


async def _do(
    page: Page,
    things: Things,
    request: AnyRequest,
    claim_no: str,
    right: str,
    step: Step,
    done: str,
    form: Form,
) -> Html | Redirect:
    """One step in one transaction; a refusal brings the page back with what was typed."""
    need_seller(page)
    page.need(right)
    try:
        async with things.db.transaction() as tx:
            await view_claim(tx, page.act(), things.desk, claim_no)
            await step(tx, page.act())
    except Refused as refused:
        if refused.code == "not_found":
            raise
        await keep_refusal(page, things, right, refused)
        return await _claim_page(page, things, request, claim_no, form, refused)
    return page.go(with_done(f"/seller/c/{claim_no}", done))


async def _confirm_page(page: Page, things: Things, claim_no: str) -> Html:
    need_seller(page)
    async with things.db.connection() as conn:
        claim = await view_claim(conn, page.act(), things.desk, claim_no)
        shop = await _shop(conn, page)
    return page.show("seller/templates/confirm.html", c=claim, shop=shop, counts={})


async def _claim_page(
    page: Page,
    things: Things,
    request: AnyRequest,
    claim_no: str,
    form: Form,
    refused: Refused | None,
) -> Html:
    async with things.db.connection() as conn:
        claim = await view_claim(conn, page.act(), things.desk, claim_no)
        shop = await _shop(conn, page)
        receipts = await sellers_receipts(conn, page, things, claim_no)
    fault: Fault | None = fault_of(page, refused)
    return page.show(
        "seller/templates/claim.html",
        status_of(refused),
        c=claim,
        shop=shop,
        receipts=receipts,
        receipt_qr=qr_of(page, receipts.newest.number) if receipts else "",
        counts={},
        form=form,
        fault=fault,
        standing=standing_offer(claim),
        reply=next((d for d in claim.deadlines if d.turn == "seller"), None),
        slots=[slot for slot in claim.slots if slot.party == "seller"],
        offers=OFFERS,
        step_icon=step_icon,
        step_words=step_words,
        step_detail=step_detail,
        done=_done(page, request),
    )


def standing_offer(claim: ClaimView) -> OfferView | None:
    """The offer that waits for an answer."""
    return next((offer for offer in reversed(claim.offers) if offer.state == "open"), None)


async def _shop(conn: Connection, page: Page) -> str:
    seller = await load_seller(conn, page.market.market_id, page.actor.id)
    return seller.name if seller else page.caller.display_name


def _done(page: Page, request: AnyRequest) -> str:
    key = f"seller.done.{request.query_params.get('done', '')}"
    return page.words.text(key, n=1) if page.words.has(key) else ""


ROUTES = [show_claim, live_claim, answer, answer_offer, write, add_evidence, ask_more, appeal]
