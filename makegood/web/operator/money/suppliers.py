"""Suppliers: what each owes, the monthly statement, agreements, disputed lines, settlements."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream
from litestar.types import ControllerRouterHandler

from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger.advance.actions import ageing
from makegood.ledger.funds.actions import credit_of, pay_out, refuse_payout, want_payout
from makegood.ledger.funds.rules import Payout
from makegood.ledger.funds.store import payouts_of
from makegood.ledger.statements.agreements import ANY_FINDING, agreements_of, put_agreement
from makegood.ledger.statements.charges import charges_of
from makegood.ledger.statements.disputes import decide_dispute, disputes_of, extend_dispute
from makegood.ledger.statements.months import read_month, recent_months
from makegood.ledger.statements.settlements import payable, record_settlement
from makegood.ledger.statements.statement import Statement, statement_of
from makegood.ledger.statements.store import list_settlements
from makegood.orders.questions import LINK_PURPOSE
from makegood.orders.store import load_order
from makegood.people.links.actions import make_link
from makegood.people.markets.rules import Supplier
from makegood.people.markets.store import list_suppliers, load_supplier
from makegood.people.proofs.rules import looks_like_mail
from makegood.store.database import Connection
from makegood.talk.actions import queue_mail
from makegood.talk.mail import Mail, StatementReady
from makegood.web.csv_stream import csv_answer, each
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.file_answer import FILE_POLICY
from makegood.web.kept_files import whole_file
from makegood.web.look import finding_namer
from makegood.web.money_refusal import keep_refusal
from makegood.web.operator.money.links import claim_link
from makegood.web.operator.money.pdf import draw
from makegood.web.operator.money.releasing import payout_to, release_or_ask
from makegood.web.operator.money.sheets import csv_header, csv_rows, pdf_page
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

LINK_VALID: Final = timedelta(days=30)
DONE: Final = (
    *("sent", "settled", "known", "kept", "accepted", "extended", "agreed"),
    *("released", "asked", "paid", "refused"),
)


@get("/ops/suppliers")
async def show_suppliers(page: ThisPage, things: TheThings) -> Html:
    """Every supplier with what it owes by age."""
    page.need("statement.read")
    if page.caller.role == "supplier":
        raise not_found()
    market_id, currency = page.market.market_id, page.market.settings.currency
    async with things.db.connection() as conn:
        suppliers = await list_suppliers(conn, market_id)
        rows = await ageing(conn, market_id, currency, page.now)
        agreed = {
            one.supplier_id: len(await agreements_of(conn, market_id, one.supplier_id))
            for one in suppliers
        }
    return page.show(
        "operator/templates/money/suppliers.html",
        section="suppliers",
        suppliers=suppliers,
        debts={row.debtor_id: row for row in rows if row.party == "supplier"},
        agreed=agreed,
        month=recent_months(page.now, page.words.zone)[0],
    )


@get("/ops/suppliers/{supplier_id:str}")
async def show_supplier(
    page: ThisPage,
    things: TheThings,
    supplier_id: FromPath[str],
    m: FromQuery[str] = "",
    done: FromQuery[str] = "",
) -> Html:
    """One month of one supplier."""
    need_operator(page)
    return await _page(page, things, supplier_id, m, done=done)


@get("/ops/suppliers/{supplier_id:str}/statement.csv")
async def export_csv(
    page: ThisPage, things: TheThings, supplier_id: FromPath[str], m: FromQuery[str] = ""
) -> Stream:
    """The month's lines as CSV."""
    need_operator(page)
    _, statement = await load_statement(page, things, supplier_id, m)
    return statement_csv(page, things, statement)


@get("/ops/suppliers/{supplier_id:str}/statement.pdf")
async def export_pdf(
    page: ThisPage, things: TheThings, supplier_id: FromPath[str], m: FromQuery[str] = ""
) -> Response[bytes]:
    """The month as PDF."""
    need_operator(page)
    supplier, statement = await load_statement(page, things, supplier_id, m)
    return statement_pdf(page, things, statement, supplier.name)


@get("/ops/suppliers/{supplier_id:str}/files/{dispute_no:str}/{place:int}")
async def show_proof(
    page: ThisPage,
    things: TheThings,
    supplier_id: FromPath[str],
    dispute_no: FromPath[str],
    place: FromPath[int],
) -> Response[bytes]:
    """A file that the supplier filed, always as a download."""
    need_operator(page)
    market_id = page.market.market_id
    async with things.db.connection() as conn:
        disputes = await disputes_of(conn, market_id, supplier_id)
    files = [one.files for one in disputes if one.dispute_no == dispute_no]
    if not files or not 0 <= place < len(files[0]):
        raise not_found()
    content = await whole_file(things, market_id, files[0][place].sha256)
    return Response(
        content=content,
        media_type="application/octet-stream",
        headers={
            "content-disposition": f'attachment; filename="{dispute_no}-{place + 1}"',
            "content-security-policy": FILE_POLICY,
            "cache-control": "private, no-store",
        },
    )


