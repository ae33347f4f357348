"""Checking receipts without signing in: by number, or by a file that somebody was given."""

from datetime import datetime
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from makegood.record.anchors.timestamp import TimestampInvalid, split_roots
from makegood.record.log.entry_store import Placed
from makegood.record.log.guard import Trouble
from makegood.record.log.reading import ReceiptStatus, find_by_number, receipt_status
from makegood.record.log.receipt import MERGE_WITHIN, number_of, parse_number, verify_receipt
from makegood.record.log.strict import Malformed
from makegood.record.rules import parse_entry
from makegood.store.database import Connection
from makegood.verify.judge import judge
from makegood.verify.page import offline_page, offline_page_hash
from makegood.verify.pins import Authority, Pin, parse_pin
from makegood.verify.verdict import Verdict
from makegood.verify.words import facts_of, text_of, title_of
from makegood.web.checking import (
    Record,
    own_pin,
    proven,
    qr,
    receipt_file,
    receipt_of_placed,
    record_of,
)
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

TEMPLATE: Final = "public/templates/verify.html"
PROOF: Final = ".tlog-proof"
RECEIPT: Final = ".txt"
LONGEST_PASTE: Final = 200_000


@get("/v")
async def show_form(
    page: ThisPage, things: TheThings, number: FromQuery[str] = ""
) -> Response[str] | Redirect:
    """Where to type a number or hand in a file; a typed number leads to its own page."""
    page.need("log.read")
    start = parse_number(number[:40]) if number else None
    if start is not None:
        return page.go(f"/v/{number_of(start)}")
    return page.show(TEMPLATE, view="unknown" if number else "ask", number=number[:40])


@get("/v/verify.html")
async def offline(page: ThisPage) -> Response[bytes]:
    """The offline page as a file to keep."""
    page.need("log.read")
    headers = {"content-disposition": 'attachment; filename="makegood-verify.html"'}
    return Response(content=offline_page(), media_type="application/octet-stream", headers=headers)


@get("/v/{number:str}")
async def show_receipt(
    page: ThisPage, things: TheThings, number: FromPath[str]
) -> Response[str] | Response[bytes]:
    """What became of a receipt; with an ending, the receipt or its proof as a file."""
    page.need("log.read")
    name, ending = _split(number)
    async with things.db.connection() as conn:
        try:
            record = await record_of(conn, things, page.market.market_id)
        except Trouble:
            return page.show(TEMPLATE, 503, view="away", number=name)
        found = await find_by_number(conn, page.market.market_id, name) if record else []
        if record is None or not found:
            if ending:
                raise not_found()
            return page.show(TEMPLATE, 404, view="unknown", number=name)
        if ending:
            return await _file(conn, things, record, found[0], ending)
        return await _receipt_page(conn, page, things, record, found[0])


@post("/v")
async def check_file(page: ThisPage, things: TheThings, request: AnyRequest) -> Html:
    """Check what was pasted or uploaded, against our own key and one the reader names."""
    page.need("log.read")
    form = await read_form(request)
    content = await _handed_in(form)
    if not content:
        return page.show(TEMPLATE, 422, view="ask", number="", missing=True)
    async with things.db.connection() as conn:
        record = await record_of(conn, things, page.market.market_id)
        try:
            pin = await _pin(conn, things, record, form)
        except Malformed:
            return page.show(TEMPLATE, 422, view="ask", number="", wrong_pin=True)
        except TimestampInvalid:
            return page.show(TEMPLATE, 422, view="ask", number="", wrong_authority=True)
        verdict = judge(content, page.now.timestamp(), pin)
        differs = await _differences(conn, page, record, content) if not verdict.fits else []
        fate = await _fate(conn, page, record, content) if verdict.fits else None
    lang = page.words.lang
    return page.show(
        TEMPLATE,
        view="verdict",
        number="",
        verdict=verdict,
        tone=_tone(verdict),
        title=title_of(verdict, lang),
        text=text_of(verdict, lang),
        facts=facts_of(verdict, lang),
        differs=differs,
        fate=fate,
        promised=datetime.fromisoformat(verdict.merge_by) if fate else None,
        own_key=not form.text("pin"),
    )


