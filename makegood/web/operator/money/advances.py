"""What is owed to the platform claim by claim: collected by hand, or given up by two persons."""

from typing import Final

from litestar import get, post
from litestar.params import FromQuery
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from makegood.base.refusal import Refused
from makegood.ledger.advance.actions import (
    caps_of,
    open_advances,
    propose_write_off,
    record_recovery,
)
from makegood.ledger.statements.channel_store import channels_of
from makegood.store.database import Connection
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.money_refusal import keep_refusal
from makegood.web.operator.money.ledger import names_of
from makegood.web.operator.money.links import claim_link
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

PARTIES: Final = ("seller", "supplier", "channel", "sla")
SHOWN: Final = 200


@get("/ops/advances")
async def show_advances(
    page: ThisPage,
    things: TheThings,
    party: FromQuery[str] = "",
    debtor: FromQuery[str] = "",
    done: FromQuery[str] = "",
) -> Html:
    """Open debts, the oldest first; whose they are is a filter in the address."""
    page.need("ledger.read")
    return await _page(page, things, party, debtor, done=done)


@post("/ops/advances")
async def change_advance(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Record what a debtor paid, or propose to give the debt up."""
    page.need("fund.manage")
    form = await read_form(request)
    try:
        async with things.db.transaction() as tx:
            done = await _do(tx, page, things, form)
    except Refused as refused:
        fault = await keep_refusal(page, things, "fund.manage", refused)
        return await _page(page, things, "", "", fault=fault)
    return page.go(f"/ops/advances?done={done}")


async def _do(tx: Connection, page: Page, things: Things, form: Form) -> str:
    claim_no, party = form.text("claim", 40), form.text("party", 20)
    currency = page.market.settings.currency
    match form.text("do", 20):
        case "recover":
            reference = form.text("reference", 64)
            if party == "supplier":
                raise not_found()
            if not reference:
                raise Refused("reference_missing")
            money = form.money("amount", currency)
            await record_recovery(tx, page.act(), reference, claim_no, party, money)
            return "recovered"
        case "write_off":
            await propose_write_off(
                tx,
                page.act(),
                things.ids,
                claim_no=claim_no,
                party=party,
                currency=currency,
                why=form.text("why", 2000),
                by_name=page.caller.display_name,
            )
            return "proposed"
        case _:
            raise not_found()


async def _page(
    page: Page,
    things: Things,
    party: str,
    debtor: str,
    *,
    done: str = "",
    fault: Fault | None = None,
) -> Html:
    market_id, currency = page.market.market_id, page.market.settings.currency
    party = party if party in PARTIES else ""
    async with things.db.connection() as conn:
        advances = await open_advances(conn, market_id, currency, party, debtor[:64], SHOWN)
        names = await names_of(conn, market_id)
        of_channels = [one.claim_no for one in advances if one.party == "channel"]
        channels = await channels_of(conn, market_id, of_channels)
        caps = await caps_of(conn, market_id)
    return page.show(
        "operator/templates/money/advances.html",
        409 if fault else 200,
        section="advances",
        advances=advances,
        names=names,
        channels=channels,
        parties=PARTIES,
        party=party,
        debtor=debtor,
        days=caps.write_off_after_days,
        done=done if done in ("recovered", "proposed") else "",
        fault=fault,
        claim_link=claim_link,
    )


ROUTES: list[ControllerRouterHandler] = [show_advances, change_advance]
