"""An approver from outside: one proposal behind a link, released with an own authenticator."""

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from makegood.base.refusal import Refused
from makegood.claims import approving
from makegood.people.approvals import outside
from makegood.people.approvals.outside import prove_outside
from makegood.people.approvals.rules import Approver, Verdict
from makegood.people.links.actions import use_link
from makegood.people.slowdown.actions import Attempt, count_attempt, forgive_attempt
from makegood.people.staff.second_factor import TotpOffer
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.errors import refusal_words
from makegood.web.operator.account import qr_of, spelled
from makegood.web.operator.cookies import door_act, visitor_of
from makegood.web.operator.money.behind import PURPOSE, behind
from makegood.web.operator.money.outside_appeal import appeal_of
from makegood.web.operator.money.outside_rules import change_of
from makegood.web.page import Html, Page, ThisPage
from makegood.web.things import TheThings, Things


@get("/approve/{token:str}")
async def show_proposal(page: ThisPage, things: TheThings, token: FromPath[str]) -> Html:
    """The proposal, and at the first visit the secret for the authenticator."""
    return await _page(page, things, token)


@post("/approve/{token:str}")
async def decide_outside(
    page: ThisPage, things: TheThings, request: AnyRequest, token: FromPath[str]
) -> Html | Redirect:
    """Release or send back; the link is used up by it, and only by it."""
    form = await read_form(request)
    address = visitor_of(request).address
    try:
        approver, proposal_no = await _prove(page, things, address, token, form)
        async with things.db.transaction() as tx:
            act = door_act(page)
            await use_link(tx, act, things.vault, PURPOSE, token)
            verdict: Verdict = "approved" if form.text("do") == "approved" else "returned"
            text = form.text("text", 2000)
            await approving.decide(tx, act, things.desk, approver, proposal_no, verdict, text)
    except Refused as refused:
        if refused.code == "link_expired":
            raise
        return await _page(page, things, token, fault=Fault(*refusal_words(page, refused)))
    return page.go(f"/approve?done={verdict}")


@get("/approve")
async def show_done(page: ThisPage, done: FromQuery[str] = "") -> Html:
    """What became of it; says nothing that the link did not."""
    shown = done if done in ("approved", "returned") else "returned"
    return page.show("operator/templates/money/outside_done.html", done=shown)


async def _prove(
    page: Page, things: Things, address: str, token: str, form: Form
) -> tuple[Approver, str]:
    """The approver by link and code, in a transaction of its own so that a code works once."""
    act = door_act(page)
    async with things.db.connection() as conn:
        approver, proposal = await behind(conn, act, things, token)
    attempt = Attempt("second_factor", approver.approver_id, address)
    await count_attempt(things.db, things.vault, act, attempt)
    async with things.db.transaction() as tx:
        proven = await prove_outside(tx, act, things.vault, approver, form.text("code", 12))
    if proven is None:
        raise Refused("sign_in_failed")
    await forgive_attempt(things.db, things.vault, act, attempt)
    return proven, proposal.proposal_no


async def _page(page: Page, things: Things, token: str, *, fault: Fault | None = None) -> Html:
    act = door_act(page)
    offer: TotpOffer | None = None
    async with things.db.transaction() as tx:
        approver, proposal = await behind(tx, act, things, token)
        if not approver.has_factor:
            offer = await outside.offer_factor(tx, act, things.vault, things.ids, approver)
    return page.show(
        "operator/templates/money/outside.html",
        409 if fault else 200,
        token=token,
        approver=approver,
        proposal=proposal,
        offer=offer,
        qr=qr_of(offer.uri) if offer else "",
        spelled=spelled(offer.secret) if offer else "",
        fault=fault,
        change=await change_of(page, things, proposal),
        appeal=await appeal_of(page, things, proposal) if proposal.state == "open" else None,
    )


ROUTES: list[ControllerRouterHandler] = [show_proposal, decide_outside, show_done]
