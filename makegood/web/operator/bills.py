"""Reconciliation: bills handed in, what became of each, and what differs from our book."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Final

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream

from makegood.base.money import plain_amount
from makegood.base.refusal import Refused
from makegood.gateways.payments.accounts import Account
from makegood.ledger.bills import difference_store, store
from makegood.ledger.bills.actions import BillFile, Imported, import_bill, resolve_difference
from makegood.ledger.bills.difference_store import (
    DifferenceWish,
    OpenDifference,
    difference_of,
)
from makegood.ledger.bills.forms import FORM_OF_KIND, FORMS
from makegood.ledger.bills.sheet import MOST_BYTES
from makegood.ledger.bills.store import Bill
from makegood.ledger.refund.account_store import SealedAccount, list_accounts, open_account
from makegood.store.vault import SealBroken
from makegood.web.csv_stream import csv_answer
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.money_refusal import keep_refusal
from makegood.web.page import Html, Page, ThisPage
from makegood.web.paged_rows import rows_of
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

SIGHT: Final = "ledger.read"
WHAT: Final = ("missing_here", "missing_there", "amount_differs")
UPLOAD_LIMIT: Final = MOST_BYTES + 64 * 1024
COLUMNS: Final = (
    "channel",
    "day",
    "kind",
    "number",
    "order",
    "what",
    "bill",
    "book",
    "currency",
    "found",
    "resolved",
    "resolution",
)


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks for."""

    show: str = "open"
    channel: str = ""
    what: str = ""

    @property
    def is_open(self) -> bool:
        """Whether open differences are shown, not closed ones."""
        return self.show != "closed"


@get("/ops/bills")
async def show_bills(
    page: ThisPage,
    things: TheThings,
    show: FromQuery[str] = "open",
    channel: FromQuery[str] = "",
    what: FromQuery[str] = "",
) -> Html:
    """Open differences first, then the files."""
    page.need(SIGHT)
    return await _page(page, things, Filter(show=show, channel=channel[:40], what=_what(what)))


