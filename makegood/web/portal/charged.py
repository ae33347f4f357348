"""Charged, and no order came of it: the buyer tells of the payment and proves the contact."""

import re
from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from makegood.base.actor import Act, Actor
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.claims.payment_intake import STAND_IN, PaymentComplaint, open_payment_claim
from makegood.ledger.amounts import read_amount
from makegood.orders.sealing import contact_hash
from makegood.orders.store import load_order_contact
from makegood.people.proofs.actions import Asked, Begun, begin_proof
from makegood.people.proofs.rules import looks_like_mail
from makegood.people.slowdown.actions import Attempt, count_attempt
from makegood.web.page import Html, Page, ThisPage
from makegood.web.portal.door import AnyRequest, address_of, visitor_act
from makegood.web.portal.proof import code_path
from makegood.web.things import TheThings, Things

TRADE_NO: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{3,63}", re.ASCII)


class Charged(msgspec.Struct):
    """The form: what the payment receipt says, and where to answer."""

    trade_no: str = ""
    amount: str = ""
    contact: str = ""
    description: str = ""


ChargedForm = Annotated[Charged, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/charged")
async def show_charged(page: ThisPage) -> Html:
    """The form for a payment without an order."""
    return page.show("portal/templates/charged.html", typed=Charged(), wrong=set())


@post("/charged")
async def tell(
    page: ThisPage, things: TheThings, request: AnyRequest, data: ChargedForm
) -> Html | Redirect:
    """Open the claim and send a code to the contact, which leads to it.

    The answer is the same when somebody else told of this payment before: then the contact
    does not fit and no code is sent.
    """
    page.need("proof.begin")
    complaint, wrong = _read(page, data)
    if complaint is None:
        return page.show("portal/templates/charged.html", 422, typed=data, wrong=wrong)
    begun = await _open_and_prove(page, things, complaint, address_of(request))
    return page.go(code_path(begun.proof_id, begun.tag, f"{STAND_IN}{complaint.trade_no}", "/"))


async def _open_and_prove(
    page: Page, things: Things, complaint: PaymentComplaint, address: str
) -> Begun:
    attempt = Attempt("proof", complaint.trade_no, address)
    await count_attempt(things.db, things.vault, visitor_act(page), attempt)
    async with things.db.connection() as conn:
        try:
            await open_payment_claim(conn, _payer(page, complaint), things.desk, complaint)
        except Refused as refused:
            if refused.code != "claim_exists":
                raise
        order_no = f"{STAND_IN}{complaint.trade_no}"
        order = await load_order_contact(conn, page.market.market_id, order_no)
    asked = Asked(
        order_no=order_no,
        contact=complaint.contact,
        contact_hash=contact_hash(things.vault, page.market.market_id, complaint.contact),
        address=address,
        language=page.words.lang,
    )
    return await begin_proof(things.gate, visitor_act(page), order, asked)


def _payer(page: Page, complaint: PaymentComplaint) -> Act:
    """The buyer of the order that stands in for the missing one."""
    actor = Actor(role="buyer", id=f"{STAND_IN}{complaint.trade_no}")
    return Act(page.market.market_id, actor, page.now, page.request_id)


def _read(page: Page, data: Charged) -> tuple[PaymentComplaint | None, set[str]]:
    """The complaint, or the names of the fields that do not fit."""
    trade_no, contact = data.trade_no.strip(), data.contact.strip()[:200]
    amount = _amount(data.amount, page.market.settings.currency)
    checks = {
        "trade_no": TRADE_NO.fullmatch(trade_no) is not None,
        "amount": amount is not None,
        "contact": looks_like_mail(contact),
    }
    wrong = {name for name, fits in checks.items() if not fits}
    if wrong or amount is None:
        return None, wrong
    complaint = PaymentComplaint(
        trade_no=trade_no,
        amount=amount,
        contact=contact,
        description=data.description.replace("\x00", "")[:2000],
    )
    return complaint, wrong


def _amount(typed: str, currency: str) -> Money | None:
    """What was charged, in the market's currency; None for anything that is no amount of it."""
    try:
        return read_amount(typed, currency)
    except Refused:
        return None


ROUTES = [show_charged, tell]
