"""Checking receipts without signing in: by number, or by a file that somebody was given."""

from asyncio import to_thread
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Literal, NamedTuple, TypeAlias, TypeVar

from litestar import Response, get, post
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
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
from makegood.verify.pins import Authority, Pin, parse_pin, parse_seen
from makegood.verify.verdict import Verdict
from makegood.verify.words import facts_of, text_of, title_of, words_of
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
LARGEST_FILE: Final = 20 * 1024 * 1024
"""In bytes. The offline page and the command take larger ones; both are free of this server."""
PASTED: Final = ("text", "pin", "seen", "authority")
"""What the form shows again, so that a mistake in one field does not cost the others."""

Wrong: TypeAlias = Literal["", "missing", "large", "pin", "seen", "authority"]
"""Which part of the form cannot be used, said beside that part."""


T = TypeVar("T")


class Told(NamedTuple):
    """A verdict in words: the finding, what it means, and what was found."""

    title: str
    text: str
    facts: list[tuple[str, str]]


class CannotUse(Exception):
    """A part of the form cannot be used; nothing was checked."""

    def __init__(self, wrong: Wrong) -> None:
        super().__init__(wrong)
        self.wrong: Wrong = wrong


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


@post("/v", request_max_body_size=LARGEST_FILE + 3 * LONGEST_PASTE)
async def check_file(page: ThisPage, things: TheThings, request: AnyRequest) -> Html:
    """Check what was pasted or uploaded, against our own key and what the reader names."""
    page.need("log.read")
    said: Mapping[str, str] = {}
    try:
        form = await _posted(request)
        said = {name: form.text(name, LONGEST_PASTE) for name in PASTED}
        content = await _handed_in(form)
        beside = await _uploaded(form, "beside")
        async with things.db.connection() as conn:
            record = await record_of(conn, things, page.market.market_id)
            own = await own_pin(conn, things, record) if record else Pin()
        pin = _pin(own, said)
    except CannotUse as found:
        status = 413 if found.wrong == "large" else 422
        return page.show(TEMPLATE, status, view="ask", number="", wrong=found.wrong, said=said)
    # In a thread: a large bundle takes a moment, and nobody else should wait for it.
    verdict = await to_thread(judge, content, page.now.timestamp(), pin, beside)
    async with things.db.connection() as conn:
        differs = await _differences(conn, page, record, content) if not verdict.fits else []
        fate = await _fate(conn, page, record, content) if verdict.fits else None
    own_key = not said["pin"]
    return page.show(
        TEMPLATE,
        view="verdict",
        number="",
        said=said,
        verdict=verdict,
        tone=_tone(verdict),
        told=_told_of_own(page, verdict) if own_key else _told(page, verdict),
        differs=differs,
        fate=fate,
        promised=datetime.fromisoformat(verdict.merge_by) if fate else None,
        own_key=own_key,
    )


def _told(page: Page, verdict: Verdict) -> Told:
    lang = page.words.lang
    return Told(title_of(verdict, lang), text_of(verdict, lang), facts_of(verdict, lang))


def _told_of_own(page: Page, verdict: Verdict) -> Told:
    """The same where the reader named no key: the key and witnesses are the shop's own word."""
    told, facts, t = _told(page, verdict), words_of(page.words.lang)["facts"], page.words.t
    own = {
        facts["pinned_yes"]: str(t("verify.own.pinned")),
        facts["witnesses"]: str(t("verify.own.witnesses")),
    }
    swapped = [(own.get(name, name), own.get(value, value)) for name, value in told.facts]
    if verdict.state not in ("intact", "wrong_key", "wrong_origin"):
        return Told(told.title, told.text, swapped)
    title, text = t(f"verify.own.{verdict.state}"), t(f"verify.own.{verdict.state}_text")
    return Told(str(title), str(text), swapped)


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


async def _posted(request: AnyRequest) -> Form:
    """The form. Raises CannotUse for a body beyond the limit."""
    try:
        return await read_form(request)
    except RequestEntityTooLarge:
        raise CannotUse("large") from None


async def _handed_in(form: Form) -> bytes:
    """The uploaded file, or the pasted text with the newline that pasting loses."""
    content = await _uploaded(form, "file") or _lines(form.text("text", LONGEST_PASTE))
    if not content:
        raise CannotUse("missing")
    return content


async def _uploaded(form: Form, name: str) -> bytes | None:
    file = form.files.get(name)
    return (await file.read() or None) if file is not None else None


def _lines(pasted: str) -> bytes:
    text = pasted.replace("\r\n", "\n")
    return f"{text}\n".encode() if text else b""


def _pin(own: Pin, said: Mapping[str, str]) -> Pin:
    """What the reader pins, else our own keys; a checkpoint they kept; whose stamps must be there.

    Raises CannotUse.
    """
    policy = _read("pin", parse_pin, said) or own.policy
    seen = _read("seen", lambda pasted: parse_seen(pasted, policy), said)
    return Pin(policy, seen, _read("authority", _authority, said))


def _read(name: Wrong, parse: Callable[[bytes], T], said: Mapping[str, str]) -> T | None:
    """What was pasted into this field; None for nothing. Raises CannotUse."""
    pasted = _lines(said[name])
    try:
        return parse(pasted) if pasted else None
    except (Malformed, TimestampInvalid):
        raise CannotUse(name) from None


def _authority(pasted: bytes) -> Authority:
    return Authority(*split_roots(pasted.decode()))


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
