"""Receipts on the pages of a claim: what each side has done, signed, and whether it is logged."""

from collections.abc import Sequence
from typing import Final

import msgspec
from litestar import get
from litestar.params import FromPath
from markupsafe import Markup

from makegood.claims.looking import view_claim
from makegood.record.log.given_store import Given, given_in_stream
from makegood.record.log.guard import Trouble
from makegood.store.database import Connection
from makegood.web.checking import qr, record_of
from makegood.web.page import Html, Page, ThisPage
from makegood.web.portal.door import own_claim
from makegood.web.problem import not_found
from makegood.web.seller.home import need_seller
from makegood.web.things import TheThings, Things

DECISIONS: Final = ("claim_decided", "appeal_decided")
"""Steps of others that both parties get a receipt for, beside their own."""
TEMPLATE: Final = "templates/receipts.html"


class Receipts(msgspec.Struct, frozen=True):
    """The receipts that one side holds, the newest first, and the key that signed them."""

    given: list[Given]
    key: str
    base: str
    """Where this side's pages of the claim begin: `/c/AS-…` or `/seller/c/AS-…`."""

    @property
    def newest(self) -> Given:
        """The one shown whole."""
        return self.given[0]


async def receipts_of(
    conn: Connection, page: Page, things: Things, claim_no: str, base: str, roles: Sequence[str]
) -> Receipts | None:
    """The receipts of one side; None while the record cannot sign any."""
    market_id = page.market.market_id
    try:
        record = await record_of(conn, things, market_id)
    except Trouble:
        return None
    if record is None:
        return None
    given = await given_in_stream(conn, market_id, claim_no, roles, DECISIONS, page.now)
    return Receipts(given, record.key_name, base) if given else None


async def buyers_receipts(
    conn: Connection, page: Page, things: Things, claim_no: str
) -> Receipts | None:
    """What the buyer, or the shop for the buyer, has done."""
    return await receipts_of(conn, page, things, claim_no, f"/c/{claim_no}", ("buyer", "market"))


async def sellers_receipts(
    conn: Connection, page: Page, things: Things, claim_no: str
) -> Receipts | None:
    """What the seller has done."""
    return await receipts_of(conn, page, things, claim_no, f"/seller/c/{claim_no}", ("seller",))


def qr_of(page: Page, number: str) -> Markup:
    """The address where anybody checks a receipt, as a picture."""
    return qr(f"{page.market.settings.base_url}/v/{number}")


@get("/c/{claim_no:str}/receipts/{number:str}")
async def show_buyers(
    page: ThisPage, things: TheThings, claim_no: FromPath[str], number: FromPath[str]
) -> Html:
    """One receipt of the buyer, to print."""
    async with things.db.connection() as conn:
        await own_claim(conn, page, things, claim_no)
        return _shown(page, claim_no, number, await buyers_receipts(conn, page, things, claim_no))


@get("/seller/c/{claim_no:str}/receipts/{number:str}")
async def show_sellers(
    page: ThisPage, things: TheThings, claim_no: FromPath[str], number: FromPath[str]
) -> Html:
    """One receipt of the seller, to print."""
    need_seller(page)
    async with things.db.connection() as conn:
        await view_claim(conn, page.act(), things.desk, claim_no)
        return _shown(page, claim_no, number, await sellers_receipts(conn, page, things, claim_no))


def _shown(page: Page, claim_no: str, number: str, receipts: Receipts | None) -> Html:
    given = [one for one in receipts.given if one.number == number] if receipts else []
    if receipts is None or not given:
        raise not_found()
    return page.show(
        TEMPLATE, claim_no=claim_no, one=given[0], receipts=receipts, qr=qr_of(page, number)
    )


PORTAL_ROUTES: Final = [show_buyers]
ROUTES: Final = [show_sellers]