@post("/ops/suppliers/{supplier_id:str}")
async def change(
    page: ThisPage, things: TheThings, request: AnyRequest, supplier_id: FromPath[str]
) -> Html | Redirect:
    """Record money that came in, decide or extend a dispute, agree on shares."""
    page.need("statement.manage")
    form = await read_form(request)
    try:
        async with things.db.transaction() as tx:
            if await load_supplier(tx, page.market.market_id, supplier_id) is None:
                raise not_found()
            done = await _do(tx, page, things, supplier_id, form)
    except Refused as refused:
        fault = await keep_refusal(page, things, "statement.manage", refused)
        return await _page(page, things, supplier_id, form.text("m", 7), fault=fault)
    return page.go(f"/ops/suppliers/{supplier_id}?m={form.text('m', 7)}&done={done}")


def need_operator(page: Page) -> None:
    """Operators and auditors only; a supplier has a page of its own."""
    page.need("statement.read")
    if page.caller.role not in ("operator", "auditor"):
        raise not_found()


async def load_statement(
    page: Page, things: Things, supplier_id: str, m: str
) -> tuple[Supplier, Statement]:
    """A supplier and its month; strangers' ids are unknown."""
    async with things.db.connection() as conn:
        return await statement_in(conn, page, supplier_id, m)


async def statement_in(
    conn: Connection, page: Page, supplier_id: str, m: str
) -> tuple[Supplier, Statement]:
    """The same on a connection at hand."""
    market = page.market
    supplier = await load_supplier(conn, market.market_id, supplier_id)
    if supplier is None:
        raise not_found()
    statement = await statement_of(
        conn,
        market.market_id,
        supplier_id,
        read_month(m, page.now, page.words.zone),
        currency=market.settings.currency,
        now=page.now,
    )
    return supplier, statement


def namer_of(page: Page, things: Things) -> Callable[[str], str]:
    """Findings in the reader's words; no finding, no words."""
    name = finding_namer(things.desk.shelf.names)
    return lambda code: name(code, page.words.lang) if code else ""


def statement_csv(page: Page, things: Things, statement: Statement) -> Stream:
    """The answer that downloads a statement as CSV."""
    name = f"statement-{statement.supplier_id}-{statement.month}.csv"
    rows = list(csv_rows(page, statement, namer_of(page, things)))
    return csv_answer(name, csv_header(page), each(rows), len(rows))


def statement_pdf(page: Page, things: Things, statement: Statement, name: str) -> Response[bytes]:
    """The answer that downloads a statement as PDF."""
    file = f"statement-{statement.supplier_id}-{statement.month}.pdf"
    return Response(
        content=draw(pdf_page(page, statement, name, namer_of(page, things))),
        media_type="application/pdf",
        headers={"content-disposition": f'attachment; filename="{file}"'},
    )


async def _do(tx: Connection, page: Page, things: Things, supplier_id: str, form: Form) -> str:
    act = page.act()
    match form.text("do", 20):
        case "settle":
            return await _settle(tx, page, things, supplier_id, form)
        case "extend":
            await extend_dispute(tx, act, form.text("dispute", 40))
            return "extended"
        case "decide":
            return await _decide(tx, page, supplier_id, form)
        case "send":
            await _send(tx, page, things, supplier_id, form.text("m", 7))
            return "sent"
        case "agree":
            await _agree(tx, page, supplier_id, form)
            return "agreed"
        case "pay_out":
            return await _pay_out(tx, page, things, supplier_id, form)
        case "release" | "pay" | "refuse" as step:
            number = form.text("payout", 40)
            payout = await payout_to(tx, page, "supplier", supplier_id, number)
            return await _step(tx, page, things, payout, step, form)
        case _:
            raise not_found()


async def _decide(tx: Connection, page: Page, supplier_id: str, form: Form) -> str:
    market_id, number = page.market.market_id, form.text("dispute", 40)
    disputes = await disputes_of(tx, market_id, supplier_id)
    disputed = next((one for one in disputes if one.dispute_no == number), None)
    if disputed is None:
        raise not_found()
    charges = await charges_of(tx, market_id, supplier_id)
    orders = [one.order_no for one in charges if one.claim_no == disputed.claim_no]
    sold = await load_order(tx, market_id, orders[0]) if orders else None
    borne_by = _bearer(form.text("borne_by", 20))
    if borne_by == "seller" and sold is None:
        raise Refused("not_found")
    await decide_dispute(
        tx,
        page.act(),
        number,
        borne_by=borne_by,
        text=form.text("text", 2000),
        seller_id=sold.order.seller.id if sold else "",
    )
    return "accepted" if borne_by else "kept"


