"""The decision letter as the staff reads it: all facts, each side's own among them."""

from litestar import get
from litestar.params import FromPath

from makegood.claims.letter import letter_of
from makegood.claims.looking import rules_of, view_claim
from makegood.web.desk.claim import need_staff
from makegood.web.page import Html, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings


@get("/desk/c/{claim_no:str}/letter")
async def show_letter(page: ThisPage, things: TheThings, claim_no: FromPath[str]) -> Html:
    """The letter of the standing decision; no page before there is one."""
    need_staff(page, "claim.read")
    async with things.db.connection() as conn:
        claim = await view_claim(conn, page.act(), things.desk, claim_no)
    if claim.decision is None:
        raise not_found()
    letter = letter_of(claim, await rules_of(page.act(), things.desk, claim))
    return page.show("portal/templates/letter.html", letter=letter, back=f"/desk/c/{claim_no}")


ROUTES = [show_letter]
