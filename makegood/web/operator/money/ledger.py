"""The ledger: the fund and what it may still advance, what is owed back, refunds, every entry."""

from typing import Final

import msgspec
from litestar import get, post
from litestar.params import FromQuery
from litestar.response import Redirect, Stream
from litestar.types import ControllerRouterHandler

from makegood.base.money import MINOR_DIGITS, plain_amount
from makegood.base.refusal import Refused
from makegood.ledger.actions import grant_quota
from makegood.ledger.advance.actions import (
    AdvanceFigures,
    AgeingRow,
    advance_figures,
    ageing,
    put_into_fund,
)
from makegood.ledger.audits.pause import open_pauses, resume_payouts
from makegood.ledger.journal import reading, store
from makegood.ledger.journal.reading import FundWalk
from makegood.ledger.journal.store import EntryWish
from makegood.ledger.refund.actions import refund_board
from makegood.ledger.statements.months import Month, read_month, recent_months
from makegood.people.approvals.actions import propose
from makegood.people.approvals.limits import needs_second_person
from makegood.people.approvals.rules import NewProposal
from makegood.people.markets.store import list_sellers, list_suppliers
from makegood.store.database import Connection
from makegood.web.csv_stream import csv_answer
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.money_refusal import keep_refusal
from makegood.web.page import Html, Page, ThisPage
from makegood.web.paged_rows import rows_of
from makegood.web.things import TheThings, Things

DAYS_BACK: Final = 30
LONG_DAYS: Final = 1000
KINDS: Final = (
    "escrow",
    "seller_balance",
    "seller_deposit",
    "guarantee_fund",
    "gateway_clearing",
    "supplier_receivable",
    "seller_receivable",
    "coupon_liability",
    "compensation_cost",
    "bad_debt",
    "bank",
)
"""Accounts that the journal can be narrowed to by a link."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One bar of the fund's month, in the chart's own units; `sum_` bars stand on the ground."""

    name: str
    minor: int
    label: str
    x: int
    y: float
    height: float
    tone: str
    sum_: bool = False


@get("/ops/ledger")
async def show_ledger(
    page: ThisPage,
    things: TheThings,
    m: FromQuery[str] = "",
    recipe: FromQuery[str] = "",
    account: FromQuery[str] = "",
    q: FromQuery[str] = "",
    cursor: FromQuery[str] = "",
    done: FromQuery[str] = "",
) -> Html:
    """One month of the ledger; every filter is a part of the address."""
    page.need("ledger.read")
    month = read_month(m, page.now, page.words.zone)
    wish = wish_of(month, recipe, account, q)
    return await _page(page, things, month, wish, cursor=cursor, done=done)


@get("/ops/ledger.csv")
async def export_ledger(
    page: ThisPage,
    things: TheThings,
    m: FromQuery[str] = "",
    recipe: FromQuery[str] = "",
    account: FromQuery[str] = "",
    q: FromQuery[str] = "",
) -> Stream:
    """The same entries, all of them, as CSV."""
    page.need("ledger.read")
    month = read_month(m, page.now, page.words.zone)
    wish = wish_of(month, recipe, account, q)
    market_id = page.market.market_id
    async with things.db.connection() as conn:
        total = await store.count_entries(conn, market_id, wish)
    t = page.words.text
    header = [
        t(f"books.csv.{name}")
        for name in ("time", "id", "recipe", "debit", "credit", "amount", "currency")
    ]
    header += [t(f"books.csv.{name}") for name in ("claim", "order", "rule")]
    rows = rows_of(
        things.db,
        lambda conn, most, last: store.entries_after(conn, market_id, wish, most, last),
        lambda row: (
            page.words.stamp(row["posted_at"]),
            str(row["id"]),
            page.words.code("books.recipe", row["recipe"]).unescape(),
            row["debit"],
            row["credit"],
            plain_amount(row["amount_minor"], row["currency"]),
            row["currency"],
            row["claim_no"],
            row["order_no"],
            row["rule"],
        ),
    )
    return csv_answer(f"ledger-{month.name}.csv", header, rows, total)