async def _settle(tx: Connection, page: Page, things: Things, supplier_id: str, form: Form) -> str:
    money = form.money("amount", page.market.settings.currency)
    made = await record_settlement(
        tx, page.act(), things.ids, supplier_id, money, form.text("reference", 64)
    )
    return "settled" if made else "known"


async def _pay_out(tx: Connection, page: Page, things: Things, supplier_id: str, form: Form) -> str:
    """Set apart what the supplier gets back, and release it or ask a second person to."""
    payout = await want_payout(
        tx,
        page.act(),
        things.ids,
        supplier_id,
        source="credit",
        money=form.money("amount", page.market.settings.currency),
        by=page.caller.account_id,
    )
    return await release_or_ask(tx, page, things, payout)


async def _step(
    tx: Connection,
    page: Page,
    things: Things,
    payout: Payout,
    step: Literal["release", "pay", "refuse"],
    form: Form,
) -> str:
    match step:
        case "release":
            return await release_or_ask(tx, page, things, payout)
        case "pay":
            await pay_out(tx, page.act(), payout.payout_no, form.text("reference", 64))
            return "paid"
        case "refuse":
            await refuse_payout(tx, page.act(), payout.payout_no, form.text("why", 500))
            return "refused"


async def _send(tx: Connection, page: Page, things: Things, supplier_id: str, m: str) -> None:
    """Mail the supplier a link to its page; a statement that differs from the ledger stays here."""
    act = page.act()
    supplier, statement = await statement_in(tx, page, supplier_id, m)
    if not statement.reconciled:
        raise Refused("books_differ", differences=len(statement.differences))
    if not looks_like_mail(supplier.contact):
        raise Refused("setting_invalid", fields=["contact"])
    subject = {"supplier_id": supplier_id}
    token = await make_link(tx, act, things.vault, things.ids, LINK_PURPOSE, subject, LINK_VALID)
    link_id = token.partition(".")[0]
    due = page.market.settings.money.settlement_days
    content = StatementReady(
        month=statement.month,
        amount=Money(statement.totals.due_minor, statement.currency),
        due_at=page.now + timedelta(days=due),
        link_id=link_id,
    )
    mail = Mail(
        key=f"statement:{link_id}",
        to=supplier.contact,
        content=content,
        language=page.words.lang,
        subject=supplier_id,
    )
    await queue_mail(tx, act, mail)


async def _agree(tx: Connection, page: Page, supplier_id: str, form: Form) -> None:
    shares = {ANY_FINDING: form.whole("share_all", 100)}
    findings, percents = form.many("finding"), form.many("percent")
    for finding, percent in zip(findings, percents, strict=False):
        if finding and percent.strip().isdigit():
            shares[finding[:80]] = int(percent)
    await put_agreement(
        tx,
        page.act(),
        supplier_id,
        shares=shares,
        starts_at=_day(page, form.text("starts_on", 10)),
        payment_days=form.whole("payment_days", page.market.settings.money.settlement_days),
        note=form.text("note", 500),
    )


def _day(page: Page, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=page.words.zone)
    except ValueError as wrong:
        raise Refused("setting_invalid", fields=["starts_on"]) from wrong


def _bearer(text: str) -> Literal["", "seller", "platform"]:
    match text:
        case "seller":
            return "seller"
        case "platform":
            return "platform"
        case "":
            return ""
        case _:
            raise not_found()


async def _page(
    page: Page,
    things: Things,
    supplier_id: str,
    m: str,
    *,
    done: str = "",
    fault: Fault | None = None,
) -> Html:
    market_id = page.market.market_id
    async with things.db.connection() as conn:
        supplier, statement = await statement_in(conn, page, supplier_id, m)
        agreements = await agreements_of(conn, market_id, supplier_id)
        settlements = await list_settlements(conn, market_id, supplier_id)
        owed = await payable(conn, market_id, supplier_id, statement.currency)
        credit = await credit_of(conn, market_id, supplier_id, statement.currency)
        payouts = await payouts_of(conn, market_id, supplier_id, "supplier")
    findings = sorted(
        code
        for code, finding in things.desk.shelf.names().findings.items()
        if finding.shares is not None and finding.shares.supplier
    )
    return page.show(
        "operator/templates/money/supplier.html",
        409 if fault else 200,
        section="suppliers",
        supplier=supplier,
        st=statement,
        months=recent_months(page.now, page.words.zone),
        agreements=list(reversed(agreements)),
        settlements=settlements,
        payable_minor=sum(minor for _, minor in owed),
        credit=credit,
        payouts=payouts,
        findings=findings,
        done=done if done in DONE else "",
        fault=fault,
        claim_link=claim_link,
    )


ROUTES: list[ControllerRouterHandler] = [
    show_suppliers,
    show_supplier,
    export_csv,
    export_pdf,
    show_proof,
    change,
]
