"""Signing in and out: name and password, then the six digits; invitations."""

from typing import Final

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from makegood.base.refusal import Refused
from makegood.people.links.actions import read_link
from makegood.people.slowdown.actions import Attempt, attempts_left
from makegood.people.staff.actions import accept_invitation
from makegood.people.staff.rules import normal_name
from makegood.people.staff.sessions import SignedIn, revoke_session
from makegood.people.staff.sign_in import CodeNeeded, finish_sign_in, sign_in
from makegood.web.desk.forms import AnyRequest, read_form
from makegood.web.operator.cookies import (
    HOME,
    INVITE_COOKIE,
    PENDING_COOKIE,
    door_act,
    go_with,
    gone,
    kept,
    pending,
    signed_in,
    visitor_of,
)
from makegood.web.page import Html, Page, ThisPage
from makegood.web.session import STAFF_COOKIE
from makegood.web.things import TheThings, Things

RETRY_HEADER: Final = "retry-after"


@get("/login")
async def show_sign_in(page: ThisPage) -> Html | Redirect:
    """The name and password form; a signed-in person goes on to the own start page."""
    if page.caller.via == "staff_session":
        return page.go(home_of(page))
    return page.show("operator/templates/login.html", name="", fault=None)


@post("/login")
async def check_password(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Begin a session, or ask for the code."""
    form = await read_form(request)
    name = form.text("name", 200)
    visitor = visitor_of(request)
    try:
        password = "".join(form.fields.get("password", [""])[-1:])
        found = await sign_in(things.door, door_act(page), visitor, name, password)
    except Refused as refused:
        left = await _left(things, page, Attempt("sign_in", normal_name(name), visitor.address))
        return _refused(page, "operator/templates/login.html", refused, left, name=name)
    return _answer(page, found)


@get("/login/code")
async def show_code(page: ThisPage, request: AnyRequest) -> Html | Redirect:
    """The field for the six digits."""
    if not request.cookies.get(PENDING_COOKIE):
        return page.go("/login")
    return page.show("operator/templates/login_code.html", fault=None)


@post("/login/code")
async def check_code(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Finish signing in; a wrong code says the server's clock, which is the usual cause."""
    form = await read_form(request)
    sealed = request.cookies.get(PENDING_COOKIE, "")
    visitor = visitor_of(request)
    try:
        found = await finish_sign_in(
            things.door, door_act(page), visitor, sealed, form.text("code", 40)
        )
    except Refused as refused:
        if refused.code == "link_expired":
            return go_with(page, "/login", gone(page, PENDING_COOKIE, "/login"))
        return _refused(page, "operator/templates/login_code.html", refused, None)
    cookies = (signed_in(page, found.token), gone(page, PENDING_COOKIE, "/login"))
    return go_with(page, "/account/home", *cookies)


@get("/account/home")
async def go_home(page: ThisPage) -> Redirect:
    """The start page of whoever is signed in; first the second factor where it is missing."""
    return page.go(home_of(page))


@post("/logout")
async def sign_out(page: ThisPage, things: TheThings, request: AnyRequest) -> Redirect:
    """End this session here and now."""
    caller = page.caller
    if caller.via == "staff_session":
        async with things.db.transaction() as tx:
            await revoke_session(tx, page.act(), caller.account_id, caller.session_id)
        things.callers.staff.forget(request.cookies.get(STAFF_COOKIE, ""))
    return go_with(page, "/login", gone(page, STAFF_COOKIE, "/"))


@get("/invite/{token:str}")
async def open_invitation(page: ThisPage, token: FromPath[str]) -> Redirect:
    """Take the token out of the address before anything is shown."""
    return go_with(page, "/invite", kept(page, INVITE_COOKIE, token, "/invite", 3600))


@get("/invite")
async def show_invitation(page: ThisPage, things: TheThings, request: AnyRequest) -> Html:
    """The form for a first or a new password."""
    token = request.cookies.get(INVITE_COOKIE, "")
    async with things.db.connection() as conn:
        await read_link(conn, door_act(page), things.vault, "invitation", token)
    return page.show("operator/templates/invite.html", fault=None)


@post("/invite")
async def take_invitation(
    page: ThisPage, things: TheThings, request: AnyRequest
) -> Html | Redirect:
    """Set the password and begin a session, or ask for the code of an existing second factor."""
    form = await read_form(request)
    token = request.cookies.get(INVITE_COOKIE, "")
    password = "".join(form.fields.get("password", [""])[-1:])
    try:
        found = await accept_invitation(
            things.door, door_act(page), visitor_of(request), token, password
        )
    except Refused as refused:
        if refused.code == "link_expired":
            raise
        return _refused(page, "operator/templates/invite.html", refused, None)
    answer = _answer(page, found)
    answer.cookies.append(gone(page, INVITE_COOKIE, "/invite"))
    return answer


def home_of(page: Page) -> str:
    """Where the signed-in person goes: to the missing second factor, or to the day's work."""
    if page.caller.via != "staff_session":
        return "/login"
    if page.caller.limited:
        return "/account/second-factor"
    return HOME.get(page.caller.role, "/account")


def _answer(page: Page, found: SignedIn | CodeNeeded) -> Redirect:
    if isinstance(found, CodeNeeded):
        return go_with(page, "/login/code", pending(page, found.pending))
    return go_with(page, "/account/home", signed_in(page, found.token))


async def _left(things: Things, page: Page, attempt: Attempt) -> int:
    return await attempts_left(things.db, things.vault, door_act(page), attempt)


def _refused(
    page: Page, template: str, refused: Refused, left: int | None, **facts: object
) -> Html:
    """The form again, with what was wrong, what is left and the server's clock."""
    slowed = refused.code == "sign_in_slowed"
    wait_s = refused.detail.get("retry_after_s", 0)
    fault = {
        "code": refused.code,
        "wait_s": wait_s if isinstance(wait_s, int) else 0,
        "left": left,
        "faults": refused.detail.get("faults", []),
    }
    shown = page.show(template, 429 if slowed else 422, fault=fault, **facts)
    if slowed:
        shown.headers[RETRY_HEADER] = str(fault["wait_s"])
    return shown


ROUTES = [
    show_sign_in,
    check_password,
    show_code,
    check_code,
    go_home,
    sign_out,
    open_invitation,
    show_invitation,
    take_invitation,
]
