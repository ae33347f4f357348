"""Proving to be the buyer: one-time code, query password, and the links of shop and mail."""

from typing import Annotated
from urllib.parse import unquote, urlencode

import msgspec
from litestar import get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect

from makegood.base.refusal import Refused
from makegood.orders.sealing import claim_code_hash, contact_hash
from makegood.orders.store import load_order_contact
from makegood.people.proofs.actions import (
    Asked,
    begin_proof,
    finish_proof,
    prove_by_password,
    use_claim_link,
    use_order_link,
)
from makegood.people.proofs.rules import OrderContact
from makegood.people.proofs.sessions import BuyerSignedIn, revoke_buyer_session
from makegood.web.common import local_path
from makegood.web.page import Html, Page, ThisPage
from makegood.web.portal.door import AnyRequest, address_of, session_cookie, visitor_act
from makegood.web.problem import PageFault
from makegood.web.session import BUYER_COOKIE
from makegood.web.things import TheThings, Things

LONGEST = 200


class CodeWanted(msgspec.Struct):
    """The form that asks for a code."""

    order_no: str
    contact: str
    next: str = ""


class PasswordGiven(msgspec.Struct):
    """The form with a query password."""

    order_no: str
    password: str
    next: str = ""


class CodeGiven(msgspec.Struct):
    """The form with the six digits."""

    code: str
    order_no: str = ""
    next: str = ""
    tag: str = ""


