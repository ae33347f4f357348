"""One's own account: where one is signed in, the password, the second factor and its codes."""

import segno
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect
from markupsafe import Markup

from makegood.base.refusal import Refused
from makegood.people.markets.actions import settle_setup_step
from makegood.people.markets.store import load_setup
from makegood.people.staff.actions import (
    begin_second_factor,
    change_password,
    confirm_codes_saved,
    confirm_second_factor,
)
from makegood.people.staff.second_factor import TotpOffer
from makegood.people.staff.sessions import list_sessions, revoke_all_sessions, revoke_session
from makegood.people.staff.store import load_account
from makegood.store.database import Connection
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, read_form
from makegood.web.errors import refusal_words
from makegood.web.operator.cookies import go_with, signed_in
from makegood.web.operator.sign_in import home_of
from makegood.web.page import Html, Page, ThisPage
from makegood.web.session import STAFF_COOKIE
from makegood.web.things import TheThings, Things


@get("/account")
async def show_account(page: ThisPage, things: TheThings) -> Html | Redirect:
    """Sessions and password of the signed-in person."""
    if page.caller.via != "staff_session":
        return page.go("/login")
    return await _account_page(page, things, None)


@post("/account/sessions/{session_id:str}")
async def end_session(page: ThisPage, things: TheThings, session_id: FromPath[str]) -> Redirect:
    """End one of one's own sessions; `others` ends all but this one."""
    page.need("account.own")
    caller = page.caller
    async with things.db.transaction() as tx:
        if session_id == "others":
            await revoke_all_sessions(tx, page.act(), caller.account_id, keep=caller.session_id)
        else:
            await revoke_session(tx, page.act(), caller.account_id, session_id)
    return page.go("/account")


@post("/account/password")
async def set_password(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Change the password; other sessions end."""
    page.need("account.own")
    form = await read_form(request)
    old, new = (form.fields.get(name, [""])[-1] for name in ("old", "new"))
    async with things.db.connection() as conn:
        account = await load_account(conn, page.market.market_id, page.caller.account_id)
    assert account is not None, "a session belongs to an account"
    try:
        token = await change_password(
            things.door, page.act(), account, page.caller.session_id, old, new
        )
    except Refused as refused:
        return await _account_page(page, things, Fault(*refusal_words(page, refused)))
    things.callers.staff.forget(request.cookies.get(STAFF_COOKIE, ""))
    return go_with(page, "/account", signed_in(page, token))


@get("/account/second-factor")
async def show_second_factor(page: ThisPage, things: TheThings) -> Html | Redirect:
    """A new secret for the authenticator, as a picture and as text."""
    if page.caller.via != "staff_session" or page.caller.two_factor:
        return page.go(home_of(page))
    async with things.db.transaction() as tx:
        offer = await begin_second_factor(
            tx, page.act(), things.vault, things.ids, page.caller.account_id
        )
        setup = await _in_setup(tx, page)
    return _second_factor_page(page, offer, setup, wrong=False)


@post("/account/second-factor")
async def enrol(page: ThisPage, things: TheThings, request: AnyRequest) -> Html:
    """Confirm it by a code; then the recovery codes are shown, this once."""
    page.need("account.own")
    form = await read_form(request)
    caller = page.caller
    offer = TotpOffer(form.text("secret", 64), form.text("uri", 300))
    async with things.db.connection() as conn:
        setup = await _in_setup(conn, page)
    try:
        async with things.db.transaction() as tx:
            enrolled = await confirm_second_factor(
                tx,
                page.act(),
                things.vault,
                things.ids,
                caller.account_id,
                caller.session_id,
                form.text("code", 20),
            )
    except Refused as refused:
        if refused.code != "sign_in_failed":
            raise
        return _second_factor_page(page, offer, setup, wrong=True)
    things.callers.staff.forget(request.cookies.get(STAFF_COOKIE, ""))
    shown = page.show("operator/templates/codes.html", codes=enrolled.recovery_codes, setup=setup)
    shown.cookies.append(signed_in(page, enrolled.token))
    return shown


@post("/account/codes")
async def codes_kept(page: ThisPage, things: TheThings, request: AnyRequest) -> Redirect:
    """The person says that the recovery codes are kept; the first operator's step is done."""
    page.need("account.own")
    form = await read_form(request)
    if form.text("kept") != "yes":
        return page.go("/account")
    async with things.db.transaction() as tx:
        await confirm_codes_saved(tx, page.act(), page.caller.account_id)
        setup = await _in_setup(tx, page)
        if setup:
            await settle_setup_step(tx, page.act(), "operator", "done")
    return page.go("/setup/shop" if setup else home_of(page))


async def _account_page(page: Page, things: Things, fault: Fault | None) -> Html:
    async with things.db.connection() as conn:
        sessions = await list_sessions(conn, page.act(), page.caller.account_id)
        account = await load_account(conn, page.market.market_id, page.caller.account_id)
    return page.show(
        "operator/templates/account.html",
        409 if fault else 200,
        sessions=sessions,
        account=account,
        here=page.caller.session_id,
        home=home_of(page),
        fault=fault,
    )


async def _in_setup(conn: Connection, page: Page) -> bool:
    """Whether this is the first operator on the way through the first run."""
    if page.caller.role != "operator" or page.market.settings.opened_at:
        return False
    setup = await load_setup(conn, page.market.market_id)
    return "operator" not in setup.done


def _second_factor_page(page: Page, offer: TotpOffer, setup: bool, *, wrong: bool) -> Html:
    return page.show(
        "operator/templates/second_factor.html",
        422 if wrong else 200,
        offer=offer,
        qr=qr_of(offer.uri),
        spelled=spelled(offer.secret),
        setup=setup,
        wrong=wrong,
    )


def spelled(secret: str) -> str:
    """A secret in groups of four letters, for typing."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def qr_of(uri: str) -> Markup:
    """The secret's address as a picture; made of squares only, so it is safe to place inline."""
    if not uri.startswith("otpauth://"):
        return Markup("")
    code = segno.make(uri, error="m")
    return Markup(code.svg_inline(border=2, dark="#111", light="#fff", omitsize=True))


ROUTES = [show_account, end_session, set_password, show_second_factor, enrol, codes_kept]
