"""Bundles from other installs: taken in for mediation, shown read-only with their own mark."""

from typing import Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from makegood.bundles import foreign_store
from makegood.bundles.foreign_store import ForeignBundle
from makegood.bundles.importing import (
    LARGEST_IMPORT,
    Intake,
    file_in,
    forget_bundle,
    import_bundle,
    open_kept,
)
from makegood.record.log.strict import Malformed
from makegood.verify.pins import NO_PIN, Pin, parse_pin
from makegood.verify.verdict import Verdict
from makegood.verify.words import facts_of, text_of, title_of, words_of
from makegood.web.desk.faults import Fault
from makegood.web.form_stream import AnyRequest, read_form
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

LIST: Final = "operator/templates/bundles.html"
ONE: Final = "operator/templates/bundle.html"
LONGEST_PIN: Final = 4096
HEADERS: Final = {
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-store",
}


@get("/ops/bundles")
async def show_bundles(page: ThisPage, things: TheThings) -> Html:
    """Every bundle that was taken in."""
    page.need("bundle.read")
    return await _list_page(page, things)


@post("/ops/bundles", request_max_body_size=LARGEST_IMPORT + 65_536)
async def take_in(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Check a bundle and keep it; what does not hold is refused with the reason."""
    page.need("bundle.import")
    form = await read_form(request)
    said = form.fields.get("pin", "").strip()[:LONGEST_PIN]
    try:
        pin = _pin(said)
    except Malformed:
        words = page.words
        fault = Fault(words.text("outside.wrong_pin"), words.text("outside.pin_hint"))
        return await _list_page(page, things, fault=fault)
    content = b"".join([piece async for piece in form.body])
    intake = Intake(things.db, things.storage, things.ids)
    note = form.fields.get("note", "")[:500]
    found = await import_bundle(intake, page.act(), content, pin, said, note)
    if isinstance(found, Verdict):
        lang = page.words.lang
        return await _list_page(
            page, things, fault=Fault(title_of(found, lang), text_of(found, lang))
        )
    return page.go(f"/ops/bundles/{found.bundle_id}")


@get("/ops/bundles/{bundle_id:str}")
async def show_bundle(page: ThisPage, things: TheThings, bundle_id: FromPath[str]) -> Html:
    """One bundle: whose it is, what was checked, its history and files."""
    page.need("bundle.read")
    bundle = await _bundle(page, things, bundle_id)
    market_id, now = page.market.market_id, page.now.timestamp()
    found, _ = await open_kept(things.storage, market_id, bundle, _pin(bundle.pin), now)
    verdict = found if isinstance(found, Verdict) else found.verdict
    lang = page.words.lang
    return page.show(
        ONE,
        section="bundles",
        bundle=bundle,
        verdict=verdict,
        title=title_of(verdict, lang),
        text=text_of(verdict, lang),
        facts=facts_of(verdict, lang),
        opened=None if isinstance(found, Verdict) else found,
        reasons=words_of(lang)["closed"],
    )


@get("/ops/bundles/{bundle_id:str}/files/{name:str}")
async def show_file(
    page: ThisPage, things: TheThings, bundle_id: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """An evidence file of a bundle, to be saved and never shown in our pages."""
    page.need("bundle.read")
    bundle = await _bundle(page, things, bundle_id)
    market_id, now = page.market.market_id, page.now.timestamp()
    found, content = await open_kept(things.storage, market_id, bundle, NO_PIN, now)
    file = None if isinstance(found, Verdict) else file_in(content, f"files/{name}")
    if file is None:
        raise not_found()
    headers = {**HEADERS, "content-disposition": f'attachment; filename="{name}"'}
    return Response(content=file, media_type="application/octet-stream", headers=headers)


@post("/ops/bundles/{bundle_id:str}/forget")
async def forget(page: ThisPage, things: TheThings, bundle_id: FromPath[str]) -> Redirect:
    """Delete a bundle that is not needed any more."""
    page.need("bundle.import")
    async with things.db.transaction() as tx:
        digest = await forget_bundle(tx, page.act(), things.ids, bundle_id)
    if digest is not None:
        await things.storage.delete(page.market.market_id, digest)
    return page.go("/ops/bundles")


async def _bundle(page: Page, things: Things, bundle_id: str) -> ForeignBundle:
    async with things.db.connection() as conn:
        bundle = await foreign_store.load(conn, page.market.market_id, bundle_id)
    if bundle is None:
        raise not_found()
    return bundle


def _pin(said: str) -> Pin:
    """What the operator named when taking the bundle in. Raises Malformed for no key at all."""
    return Pin(parse_pin(said.replace("\r\n", "\n").encode())) if said else NO_PIN


async def _list_page(page: Page, things: Things, fault: Fault | None = None) -> Html:
    async with things.db.connection() as conn:
        bundles = await foreign_store.listed(conn, page.market.market_id)
    return page.show(LIST, 422 if fault else 200, section="bundles", bundles=bundles, fault=fault)


ROUTES: Final = [show_bundles, take_in, show_bundle, show_file, forget]
