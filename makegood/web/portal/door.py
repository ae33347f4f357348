"""Who a portal page is for: the buyer's own session, and only the orders it has proven."""

from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import Cookie, State

from makegood.base.actor import Act, Actor
from makegood.claims.looking import view_claim
from makegood.claims.view import ClaimView
from makegood.people.proofs.sessions import BuyerSignedIn
from makegood.store.database import Connection
from makegood.web.page import Page, page_of
from makegood.web.problem import PageFault, not_found
from makegood.web.session import BUYER_COOKIE, buyer_of
from makegood.web.things import TheThings, Things

AnyRequest = Request[Any, Any, State]


async def open_portal_page(request: AnyRequest, things: TheThings) -> Page:
    """The page frame for a buyer or a visitor; a staff session in the same browser is not one."""
    now = things.clock.now()
    market_id = things.settings.market_id
    market = await things.markets.get(market_id, now)
    if market is None:
        raise PageFault(503, "not_set_up")
    request.app.state.market = market
    caller = await buyer_of(request, things, now)
    return page_of(request, things, request.app.state.kit, market, caller)


def need_order(page: Page, order_no: str) -> None:
    """Go on only for an order that this session has proven; otherwise 404."""
    if not page.caller.holds_order(order_no):
        raise not_found()


async def own_claim(
    conn: Connection, page: Page, things: Things, claim_no: str, act: Act | None = None
) -> ClaimView:
    """The claim, if it is about an order this session has proven; otherwise 404.

    A visitor with no session is answered in the same way, so nothing tells the two apart.
    """
    page.need("claim.read")
    view = await view_claim(conn, act or page.act(), things.desk, claim_no)
    need_order(page, view.order.order_no)
    return view


def visitor_act(page: Page) -> Act:
    """The frame of a proof: somebody who is nobody yet."""
    return Act(
        market_id=page.market.market_id,
        actor=Actor(role="buyer", id="visitor"),
        now=page.now,
        request_id=page.request_id,
    )


def keyed_act(page: Page, key: str) -> Act:
    """The frame of a form whose hidden key makes sending it twice harmless."""
    return msgspec.structs.replace(page.act(), request_id=key[:64] or page.request_id)


def session_cookie(page: Page, signed_in: BuyerSignedIn) -> Cookie:
    """The cookie of a buyer session."""
    seconds = int((signed_in.expires_at - page.now).total_seconds())
    return Cookie(
        key=BUYER_COOKIE,
        value=signed_in.token,
        path="/",
        httponly=True,
        samesite="lax",
        secure=page.secure,
        max_age=max(0, seconds),
    )


def address_of(request: AnyRequest) -> str:
    """The network address a request came from; a proxy's headers are read by the server."""
    return request.client.host if request.client else ""