@post("/ops/ledger/resume")
async def resume(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Let payouts go on, or ask a second person to agree where the market wants two."""
    page.need("fund.manage")
    form = await read_form(request)
    currency, reason = form.text("currency", 3), form.text("reason", 2000)
    settings = page.market.settings
    try:
        async with things.db.transaction() as tx:
            if needs_second_person(
                settings, "resume_payouts", page.actor.role, 0, settings.currency
            ):
                new = NewProposal(
                    kind="resume_payouts",
                    subject=currency,
                    currency=currency,
                    payload={"currency": currency},
                    why=reason,
                    key=f"resume:{currency}",
                )
                by, name = page.caller.account_id, page.caller.display_name
                await propose(tx, page.act(), things.ids, new, by=by, by_name=name)
                done = "asked"
            else:
                await resume_payouts(tx, page.act(), currency, reason)
                done = "resumed"
    except Refused as refused:
        return await _again(page, things, refused)
    return page.go(f"/ops/ledger?done={done}")


@post("/ops/ledger/fund")
async def fill(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Put cash into the fund, or raise the quota."""
    page.need("fund.manage")
    form = await read_form(request)
    try:
        async with things.db.transaction() as tx:
            await _fill(tx, page, form)
    except Refused as refused:
        return await _again(page, things, refused)
    return page.go("/ops/ledger?done=filled")


async def _fill(tx: Connection, page: Page, form: Form) -> None:
    money = form.money("amount", page.market.settings.currency)
    reference = form.text("reference", 64)
    if not reference:
        raise Refused("reference_missing")
    if form.text("what") == "quota":
        await grant_quota(tx, page.act(), reference, money)
    else:
        await put_into_fund(tx, page.act(), reference, money)


def wish_of(month: Month, recipe: str, account: str, q: str) -> EntryWish:
    """The wished entries of an address."""
    return EntryWish(
        since=month.since,
        until=month.until,
        recipe=recipe[:40],
        account=account if account in KINDS else "",
        q=q.strip()[:80],
    )


async def _again(page: Page, things: Things, refused: Refused) -> Html:
    month = read_month("", page.now, page.words.zone)
    fault = await keep_refusal(page, things, "fund.manage", refused)
    return await _page(page, things, month, wish_of(month, "", "", ""), fault=fault)


async def _page(
    page: Page,
    things: Things,
    month: Month,
    wish: EntryWish,
    *,
    cursor: str = "",
    done: str = "",
    fault: Fault | None = None,
) -> Html:
    market_id, currency = page.market.market_id, page.market.settings.currency
    async with things.db.connection() as conn:
        figures = await advance_figures(conn, market_id, currency, page.now)
        walk = await reading.fund_walk(
            conn, market_id, currency, month, figures.fund_minor, page.now
        )
        debts = await ageing(conn, market_id, currency, page.now)
        names = await names_of(conn, market_id)
        board = await refund_board(conn, market_id, page.now)
        entries, following = await reading.page_of_entries(conn, market_id, wish, cursor)
        recipes = await store.recipes_in(conn, market_id, month.since, month.until)
        accounts = await reading.account_sums(conn, market_id)
        pauses = await open_pauses(conn, market_id)
    return page.show(
        "operator/templates/money/ledger.html",
        409 if fault else 200,
        section="ledger",
        month=month.name,
        months=recent_months(page.now, page.words.zone),
        wish=wish,
        figures=figures,
        empty=not entries and not figures.fund_minor and not accounts,
        walk=walk,
        bars=bars_of(walk, currency),
        days_left=days_left(walk, figures),
        debts=debts,
        debt_total=total_of(debts),
        names=names,
        board={column.state: column for column in board},
        states=reading.STATES,
        entries=entries,
        next_cursor=following,
        recipes=recipes,
        kinds=KINDS,
        accounts=accounts,
        pauses=pauses,
        done=done if done in ("resumed", "asked", "filled") else "",
        fault=fault,
        claim_link=_claim_link,
    )


async def names_of(conn: Connection, market_id: str) -> dict[tuple[str, str], str]:
    """Names of debtors by party and id."""
    sellers = {("seller", one.seller_id): one.name for one in await list_sellers(conn, market_id)}
    suppliers = await list_suppliers(conn, market_id)
    of_suppliers = {("supplier", one.supplier_id): one.name for one in suppliers}
    of_sla = {("sla", one.supplier_id): one.name for one in suppliers}
    return {**sellers, **of_suppliers, **of_sla}


def total_of(rows: list[AgeingRow]) -> dict[str, int]:
    """The footer of the debts: each column's sum, in minor units."""
    return {
        name: sum(getattr(row, name) for row in rows)
        for name in ("total", "upto_7", "upto_30", "upto_90", "older", "advanced", "recovered")
    }


def days_left(walk: FundWalk, figures: AdvanceFigures) -> int | None:
    """For how many days the fund lasts at this month's net spending; None for years or growth."""
    spent = -(walk.advanced_minor + walk.supplier_minor + walk.seller_minor + walk.other_minor)
    days = figures.fund_minor * DAYS_BACK // spent if spent > 0 else LONG_DAYS
    return days if days < LONG_DAYS else None


def bars_of(walk: FundWalk, currency: str) -> list[Bar]:
    """The fund's month as floating bars, 700 × 150 units, ground at 118."""
    steps = [
        ("opening", walk.opening_minor, True),
        ("put_in", walk.put_in_minor + walk.taken_out_minor, False),
        ("advanced", walk.advanced_minor, False),
        ("supplier", walk.supplier_minor, False),
        ("seller", walk.seller_minor, False),
        ("other", walk.other_minor, False),
        ("closing", walk.closing_minor, True),
    ]
    level, tops = 0, [1]
    for _, minor, is_sum in steps:
        level = minor if is_sum else level + minor
        tops.append(abs(level))
    scale = 74 / max(tops)
    bars, level = [], 0
    for place, (name, minor, is_sum) in enumerate(steps):
        before, level = (0, minor) if is_sum else (level, level + minor)
        tone = "5" if is_sum else ("3" if minor < 0 else "1")
        bars.append(
            Bar(
                name=name,
                minor=minor,
                label=_label(minor, currency, is_sum),
                x=30 + place * 96,
                y=round(118 - max(before, level, 0) * scale, 1),
                height=max(1.5, round(abs(level - before) * scale, 1)),
                tone=tone,
                sum_=is_sum,
            )
        )
    return bars


def _label(minor: int, currency: str, is_sum: bool) -> str:
    """Whole units over a bar, the sign of a move before them."""
    sign = "−" if minor < 0 else "" if is_sum or not minor else "+"
    return f"{sign}{abs(minor) // 10 ** MINOR_DIGITS[currency]:,}"


def _claim_link(number: str) -> str:
    return f"/desk/c/{number}" if number.startswith("AS-") else ""


ROUTES: list[ControllerRouterHandler] = [show_ledger, export_ledger, resume, fill]
