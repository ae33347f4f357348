"""Erasing people: search one, see what would go, confirm; holds; how long things are kept."""

from typing import Final, get_args

import msgspec
from litestar import get, post
from litestar.response import Redirect

from makegood.base.refusal import Refused
from makegood.people.markets.actions import change_settings
from makegood.people.staff.store import list_accounts
from makegood.privacy.actions import (
    Eraser,
    Preview,
    erase_account,
    erase_person,
    find_person,
    lift_hold,
    past_erasures,
    place_hold,
    standing_holds,
)
from makegood.privacy.rules import Erased, HoldKind, Reason
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.errors import refusal_words
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

TEMPLATE: Final = "operator/templates/privacy.html"
REASONS: Final[tuple[Reason, ...]] = ("requested", "duty")
LONGEST_ASK: Final = 300


@get("/ops/privacy")
async def show_privacy(page: ThisPage, things: TheThings) -> Html:
    """The search, standing holds, past erasures."""
    page.need("privacy.read")
    return await _page(page, things)


@post("/ops/privacy")
async def search(page: ThisPage, things: TheThings, request: AnyRequest) -> Html:
    """Find a person. A form and not an address, because addresses end up in logs."""
    page.need("privacy.read")
    asked = (await read_form(request)).text("q", LONGEST_ASK)
    async with things.db.connection() as conn:
        found = await find_person(conn, page.act(), things.vault, asked)
    return await _page(page, things, asked=asked, found=found, searched=True)


@post("/ops/privacy/erase")
async def erase(page: ThisPage, things: TheThings, request: AnyRequest) -> Html:
    """Erase the person that was shown, or an account that is switched off."""
    page.need("privacy.erase")
    form = await read_form(request)
    if form.text("sure") != "yes":
        return await _page(page, things, unsure=True)
    try:
        done = await _erased(page, things, form)
    except Refused as refused:
        return await _page(page, things, fault=Fault(*refusal_words(page, refused)))
    if form.text("account"):
        things.callers.staff.forget(page.market.market_id)
    return await _page(page, things, done=done)


@post("/ops/privacy/holds")
async def change_holds(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Place a hold on a claim or a person, or lift one."""
    page.need("privacy.erase")
    form = await read_form(request)
    try:
        async with things.db.transaction() as tx:
            if form.text("do") == "lift":
                await lift_hold(tx, page.act(), form.text("hold", 64))
            else:
                kind: HoldKind = "person" if form.text("kind") == "person" else "claim"
                subject, reason = form.text("subject", 128), form.text("reason", 500)
                await place_hold(tx, page.act(), things.ids, kind, subject, reason)
    except Refused as refused:
        return await _page(page, things, fault=Fault(*refusal_words(page, refused)))
    return page.go("/ops/privacy")


@post("/ops/privacy/retention")
async def set_retention(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """How many years claims and orders are kept after their end; never fewer than three."""
    page.need("privacy.erase")
    form = await read_form(request)
    settings = msgspec.structs.replace(
        page.market.settings, retention_years=form.whole("years", otherwise=0)
    )
    try:
        async with things.db.transaction() as tx:
            await change_settings(tx, page.act(), settings, page.market.version)
    except Refused as refused:
        return await _page(page, things, fault=Fault(*refusal_words(page, refused)))
    things.markets.forget(page.market.market_id)
    return page.go("/ops/privacy")


async def _erased(page: Page, things: Things, form: Form) -> Erased:
    reason = next((one for one in REASONS if one == form.text("reason")), None)
    if reason is None:
        raise Refused("reason_needed")
    eraser = Eraser(things.vault, things.ids)
    async with things.db.transaction() as tx:
        if form.text("account"):
            return await erase_account(tx, page.act(), eraser, form.text("account", 64), reason)
        buyer_ids = form.many("buyer")
        if not buyer_ids:
            raise not_found()
        return await erase_person(tx, page.act(), eraser, buyer_ids, reason)


async def _page(
    page: Page,
    things: Things,
    *,
    asked: str = "",
    found: Preview | None = None,
    searched: bool = False,
    done: Erased | None = None,
    unsure: bool = False,
    fault: Fault | None = None,
) -> Html:
    market_id = page.market.market_id
    async with things.db.connection() as conn:
        holds = await standing_holds(conn, market_id)
        erasures = await past_erasures(conn, market_id)
        accounts = await list_accounts(conn, market_id)
    return page.show(
        TEMPLATE,
        409 if fault else 422 if unsure else 200,
        section="privacy",
        asked=asked,
        found=found,
        searched=searched,
        done=done,
        unsure=unsure,
        fault=fault,
        holds=holds,
        erasures=erasures,
        accounts=[one for one in accounts if one.disabled_at is not None and one.display_name],
        reasons=REASONS,
        hold_kinds=get_args(HoldKind),
    )


ROUTES: Final = [show_privacy, search, erase, change_holds, set_retention]