@post("/ops/bills", request_max_body_size=UPLOAD_LIMIT)
async def take_bill(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Keep the file, and take it as a whole or say what is wrong with it."""
    page.need("bill.import")
    form = await read_form(request)
    try:
        file = await _handed_in(page, things, form)
        done = await keep_and_import(page, things, file)
    except Refused as refused:
        fault = await keep_refusal(page, things, "bill.import", refused)
        return await _page(page, things, Filter(), fault)
    return page.go(f"/ops/bills/{done.bill.bill_no}{'?again=yes' if done.known else ''}")


@post("/ops/bills/differences")
async def close_difference(
    page: ThisPage, things: TheThings, request: AnyRequest
) -> Html | Redirect:
    """Write down what a difference was."""
    page.need("bill.resolve")
    form = await read_form(request)
    try:
        async with things.db.transaction() as tx:
            await resolve_difference(
                tx,
                page.act(),
                form.text("channel", 64),
                form.text("kind", 20),
                form.text("number", 200),
                form.text("text", 500),
            )
    except Refused as refused:
        fault = await keep_refusal(page, things, "bill.resolve", refused)
        return await _page(page, things, Filter(), fault)
    return page.go("/ops/bills")


@get("/ops/bills.csv")
async def export_differences(
    page: ThisPage,
    things: TheThings,
    show: FromQuery[str] = "open",
    channel: FromQuery[str] = "",
    what: FromQuery[str] = "",
) -> Stream:
    """The shown differences for a spreadsheet."""
    page.need(SIGHT)
    asked = Filter(show=show, channel=channel[:40], what=_what(what))
    market_id = page.market.market_id
    wish = DifferenceWish(is_open=asked.is_open, channel=asked.channel, what=asked.what)
    async with things.db.connection() as conn:
        total = await difference_store.count_wished(conn, market_id, wish)
    rows = rows_of(
        things.db,
        lambda conn, most, last: difference_store.differences_after(
            conn, market_id, wish, most, last
        ),
        lambda row: _line(page, difference_of(row)),
    )
    header = [page.words.text(f"bills.csv.{name}") for name in COLUMNS]
    return csv_answer("differences.csv", header, rows, total)


@get("/ops/bills/{bill_no:str}")
async def show_bill(
    page: ThisPage, things: TheThings, bill_no: FromPath[str], again: FromQuery[str] = ""
) -> Html:
    """One file: taken or refused, with line and column."""
    page.need(SIGHT)
    market_id = page.market.market_id
    async with things.db.connection() as conn:
        bill = await store.read_bill(conn, market_id, bill_no)
        if bill is None:
            raise not_found()
        found = await difference_store.differences_of_bill(conn, market_id, bill_no)
        sums = await store.sums_of_bill(conn, market_id, bill_no)
    return page.show(
        "operator/templates/bill.html",
        section="bills",
        bill=bill,
        sums=sums,
        found=found,
        again=again == "yes",
        fault=fault_words(page, bill),
    )


async def keep_and_import(page: Page, things: Things, file: BillFile) -> Imported:
    """Store the file by its content, also a refused one, then import it in one transaction."""
    digest = store.digest_of(file.content)
    await things.storage.put(page.market.market_id, digest, _whole(file.content))
    async with things.db.transaction() as tx:
        return await import_bill(tx, page.act(), file)


def fault_words(page: Page, bill: Bill) -> Fault | None:
    """Why a file was not taken, with its line and column."""
    if bill.fault is None:
        return None
    code = str(bill.fault["code"])
    return Fault(page.words.t("bills.refused"), page.words.t(f"bills.fault.{code}", **bill.fault))


async def _handed_in(page: Page, things: Things, form: Form) -> BillFile:
    upload = form.files.get("file")
    content = await upload.read() if upload else b""
    channel = form.text("channel", 64)
    accounts = {one.channel: one for one in await _accounts(page, things)}
    if not content:
        raise Refused("file_empty")
    if channel not in accounts:
        raise Refused("setting_invalid", fields=["channel"])
    kind, currency = accounts[channel].kind, _currency(things, accounts[channel])
    return BillFile(
        channel=channel,
        form=form.text("form", 20) or FORM_OF_KIND.get(kind, "plain"),
        filename=upload.filename if upload else "",
        content=content,
        currency=currency,
        day=_day(form.text("day", 10)),
    )


async def _accounts(page: Page, things: Things) -> list[SealedAccount]:
    async with things.db.connection() as conn:
        stored = await list_accounts(conn)
    return [one for one in stored if one.market_id == page.market.market_id]


def _currency(things: Things, stored: SealedAccount) -> str:
    try:
        account: Account = msgspec.json.decode(open_account(things.vault, stored), type=Account)
    except (SealBroken, msgspec.MsgspecError):
        return "CNY"
    return account.currency


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("setting_invalid", fields=["day"]) from None


def _what(text: str) -> str:
    return text if text in WHAT else ""


async def _found(
    page: Page, things: Things, asked: Filter, limit: int = 200
) -> list[OpenDifference]:
    async with things.db.connection() as conn:
        return await difference_store.list_differences(
            conn,
            page.market.market_id,
            is_open=asked.is_open,
            channel=asked.channel,
            what=asked.what,
            limit=limit,
        )


async def _page(page: Page, things: Things, asked: Filter, fault: Fault | None = None) -> Html:
    market_id = page.market.market_id
    found = await _found(page, things, asked)
    accounts = await _accounts(page, things)
    async with things.db.connection() as conn:
        bills = await store.list_bills(conn, market_id)
        counts = await difference_store.count_differences(conn, market_id)
    return page.show(
        "operator/templates/bills.html",
        409 if fault else 200,
        section="bills",
        found=found,
        bills=bills,
        open_count=sum(counts.values()),
        asked=asked,
        what=WHAT,
        channels=[one.channel for one in accounts],
        forms=list(FORMS),
        fault=fault,
    )


def _line(page: Page, one: OpenDifference) -> Sequence[object]:
    return (
        one.channel,
        one.day.isoformat(),
        page.words.text(f"bills.kind.{one.kind}"),
        one.number,
        one.order_no,
        page.words.text(f"bills.what.{one.what}"),
        "" if one.bill_minor is None else plain_amount(one.bill_minor, one.currency),
        "" if one.book_minor is None else plain_amount(one.book_minor, one.currency),
        one.currency,
        page.words.stamp(one.found_at),
        page.words.stamp(one.resolved_at) if one.resolved_at else "",
        one.resolution,
    )


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


ROUTES = [show_bills, take_bill, close_difference, export_differences, show_bill]
