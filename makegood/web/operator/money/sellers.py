"""One seller's money for the operator: holds, deposit, payouts to release and pay, escrow mode."""

from typing import Final

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream
from litestar.types import ControllerRouterHandler

from makegood.base.refusal import Refused
from makegood.claims.funds import settle_due
from makegood.claims.guarding import free_sales, hold_sales
from makegood.ledger.actions import pay_deposit
from makegood.ledger.funds import store
from makegood.ledger.funds.actions import pay_out, refuse_payout
from makegood.ledger.statements.months import read_month
from makegood.people.markets.actions import change_seller
from makegood.people.markets.store import list_sellers, list_suppliers
from makegood.store.database import Connection
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.money_refusal import keep_refusal
from makegood.web.operator.money.links import payee_link
from makegood.web.operator.money.releasing import payout_to, release_or_ask
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.seller.funds import money_page, seller_of, statement_csv
from makegood.web.things import TheThings, Things

DONE: Final = (
    "deposited",
    "released",
    "asked",
    "paid",
    "refused",
    "settled",
    "nothing",
    "held",
    "lifted",
    "contract",
)
SHOWN: Final = {"waiting": ("wanted", "released"), "ended": ("paid", "refused", "withdrawn")}


@get("/ops/payouts")
async def show_payouts(page: ThisPage, things: TheThings, show: FromQuery[str] = "waiting") -> Html:
    """Payouts to sellers and suppliers, the longest waiting first."""
    need_operator(page)
    shown, market_id = show if show in SHOWN else "waiting", page.market.market_id
    async with things.db.connection() as conn:
        payouts = await store.payouts_in_state(conn, market_id, SHOWN[shown])
        names = {("seller", one.seller_id): one.name for one in await list_sellers(conn, market_id)}
        suppliers = await list_suppliers(conn, market_id)
    return page.show(
        "operator/templates/money/payouts.html",
        section="payouts",
        payouts=payouts,
        names=names | {("supplier", one.supplier_id): one.name for one in suppliers},
        payee_link=payee_link,
        shown=shown,
    )


@get("/ops/sellers/{seller_id:str}")
async def show_seller(
    page: ThisPage,
    things: TheThings,
    seller_id: FromPath[str],
    m: FromQuery[str] = "",
    done: FromQuery[str] = "",
) -> Html:
    """A seller's money."""
    need_operator(page)
    return await _page(page, things, seller_id, m, done=done)


@get("/ops/sellers/{seller_id:str}/statement.csv")
async def export_seller(
    page: ThisPage, things: TheThings, seller_id: FromPath[str], m: FromQuery[str] = ""
) -> Stream:
    """The seller's month as CSV."""
    need_operator(page)
    month = read_month(m, page.now, page.words.zone)
    async with things.db.connection() as conn:
        await seller_of(conn, page, seller_id)
    name = f"funds-{seller_id}-{month.name}.csv"
    return await statement_csv(page, things, seller_id, month, name)


@post("/ops/sellers/{seller_id:str}")
async def change_seller_money(
    page: ThisPage, things: TheThings, request: AnyRequest, seller_id: FromPath[str]
) -> Html | Redirect:
    """Record a deposit, release, pay or refuse a payout, settle, hold in escrow or lift that."""
    page.need("fund.manage")
    form = await read_form(request)
    try:
        async with things.db.transaction() as tx:
            await seller_of(tx, page, seller_id)
            done = await _do(tx, page, things, seller_id, form)
    except Refused as refused:
        fault = await keep_refusal(page, things, "fund.manage", refused)
        return await _page(page, things, seller_id, "", fault=fault)
    return page.go(f"/ops/sellers/{seller_id}?done={done}")


def need_operator(page: Page) -> None:
    """Operators and auditors; a seller has a page of its own."""
    page.need("fund.read")
    if page.caller.role not in ("operator", "auditor"):
        raise not_found()


async def _do(tx: Connection, page: Page, things: Things, seller_id: str, form: Form) -> str:
    act, currency = page.act(), page.market.settings.currency
    number = form.text("payout", 40)
    match form.text("do", 20):
        case "deposit":
            reference = form.text("reference", 64)
            if not reference:
                raise Refused("reference_missing")
            money = form.money("amount", currency)
            await pay_deposit(tx, act, reference, seller_id, money)
            return "deposited"
        case "release":
            payout = await payout_to(tx, page, "seller", seller_id, number)
            return await release_or_ask(tx, page, things, payout)
        case "pay":
            await payout_to(tx, page, "seller", seller_id, number)
            await pay_out(tx, act, number, form.text("reference", 64))
            return "paid"
        case "refuse":
            await payout_to(tx, page, "seller", seller_id, number)
            await refuse_payout(tx, act, number, form.text("why", 500))
            return "refused"
        case "settle":
            moved = await settle_due(tx, act, seller_id, currency)
            return "settled" if moved.amount_minor else "nothing"
        case "hold":
            await hold_sales(tx, act, things.ids, seller_id, currency, form.text("why", 500))
            return "held"
        case "contract":
            seller = await seller_of(tx, page, seller_id)
            agreed = msgspec.structs.replace(seller, contract_id=form.text("contract", 64))
            await change_seller(tx, act, agreed)
            return "contract"
        case "lift":
            await free_sales(tx, act, things.ids, seller_id, currency, form.text("why", 500))
            return "lifted"
        case _:
            raise not_found()


async def _page(
    page: Page,
    things: Things,
    seller_id: str,
    m: str,
    *,
    done: str = "",
    fault: Fault | None = None,
) -> Html:
    async with things.db.connection() as conn:
        seller = await seller_of(conn, page, seller_id)
        facts = await money_page(conn, page, seller, m)
    return page.show(
        "operator/templates/money/seller.html",
        409 if fault else 200,
        section="sellers",
        done=done if done in DONE else "",
        fault=fault,
        **facts,
    )


ROUTES: list[ControllerRouterHandler] = [
    show_payouts,
    show_seller,
    export_seller,
    change_seller_money,
]
