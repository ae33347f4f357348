"""The supplier's own page of a month: what it bears, and lines it disputes with evidence."""

from typing import Final

from litestar import Response, get, post
from litestar.params import FromQuery
from litestar.response import Redirect, Stream
from litestar.types import ControllerRouterHandler

from makegood.base.actor import Act, Actor
from makegood.base.refusal import Refused
from makegood.ledger.refusals import note_refusal
from makegood.ledger.statements.disputes import FiledProof, NewDispute, add_proof, open_dispute
from makegood.ledger.statements.months import recent_months
from makegood.ledger.statements.settlements import payable
from makegood.store.database import Connection
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.errors import refusal_words
from makegood.web.kept_files import keep_file
from makegood.web.operator.money.suppliers import (
    load_statement,
    statement_csv,
    statement_in,
    statement_pdf,
)
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.supplier.pages import supplier_of
from makegood.web.things import TheThings, Things

PROOF_LIMIT: Final = 20 * 1024 * 1024
DONE: Final = ("disputed", "filed")


@get("/supplier/statement")
async def show_statement(
    page: ThisPage,
    things: TheThings,
    request: AnyRequest,
    m: FromQuery[str] = "",
    done: FromQuery[str] = "",
) -> Html:
    """One month, line by line, with what may be disputed."""
    return await _page(page, things, supplier_of(page, things, request), m, done=done)


@get("/supplier/statement.csv")
async def own_csv(
    page: ThisPage, things: TheThings, request: AnyRequest, m: FromQuery[str] = ""
) -> Stream:
    """The month as CSV."""
    _, statement = await load_statement(page, things, supplier_of(page, things, request), m)
    return statement_csv(page, things, statement)


@get("/supplier/statement.pdf")
async def own_pdf(
    page: ThisPage, things: TheThings, request: AnyRequest, m: FromQuery[str] = ""
) -> Response[bytes]:
    """The month as PDF."""
    found, statement = await load_statement(page, things, supplier_of(page, things, request), m)
    return statement_pdf(page, things, statement, found.name)


@post("/supplier/statement", request_max_body_size=PROOF_LIMIT)
async def dispute_line(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Dispute a line, or file evidence for a disputed one."""
    supplier_id = supplier_of(page, things, request)
    form = await read_form(request)
    month = form.text("m", 7)
    act = Act(page.market.market_id, Actor("supplier", supplier_id), page.now, page.request_id)
    try:
        files = await _files(page, things, form)
        async with things.db.transaction() as tx:
            done = await _do(tx, act, page, things, supplier_id, form, files)
    except Refused as refused:
        await note_refusal(things.db, act, "statement.dispute", refused.code, refused.detail)
        fault = Fault(*refusal_words(page, refused))
        return await _page(page, things, supplier_id, month, fault=fault)
    return page.go(f"/supplier/statement?m={month}&done={done}")


async def _do(
    tx: Connection,
    act: Act,
    page: Page,
    things: Things,
    supplier_id: str,
    form: Form,
    files: tuple[FiledProof, ...],
) -> str:
    if form.text("do", 20) == "file":
        if not files:
            raise Refused("evidence_missing")
        await add_proof(tx, act, supplier_id, form.text("dispute", 40), files[0])
        return "filed"
    claim_no, settings = form.text("claim", 40), page.market.settings
    owed = dict(await payable(tx, act.market_id, supplier_id, settings.currency))
    if claim_no not in owed:
        raise not_found()
    new = NewDispute(
        claim_no=claim_no,
        owed_minor=owed[claim_no],
        currency=settings.currency,
        text=form.text("text", 2000),
        files=files,
    )
    hours = settings.money.evidence_hours
    await open_dispute(tx, act, things.ids, supplier_id, new, hours)
    return "disputed"


async def _files(page: Page, things: Things, form: Form) -> tuple[FiledProof, ...]:
    """The file of the form, stored; none is fine for opening a dispute."""
    upload = form.files.get("file")
    if upload is None or not upload.filename:
        return ()
    digest = await keep_file(things, page.market.market_id, upload)
    return (FiledProof(sha256=digest, name=upload.filename[:120], filed_at=page.now),)


async def _page(
    page: Page,
    things: Things,
    supplier_id: str,
    m: str,
    *,
    done: str = "",
    fault: Fault | None = None,
) -> Html:
    async with things.db.connection() as conn:
        supplier, statement = await statement_in(conn, page, supplier_id, m)
        owed = await payable(conn, page.market.market_id, supplier_id, statement.currency)
    return page.show(
        "supplier/templates/statement.html",
        409 if fault else 200,
        supplier=supplier,
        st=statement,
        months=recent_months(page.now, page.words.zone),
        owed=owed,
        own=True,
        hours=page.market.settings.money.evidence_hours,
        done=done if done in DONE else "",
        fault=fault,
    )


ROUTES: list[ControllerRouterHandler] = [show_statement, own_csv, own_pdf, dispute_line]