async def _receipt_page(
    conn: Connection, page: Page, things: Things, record: Record, placed: Placed
) -> Html:
    status = await receipt_status(
        conn, record.head.market_id, placed.leaf_hash, placed.at, page.now
    )
    proof = await proven(conn, things, record, placed)
    pin = proof.pin if proof else await own_pin(conn, things, record)
    file = proof.file if proof else receipt_file(record, placed)
    receipt = receipt_of_placed(placed, record.head.origin)
    entry = parse_entry(placed.entry)
    return page.show(
        TEMPLATE,
        view=_view(status),
        number=receipt.number,
        receipt=receipt,
        entry=entry,
        placed=placed,
        due=placed.at + MERGE_WITHIN,
        status=status,
        verdict=judge(file, page.now.timestamp(), pin),
        checkpoint=proof.basis.checkpoint.decode() if proof else "",
        stamped_at=datetime.fromisoformat(proof.stamped_at) if proof and proof.stamped_at else None,
        key=record.key_name,
        digest=placed.leaf_hash.hex(),
        proof_bytes=len(proof.file) if proof else 0,
        qr=qr(f"{page.market.settings.base_url}/v/{receipt.number}"),
        page_hash=offline_page_hash(),
    )


def _view(status: ReceiptStatus) -> str:
    """Which of the page's states this is."""
    return {
        "merged": "merged",
        "merged_late": "merged",
        "waiting": "pending",
        "late": "late",
        "unknown": "late",
    }[status.state]


async def _file(
    conn: Connection, things: Things, record: Record, placed: Placed, ending: str
) -> Response[bytes]:
    content = receipt_file(record, placed)
    if ending == PROOF:
        proof = await proven(conn, things, record, placed)
        if proof is None:
            raise not_found()
        content = proof.file
    name = f"{number_of(placed.leaf_hash)}{ending}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content=content, media_type="text/plain; charset=utf-8", headers=headers)


async def _handed_in(form: Form) -> bytes:
    """The uploaded file, or the pasted text with the newline that pasting loses."""
    file = form.files.get("file")
    content = await file.read() if file is not None else b""
    if content:
        return content
    text = form.text("text", LONGEST_PASTE).replace("\r\n", "\n")
    return f"{text}\n".encode() if text else b""


async def _pin(conn: Connection, things: Things, record: Record | None, form: Form) -> Pin:
    """What the reader pins, else our own keys; with it whose time stamps a bundle must bear.

    Raises Malformed for no key at all, TimestampInvalid for no root certificate.
    """
    said = form.text("pin")
    if said:
        pin = Pin(parse_pin(said.replace("\r\n", "\n").encode()))
    else:
        pin = await own_pin(conn, things, record) if record else Pin()
    certificates = form.text("authority", LONGEST_PASTE)
    if not certificates:
        return pin
    return msgspec.structs.replace(pin, authority=Authority(*split_roots(certificates)))


async def _fate(
    conn: Connection, page: Page, record: Record | None, content: bytes
) -> ReceiptStatus | None:
    """What became of a receipt of this log whose signature fits; None for any other file."""
    if record is None:
        return None
    try:
        receipt = verify_receipt(content, record.keys.verifiers)
    except Malformed:
        return None
    if receipt.origin != record.head.origin:
        return None
    at = datetime.fromisoformat(receipt.at)
    return await receipt_status(conn, record.head.market_id, receipt.leaf_hash, at, page.now)


async def _differences(
    conn: Connection, page: Page, record: Record | None, content: bytes
) -> list[tuple[str, str]]:
    """Lines in which a receipt with a real number is not the one that was issued: theirs, ours."""
    lines = content.decode("utf-8", "replace").splitlines()
    said = next((line.removeprefix("number ") for line in lines if line.startswith("number ")), "")
    found = await find_by_number(conn, page.market.market_id, said[:40]) if said else []
    if record is None or not found:
        return []
    ours = receipt_file(record, found[0]).decode().splitlines()
    longest = max(len(lines), len(ours))
    theirs = lines[:longest] + [""] * (longest - len(lines))
    real = ours + [""] * (longest - len(ours))
    return [(a, b) for a, b in zip(theirs, real, strict=True) if a != b][:12]


def _split(number: str) -> tuple[str, str]:
    for ending in (PROOF, RECEIPT):
        if number.endswith(ending):
            return number.removesuffix(ending)[:40], ending
    return number[:40], ""


def _tone(verdict: Verdict) -> str:
    if verdict.state == "intact":
        return "ok"
    return "warn" if verdict.fits else "bad"


ROUTES: Final = [show_form, offline, show_receipt, check_file]
