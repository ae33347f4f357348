"""Exports: requests of regulators, courts, mediators; how far a file is; its handing over."""

from datetime import UTC, datetime
from typing import Final

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, ServerSentEvent, Stream
from litestar.types import ControllerRouterHandler

from makegood.base.refusal import Refused
from makegood.bundles.disclosing import AUDIENCES, Audience
from makegood.bundles.exports import actions, store
from makegood.bundles.exports.rules import (
    KEPT,
    KINDS,
    MOST_CLAIMS,
    Export,
    Kind,
    Request,
    claim_nos_in,
)
from makegood.store.database import Connection
from makegood.web.bundle.answer import MEDIA_TYPE
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.errors import refusal_words
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.sse import live
from makegood.web.things import TheThings, Things

LIST: Final = "operator/templates/exports.html"
ONE: Final = "operator/templates/export.html"
LONGEST_LIST: Final = 40 * MOST_CLAIMS
PARTS: Final = "operator/templates/export_parts.html"


@get("/ops/exports")
async def show_exports(page: ThisPage, things: TheThings) -> Html:
    """Every request, what is owed first, and the form for a new one."""
    page.need("export.read")
    return await _list_page(page, things)


@post("/ops/exports")
async def ask(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Write the request down; the worker makes its file."""
    page.need("export.make")
    form = await read_form(request)
    try:
        asked = _request(form)
        async with things.db.transaction() as tx:
            number = await actions.take_request(tx, page.act(), asked)
    except Refused as refused:
        return await _list_page(page, things, refused, form)
    return page.go(f"/ops/exports/{number}")


@get("/ops/exports/{export_no:int}")
async def show_export(page: ThisPage, things: TheThings, export_no: FromPath[int]) -> Html:
    """One request: how far its file is, the file, and what is left to do."""
    page.need("export.read")
    return await _one_page(page, things, export_no)


@get("/sse/export/{export_no:int}")
async def live_export(
    page: ThisPage, things: TheThings, export_no: FromPath[int]
) -> ServerSentEvent:
    """How far a file is, and the link to it when it is there."""
    page.need("export.read")

    async def fragments() -> list[tuple[str, str]]:
        fresh = page.at(things.clock.now())
        async with things.db.connection() as conn:
            export = await _load(conn, fresh, export_no)
        return [("export", fresh.html(PARTS, **_facts(fresh, export)))]

    return live(things.hub, (actions.export_topic(page.market.market_id, export_no),), fragments)


@post("/ops/exports/{export_no:int}")
async def change_export(
    page: ThisPage, things: TheThings, request: AnyRequest, export_no: FromPath[int]
) -> Html | Redirect:
    """Make a file again, stop making it, or note its handing over."""
    page.need("export.make")
    form = await read_form(request)
    try:
        async with things.db.transaction() as tx:
            await _change(tx, page, things, export_no, form)
    except Refused as refused:
        return await _one_page(page, things, export_no, refused)
    return page.go(f"/ops/exports/{export_no}")


@get("/ops/exports/{export_no:int}/file")
async def export_file(page: ThisPage, things: TheThings, export_no: FromPath[int]) -> Stream:
    """The file as it was made, until it expires."""
    page.need("export.make")
    async with things.db.connection() as conn:
        export = await _load(conn, page, export_no)
    if not export.has_file(page.now):
        raise not_found()
    return Stream(
        things.storage.open(page.market.market_id, export.file_ref),
        media_type=MEDIA_TYPE,
        headers={
            "content-disposition": f'attachment; filename="export-{export_no}.zip"',
            "content-length": str(export.bytes),
            "cache-control": "private, no-store",
        },
    )


async def _change(tx: Connection, page: Page, things: Things, export_no: int, form: Form) -> None:
    match form.text("do"):
        case "make":
            await actions.make_again(tx, page.act(), export_no)
        case "cancel":
            await actions.cancel_making(tx, page.act(), export_no)
        case _:
            note = form.text("note", 500)
            await actions.hand_over(tx, page.act(), things.ids, export_no, note)


async def _load(conn: Connection, page: Page, export_no: int) -> Export:
    export = await store.load_export(conn, page.market.market_id, export_no)
    if export is None:
        raise not_found()
    return export


def _request(form: Form) -> Request:
    kind: Kind = next((one for one in KINDS if one == form.text("kind")), "regulator")
    wanted = form.text("audience")
    audience: Audience = next((one for one in AUDIENCES if one == wanted), "platform")
    return Request(
        asked_by=form.text("asked_by", 200),
        kind=kind,
        basis=form.text("basis", 500),
        case_no=form.text("case_no", 100),
        due_at=_day(form.text("due", 10)),
        audience=audience,
        claim_nos=claim_nos_in(form.text("claims", LONGEST_LIST)),
    )


def _day(text: str) -> datetime | None:
    """A date field; the deadline is the end of that day."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(hour=23, minute=59, tzinfo=UTC)
    except ValueError:
        return None


def _facts(page: Page, export: Export) -> dict[str, object]:
    """What the live part of one request shows."""
    return {"e": export, "has_file": export.has_file(page.now), "is_due": export.is_due(page.now)}


async def _one_page(
    page: Page, things: Things, export_no: int, refused: Refused | None = None
) -> Html:
    async with things.db.connection() as conn:
        export = await _load(conn, page, export_no)
    return page.show(
        ONE,
        409 if refused else 200,
        section="exports",
        fault=Fault(*refusal_words(page, refused)) if refused else None,
        **_facts(page, export),
    )


async def _list_page(
    page: Page, things: Things, refused: Refused | None = None, form: Form | None = None
) -> Html:
    async with things.db.connection() as conn:
        exports = await store.list_exports(conn, page.market.market_id)
    given = {name: values[-1] for name, values in form.fields.items()} if form is not None else {}
    return page.show(
        LIST,
        409 if refused else 200,
        section="exports",
        exports=exports,
        due=[one.export_no for one in exports if one.is_due(page.now)],
        there={one.export_no for one in exports if one.has_file(page.now)},
        kinds=KINDS,
        audiences=AUDIENCES,
        most=MOST_CLAIMS,
        kept_days=KEPT.days,
        given=given,
        fault=Fault(*refusal_words(page, refused)) if refused else None,
        wrong=refused.detail.get("fields", ()) if refused else (),
    )


ROUTES: list[ControllerRouterHandler] = [
    show_exports,
    ask,
    show_export,
    live_export,
    change_export,
    export_file,
]
