"""The bundle of a claim for its buyer, its seller and the staff."""

from typing import Final

from litestar import get
from litestar.params import FromPath
from litestar.response import Stream

from makegood.claims.looking import view_claim
from makegood.web.bundle.answer import answer, audience_of, packed_bundle
from makegood.web.bundle.question import question_of
from makegood.web.desk.forms import AnyRequest
from makegood.web.page import Page, ThisPage
from makegood.web.portal.door import own_claim
from makegood.web.problem import not_found
from makegood.web.seller.home import need_seller
from makegood.web.things import TheThings, Things

ACTION: Final = "claim.bundle"


@get("/c/{claim_no:str}/bundle")
async def buyers_bundle(page: ThisPage, things: TheThings, claim_no: FromPath[str]) -> Stream:
    """Everything the buyer may have, in one file."""
    page.need(ACTION)
    async with things.db.connection() as conn:
        claim = await own_claim(conn, page, things, claim_no)
        packed = await packed_bundle(conn, page, things, claim, "buyer")
    return answer(packed, things, page.market.market_id)


@get("/seller/c/{claim_no:str}/bundle")
async def sellers_bundle(page: ThisPage, things: TheThings, claim_no: FromPath[str]) -> Stream:
    """Everything the seller may have."""
    need_seller(page)
    return await _bundle(page, things, claim_no, "seller")


@get("/desk/c/{claim_no:str}/bundle")
async def staffs_bundle(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Stream:
    """Everything, or what one side may have: `?for=buyer`; `?for=outside` is what was sent out.

    Of several questions the newest is in it, or the one that `case` names.
    """
    if page.caller.role in ("buyer", "seller"):
        raise not_found()
    asked = request.query_params
    return await _bundle(page, things, claim_no, asked.get("for", ""), asked.get("case", ""))


async def _bundle(
    page: Page, things: Things, claim_no: str, wanted: str, ref_no: str = ""
) -> Stream:
    page.need(ACTION)
    async with things.db.connection() as conn:
        claim = await view_claim(conn, page.act(), things.desk, claim_no)
        audience = audience_of(page.caller.role, wanted)
        beside = None
        if audience == "outside":
            beside = await question_of(conn, page.market.market_id, claim_no, ref_no)
        packed = await packed_bundle(conn, page, things, claim, audience, beside=beside)
    return answer(packed, things, page.market.market_id)


PORTAL_ROUTES: Final = [buyers_bundle]
ROUTES: Final = [sellers_bundle, staffs_bundle]