CodeWantedForm = Annotated[CodeWanted, Body(media_type=RequestEncodingType.URL_ENCODED)]
PasswordForm = Annotated[PasswordGiven, Body(media_type=RequestEncodingType.URL_ENCODED)]
CodeForm = Annotated[CodeGiven, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/proof")
async def show_proof(page: ThisPage, things: TheThings, request: AnyRequest) -> Html:
    """Both ways to prove, with the order number filled in where it is known."""
    query = request.query_params
    next_ = local_path(str(query.get("next", "") or "/"))
    order_no = (str(query.get("order", "")) or _order_in(next_))[:LONGEST]
    return _proof_page(page, things, order_no, next_, again="again" in query)


@post("/proof/code")
async def want_code(
    page: ThisPage, things: TheThings, request: AnyRequest, data: CodeWantedForm
) -> Html | Redirect:
    """Send a code if the contact fits. The answer is the same for everyone."""
    page.need("proof.begin")
    market_id, order_no = page.market.market_id, data.order_no.strip()[:LONGEST]
    contact = data.contact.strip()[:LONGEST]
    asked = Asked(
        order_no=order_no,
        contact=contact,
        contact_hash=contact_hash(things.vault, market_id, contact),
        address=address_of(request),
        language=page.words.lang,
    )
    order = await _order(things, market_id, order_no)
    try:
        begun = await begin_proof(things.gate, visitor_act(page), order, asked)
    except Refused as refused:
        return _refused(page, things, refused, order_no, data.next)
    return page.go(code_path(begun.proof_id, begun.tag, order_no, data.next))


@get("/proof/{proof_id:str}")
async def show_code(
    page: ThisPage, things: TheThings, request: AnyRequest, proof_id: FromPath[str]
) -> Html:
    """Where the six digits go."""
    return _code_page(page, things, request, proof_id, wrong=False)


@post("/proof/{proof_id:str}")
async def give_code(
    page: ThisPage, things: TheThings, request: AnyRequest, proof_id: FromPath[str], data: CodeForm
) -> Html | Redirect:
    """Begin the session when the digits fit."""
    page.need("proof.finish")
    try:
        signed_in = await finish_proof(
            things.gate, visitor_act(page), proof_id, data.code[:LONGEST], page.caller
        )
    except Refused:
        facts = {"order_no": data.order_no, "next": data.next, "tag": data.tag}
        return _code_page(page, things, request, proof_id, wrong=True, **facts)
    return _enter(page, signed_in, data.next)


@post("/proof/password")
async def give_password(
    page: ThisPage, things: TheThings, request: AnyRequest, data: PasswordForm
) -> Html | Redirect:
    """Begin the session when the query password of the order fits."""
    page.need("proof.finish")
    market_id, order_no = page.market.market_id, data.order_no.strip()[:LONGEST]
    typed = claim_code_hash(things.vault, market_id, order_no, data.password[:LONGEST])
    order = await _order(things, market_id, order_no)
    try:
        signed_in = await prove_by_password(
            things.gate,
            visitor_act(page),
            order,
            order_no,
            typed,
            address_of(request),
            page.caller,
        )
    except Refused as refused:
        return _refused(page, things, refused, order_no, data.next)
    return _enter(page, signed_in, data.next)


@get("/l/o/{token:str}")
async def order_link(page: ThisPage, things: TheThings, token: FromPath[str]) -> Redirect:
    """The shop system's one-time link: a session, and the token is gone from the address."""
    try:
        async with things.db.transaction() as tx:
            signed_in = await use_order_link(
                tx, visitor_act(page), things.vault, things.ids, token, page.caller
            )
    except Refused as refused:
        raise PageFault(410, "link_used") from refused
    return _enter(page, signed_in, f"/o/{signed_in.order_no}")


@get("/l/c/{token:str}")
async def claim_link(page: ThisPage, things: TheThings, token: FromPath[str]) -> Redirect:
    """A mail's one-time link to a claim."""
    try:
        async with things.db.transaction() as tx:
            signed_in, claim_no = await use_claim_link(
                tx, visitor_act(page), things.vault, things.ids, token, page.caller
            )
    except Refused as refused:
        raise PageFault(410, "link_used") from refused
    return _enter(page, signed_in, f"/c/{claim_no}" if claim_no else f"/o/{signed_in.order_no}")


@post("/sign-out")
async def sign_out(page: ThisPage, things: TheThings) -> Redirect:
    """End the buyer session everywhere, and forget it on this device."""
    if page.caller.via == "buyer_session":
        async with things.db.transaction() as tx:
            await revoke_buyer_session(tx, page.act(), page.caller.session_id)
        things.callers.buyers.forget(page.market.market_id)
    answer = page.go("/")
    answer.delete_cookie(BUYER_COOKIE, path="/")
    return answer


async def _order(things: Things, market_id: str, order_no: str) -> OrderContact | None:
    async with things.db.connection() as conn:
        return await load_order_contact(conn, market_id, order_no.replace("\x00", ""))


def _enter(page: Page, signed_in: BuyerSignedIn, next_: str) -> Redirect:
    wanted = local_path(next_ or "/")
    answer = page.go(f"/o/{signed_in.order_no}" if wanted == "/" else wanted)
    answer.set_cookie(session_cookie(page, signed_in))
    return answer


def _order_in(path: str) -> str:
    """The order number of a page of an order: what the visitor wanted to see need not be typed."""
    parts = unquote(path).split("?")[0].split("/")
    return parts[2] if path.startswith("/o/") else ""


def _refused(page: Page, things: Things, refused: Refused, order_no: str, next_: str) -> Html:
    """The same form with what was wrong; never whether the order exists."""
    status = 429 if refused.code == "proof_locked" else 409
    next_ = local_path(next_ or "/")
    answer = _proof_page(page, things, order_no, next_, refused.code, status=status)
    retry_s = refused.detail.get("retry_after_s")
    if retry_s is not None:
        answer.headers["retry-after"] = str(retry_s)
    return answer


def _proof_page(
    page: Page,
    things: Things,
    order_no: str,
    next_: str,
    wrong: str = "",
    *,
    again: bool = False,
    status: int = 200,
) -> Html:
    return page.show(
        "portal/templates/proof.html",
        status,
        order_no=order_no,
        next=next_,
        wrong=wrong,
        again=again,
        mails=things.settings.mails,
    )


def _code_page(
    page: Page,
    things: Things,
    request: AnyRequest,
    proof_id: str,
    *,
    wrong: bool,
    **typed: str,
) -> Html:
    query = request.query_params
    return page.show(
        "portal/templates/code.html",
        409 if wrong else 200,
        proof_id=proof_id,
        tag=typed.get("tag") or str(query.get("tag", ""))[:8],
        order_no=typed.get("order_no") or str(query.get("order", ""))[:LONGEST],
        next=local_path(typed.get("next") or str(query.get("next", "")) or "/"),
        wrong=wrong,
        demo_mail=things.demo.mailbox_url if things.demo else "",
    )


def code_path(proof_id: str, tag: str, order_no: str, next_: str) -> str:
    """Where the six digits of a begun proof go."""
    query = urlencode({"tag": tag, "order": order_no, "next": local_path(next_ or "/")})
    return f"/proof/{proof_id}?{query}"


ROUTES = [
    show_proof,
    want_code,
    show_code,
    give_code,
    give_password,
    order_link,
    claim_link,
    sign_out,
]
