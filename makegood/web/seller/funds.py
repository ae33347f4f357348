"""A seller's money: balance, deposit, holds and their ends, statement, payouts, own limit."""

from collections.abc import Sequence
from typing import Final

import msgspec
from litestar import get, post
from litestar.params import FromQuery
from litestar.response import Redirect, Stream

from makegood.base.money import plain_amount
from makegood.base.refusal import Refused
from makegood.claims.funds import SellerFunds, funds_of, required_deposit, settle_due
from makegood.claims.guarding import reason_by_hand
from makegood.ledger.funds import store
from makegood.ledger.funds.actions import (
    entry_of,
    fill_deposit,
    statement_of,
    take_back_payout,
    want_payout,
)
from makegood.ledger.funds.rules import Source
from makegood.ledger.statements.months import Month, read_month, recent_months
from makegood.people.markets.actions import change_seller
from makegood.people.markets.rules import Seller, auto_lane_cap_minor
from makegood.people.markets.store import load_seller
from makegood.store.database import Connection, Record
from makegood.web.csv_stream import csv_answer
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.money_refusal import keep_refusal
from makegood.web.page import Html, Page, ThisPage
from makegood.web.paged_rows import rows_of
from makegood.web.problem import not_found
from makegood.web.seller.home import need_seller
from makegood.web.things import TheThings, Things

ENTRIES_SHOWN: Final = 50
"""The newest lines of a month that the page shows; the download has them all."""
DONE: Final = ("settled", "nothing", "wanted", "taken_back", "filled", "limit")


@get("/seller/funds")
async def show_funds(
    page: ThisPage, things: TheThings, m: FromQuery[str] = "", done: FromQuery[str] = ""
) -> Html:
    """All of a seller's money on one page."""
    need_seller(page)
    page.need("fund.read")
    return await _page(page, things, m, done=done)


@get("/seller/funds.csv")
async def export_funds(page: ThisPage, things: TheThings, m: FromQuery[str] = "") -> Stream:
    """The month's statement as CSV."""
    need_seller(page)
    page.need("fund.read")
    month = read_month(m, page.now, page.words.zone)
    return await statement_csv(page, things, page.actor.id, month, f"funds-{month.name}.csv")


