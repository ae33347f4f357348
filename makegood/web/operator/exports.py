"""Exports: requests of regulators, courts, mediators; the file that was made; its handing over."""

import tempfile
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import file_digest
from typing import IO, Final, get_args

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from makegood.base.refusal import Refused
from makegood.base.time import rfc3339
from makegood.bundles.disclosing import Audience
from makegood.bundles.exports import actions, store
from makegood.bundles.exports.rules import KINDS, Export, Kind, Request, claim_nos_in
from makegood.claims.looking import view_claim
from makegood.web.bundle.answer import MEDIA_TYPE, packed_bundle, pieces_of
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.errors import refusal_words
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

AUDIENCES: Final[tuple[Audience, ...]] = get_args(Audience)
PIECE_BYTES: Final = 256 * 1024
IN_MEMORY_BYTES: Final = 8 * 1024 * 1024


@get("/ops/exports")
async def show_exports(page: ThisPage, things: TheThings) -> Html:
    """Every request, what is owed first, and the form for a new one."""
    page.need("export.read")
    return await _list_page(page, things)


@post("/ops/exports")
async def make_export(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Write the request down, make the file, keep it."""
    page.need("export.make")
    form = await read_form(request)
    try:
        asked = _request(form)
        async with things.db.transaction() as tx:
            number = await actions.take_request(tx, page.act(), asked)
    except Refused as refused:
        return await _list_page(page, things, refused, form)
    await _make(page, things, number)
    return page.go("/ops/exports")


@post("/ops/exports/{export_no:int}")
async def change_export(
    page: ThisPage, things: TheThings, request: AnyRequest, export_no: FromPath[int]
) -> Html | Redirect:
    """Make a file again that was not finished, or note its handing over."""
    page.need("export.make")
    form = await read_form(request)
    try:
        if form.text("do") == "make":
            await _make(page, things, export_no)
        else:
            async with things.db.transaction() as tx:
                note = form.text("note", 500)
                await actions.hand_over(tx, page.act(), things.ids, export_no, note)
    except Refused as refused:
        return await _list_page(page, things, refused)
    return page.go("/ops/exports")


@get("/ops/exports/{export_no:int}/file")
async def export_file(page: ThisPage, things: TheThings, export_no: FromPath[int]) -> Stream:
    """The file as it was made."""
    page.need("export.make")
    async with things.db.connection() as conn:
        export = await store.load_export(conn, page.market.market_id, export_no)
    if export is None or not export.file_ref:
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


async def _make(page: Page, things: Things, export_no: int) -> None:
    """Gather every claim's bundle into one file and keep it by its hash."""
    market_id = page.market.market_id
    async with things.db.connection() as conn:
        export = await store.load_export(conn, market_id, export_no)
    if export is None or export.state not in ("making", "failed"):
        raise not_found()
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as file:
        await _write(page, things, export, file)
        size = file.tell()
        file.seek(0)
        sha256 = file_digest(file, "sha256").hexdigest()
        await things.storage.put(market_id, sha256, _pieces(file))
    async with things.db.transaction() as tx:
        await actions.note_made(tx, page.act(), things.ids, export, sha256, size)


async def _write(page: Page, things: Things, export: Export, file: IO[bytes]) -> None:
    """An archive of bundles with a list of what is in it and why."""
    audience = next(one for one in AUDIENCES if one == export.parts[0])
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_entry("request.json"), _statement(page, export))
        for claim_no in export.claim_nos:
            async with things.db.connection() as conn:
                claim = await view_claim(conn, page.act(), things.desk, claim_no)
                packed = await packed_bundle(conn, page, things, claim, audience)
            with archive.open(_entry(f"{claim_no}-{audience}.zip"), "w", force_zip64=True) as one:
                async for piece in pieces_of(packed, things, page.market.market_id):
                    one.write(piece)


def _entry(name: str) -> zipfile.ZipInfo:
    """No time but that of the request is in the file, so that the same makes the same."""
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))


def _statement(page: Page, export: Export) -> bytes:
    """What was asked and given, for the reader and for us."""
    said = {
        "export": export.export_no,
        "market": page.market_name(),
        "asked_by": export.asked_by,
        "kind": export.kind,
        "basis": export.basis,
        "case_no": export.case_no,
        "asked_at": rfc3339(export.asked_at),
        "sight": export.parts[0],
        "claims": export.claim_nos,
        "verify": "makegood verify FILE, or verify.html inside each bundle",
    }
    return msgspec.json.format(msgspec.json.encode(said), indent=2)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE_BYTES):
        yield piece


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
        claim_nos=claim_nos_in(form.text("claims")),
    )


def _day(text: str) -> datetime | None:
    """A date field; the deadline is the end of that day."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(hour=23, minute=59, tzinfo=UTC)
    except ValueError:
        return None


async def _list_page(
    page: Page, things: Things, refused: Refused | None = None, form: Form | None = None
) -> Html:
    async with things.db.connection() as conn:
        exports = await store.list_exports(conn, page.market.market_id)
    given = {name: values[-1] for name, values in form.fields.items()} if form is not None else {}
    return page.show(
        "operator/templates/exports.html",
        409 if refused else 200,
        section="exports",
        exports=exports,
        due=[one.export_no for one in exports if one.is_due(page.now)],
        kinds=KINDS,
        audiences=AUDIENCES,
        given=given,
        fault=Fault(*refusal_words(page, refused)) if refused else None,
        wrong=refused.detail.get("fields", ()) if refused else (),
    )


ROUTES = [show_exports, make_export, change_export, export_file]
