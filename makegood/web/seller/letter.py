"""The decision letter as the seller reads it: the buyer's letter, with what the seller may see."""

from litestar import get
from litestar.params import FromPath

from makegood.claims.letter import letter_of
from makegood.claims.looking import rules_of, view_claim
from makegood.web.page import Html, ThisPage
from makegood.web.problem import not_found
from makegood.web.seller.home import need_seller
from makegood.web.things import TheThings


@get("/seller/c/{claim_no:str}/letter")
async def show_letter(page: ThisPage, things: TheThings, claim_no: FromPath[str]) -> Html:
    """The letter of the standing decision; no page before there is one."""
    need_seller(page)
    async with things.db.connection() as conn:
        claim = await view_claim(conn, page.act(), things.desk, claim_no)
    if claim.decision is None:
        raise not_found()
    letter = letter_of(claim, await rules_of(page.act(), things.desk, claim))
    return page.show("portal/templates/letter.html", letter=letter, back=f"/seller/c/{claim_no}")


ROUTES = [show_letter]