@post("/seller/funds")
async def change_funds(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Settle what is due, ask for a payout, take it back, fill the deposit, set the own limit."""
    need_seller(page)
    page.need("payout.request")
    form = await read_form(request)
    try:
        async with things.db.transaction() as tx:
            done = await _do(tx, page, things, form)
    except Refused as refused:
        fault = await keep_refusal(page, things, "payout.request", refused)
        return await _page(page, things, "", fault=fault)
    return page.go(f"/seller/funds?done={done}")


async def seller_of(conn: Connection, page: Page, seller_id: str) -> Seller:
    """The seller, or the page for unknown things."""
    seller = await load_seller(conn, page.market.market_id, seller_id)
    if seller is None:
        raise not_found()
    return seller


async def statement_csv(
    page: Page, things: Things, seller_id: str, month: Month, name: str
) -> Stream:
    """The answer that downloads a seller's statement, however long it is."""
    t, w, currency = page.words.text, page.words, page.market.settings.currency
    names = ("time", "recipe", "account", "order", "claim", "amount", "currency", "id")
    asked = _statement(page, seller_id, month)
    async with things.db.connection() as conn:
        total, _ = await store.sum_entries(conn, asked)

    def line(row: Record) -> Sequence[object]:
        one = entry_of(row)
        return (
            w.stamp(one.posted_at),
            w.code("books.recipe", one.recipe).unescape(),
            w.code("books.account", one.account).unescape(),
            one.order_no,
            one.claim_no,
            plain_amount(one.amount_minor, currency),
            currency,
            one.transfer_id,
        )

    rows = rows_of(
        things.db, lambda conn, most, last: store.entries_after(conn, asked, most, last), line
    )
    return csv_answer(name, [t(f"books.csv.{one}") for one in names], rows, total)


async def _do(tx: Connection, page: Page, things: Things, form: Form) -> str:
    seller = await seller_of(tx, page, page.actor.id)
    match form.text("do", 20):
        case "settle":
            moved = await settle_due(
                tx, page.act(), seller.seller_id, page.market.settings.currency
            )
            return "settled" if moved.amount_minor else "nothing"
        case "payout":
            await _want(tx, page, things, seller, "balance", form)
            return "wanted"
        case "deposit_back":
            await _want(tx, page, things, seller, "deposit", form)
            return "wanted"
        case "take_back":
            await take_back_payout(tx, page.act(), seller.seller_id, form.text("payout", 40))
            return "taken_back"
        case "fill":
            money = form.money("amount", page.market.settings.currency)
            await fill_deposit(tx, page.act(), things.ids, seller.seller_id, money)
            return "filled"
        case "limit":
            await _set_limit(tx, page, seller, form)
            return "limit"
        case _:
            raise not_found()


async def _want(
    tx: Connection, page: Page, things: Things, seller: Seller, source: Source, form: Form
) -> None:
    settings, market_id = page.market.settings, page.market.market_id
    money = form.money("amount", settings.currency)
    await want_payout(
        tx,
        page.act(),
        things.ids,
        seller.seller_id,
        source=source,
        money=money,
        required_minor=await required_deposit(tx, market_id, settings, seller),
        by=page.caller.account_id,
    )


async def _set_limit(tx: Connection, page: Page, seller: Seller, form: Form) -> None:
    """An empty field leaves it to the market's caps; nothing closes the lane for this seller."""
    text = form.text("limit", 40)
    limit = None if not text else form.amount_minor("limit", page.market.settings.currency)
    if text and (limit is None or limit < 0):
        raise Refused("setting_invalid", fields=["limit"])
    changed = msgspec.structs.replace(seller, own_auto_cap_minor=limit)
    await change_seller(tx, page.act(), changed)


def _statement(page: Page, seller_id: str, month: Month) -> store.Statement:
    market = page.market
    return statement_of(
        market.market_id, seller_id, market.settings.currency, month.since, month.until
    )


async def money_page(conn: Connection, page: Page, seller: Seller, m: str) -> dict[str, object]:
    """What both the seller's and the operator's page show of a seller's money."""
    month = read_month(m, page.now, page.words.zone)
    funds: SellerFunds = await funds_of(conn, page.act(), page.market.settings, seller)
    asked = _statement(page, seller.seller_id, month)
    newest = await store.newest_entries(conn, asked, ENTRIES_SHOWN)
    count, net_minor = await store.sum_entries(conn, asked)
    by_hand = seller.escrow_since is not None and not seller.escrow_claim_no
    return {
        "seller": seller,
        "held_why": await reason_by_hand(conn, page.market.market_id, seller.seller_id)
        if by_hand
        else "",
        "funds": funds,
        "month": month.name,
        "months": recent_months(page.now, page.words.zone),
        "entries": [entry_of(row) for row in newest],
        "entries_left": max(0, count - ENTRIES_SHOWN),
        "net_minor": net_minor,
        "payouts": await store.payouts_of(conn, page.market.market_id, seller.seller_id, "seller"),
        "market_cap_minor": auto_lane_cap_minor(
            page.market.settings, msgspec.structs.replace(seller, own_auto_cap_minor=None)
        ),
    }


async def _page(
    page: Page, things: Things, m: str, *, done: str = "", fault: Fault | None = None
) -> Html:
    async with things.db.connection() as conn:
        seller = await seller_of(conn, page, page.actor.id)
        facts = await money_page(conn, page, seller, m)
    return page.show(
        "seller/templates/funds.html",
        409 if fault else 200,
        shop=seller.name,
        counts={},
        done=done if done in DONE else "",
        fault=fault,
        **facts,
    )


ROUTES = [show_funds, export_funds, change_funds]
