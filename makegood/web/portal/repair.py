"""Paying for a repair: the price, where to pay, and a look at the gateway whether it came."""

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from makegood.base.money import plain_amount
from makegood.base.refusal import Refused
from makegood.claims.repairs import RepairOffer, find_payment, repair_offer
from makegood.claims.system_actions import pay_repair
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, read_form
from makegood.web.money_refusal import keep_refusal
from makegood.web.page import Html, Page, ThisPage
from makegood.web.portal.case import load
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things


@get("/c/{claim_no:str}/repair")
async def show_repair(page: ThisPage, things: TheThings, claim_no: FromPath[str]) -> Html:
    """What the repair costs and how to pay for it."""
    return _page(page, await _offer(page, things, claim_no))


@post("/c/{claim_no:str}/repair")
async def check_payment(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Html | Redirect:
    """Ask the gateways; when one holds the payment, the repair begins."""
    page.need("claim.pay_repair")
    offer = await _offer(page, things, claim_no)
    trade_no = (await read_form(request)).text("trade_no", 64)
    try:
        gateways = things.gateways(page.market.market_id)
        leg = await find_payment(gateways, offer, trade_no)
        if leg is None:
            raise Refused("not_paid")
        async with things.db.transaction() as tx:
            await pay_repair(tx, page.act(), things.desk, claim_no, leg)
    except Refused as refused:
        fault = await keep_refusal(page, things, "claim.pay_repair", refused)
        return _page(page, offer, fault=fault)
    return page.go(f"/c/{claim_no}?done=repair")


async def _offer(page: Page, things: Things, claim_no: str) -> RepairOffer:
    """The offer of the buyer's own claim; everything else is unknown."""
    claim = await load(page, things, claim_no)
    async with things.db.connection() as conn:
        offer = await repair_offer(conn, page.market.market_id, claim_no)
    if offer is None or "pay_repair" not in claim.may:
        raise not_found()
    return offer


def _page(page: Page, offer: RepairOffer, *, fault: Fault | None = None) -> Html:
    template = page.market.settings.money.repair_pay_url
    amount = plain_amount(offer.price_minor, offer.currency)
    link = template.replace("{claim}", offer.claim_no).replace("{amount}", amount)
    return page.show(
        "portal/templates/repair.html",
        409 if fault else 200,
        offer=offer,
        link=link,
        fault=fault,
    )


ROUTES: list[ControllerRouterHandler] = [show_repair, check_payment]
