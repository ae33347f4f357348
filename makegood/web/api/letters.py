"""The decision letter: the shape for programs, the page for people."""

from typing import Final

from litestar import Request
from litestar.datastructures import State

from makegood.claims.letter import Letter, letter_of
from makegood.claims.looking import rules_of, view_claim
from makegood.web.api.access import own_claim
from makegood.web.api.faults import Fault
from makegood.web.api.operation import Answer, Call, Operation
from makegood.web.page import page_of


async def read(call: Call) -> Answer:
    """The letter, as HTML where that is asked for; 404 before there is a decision."""
    claim_no = await own_claim(call)
    claim = await view_claim(call.conn, call.act, call.things.desk, claim_no)
    if claim.decision is None:
        raise Fault("not_found")
    letter = letter_of(claim, await rules_of(call.act, call.things.desk, claim))
    if "text/html" in call.header(b"accept"):
        return Answer(body=await _page(call, letter), media_type="text/html; charset=utf-8")
    return Answer(body=letter)


async def _page(call: Call, letter: Letter) -> bytes:
    request: Request[object, object, State] = Request(call.scope, call.receive)
    market = await call.things.markets.get(call.act.market_id, call.act.now)
    if market is None:
        raise Fault("not_found")
    kit = call.scope["litestar_app"].state.kit
    page = page_of(request, call.things, kit, market, call.caller)
    text = page.html("portal/templates/letter.html", letter=letter)
    return text.encode()


OPERATIONS: Final = (
    Operation(
        name="readLetter",
        method="GET",
        path="/claims/{claim_no}/letter",
        action="claim.read",
        summary="The decision letter: JSON, or HTML with `Accept: text/html`.",
        run=read,
        uses="connection",
        answer=Letter,
        other_media=("text/html",),
    ),
)
