"""Cookies of signing in: the session, the step between password and code, the first-run link."""

from typing import Final

from litestar.datastructures import Cookie
from litestar.response import Redirect

from makegood.base.actor import Act, Actor
from makegood.people.staff.rules import SECOND_STEP_VALID
from makegood.people.staff.sign_in import Visitor
from makegood.web.desk.forms import AnyRequest
from makegood.web.page import Page
from makegood.web.session import STAFF_COOKIE

PENDING_COOKIE: Final = "mg_pending"
FIRST_COOKIE: Final = "mg_first"
INVITE_COOKIE: Final = "mg_invite"
DOOR: Final = Actor(role="system", id="door")
"""Who acts while nobody has signed in yet."""

HOME: Final = {
    "agent": "/desk",
    "lead": "/desk",
    "seller": "/seller",
    "supplier": "/supplier",
    "operator": "/ops",
    "auditor": "/ops",
}
"""Where each role's day begins."""


def door_act(page: Page) -> Act:
    """The frame of signing in."""
    return Act(page.market.market_id, DOOR, page.now, page.request_id)


def visitor_of(request: AnyRequest) -> Visitor:
    """The address and browser that a sign-in comes from."""
    address = request.client.host if request.client else ""
    return Visitor(address=address, browser=request.headers.get("user-agent", ""))


def kept(page: Page, name: str, value: str, path: str, seconds: int | None = None) -> Cookie:
    """A cookie that no script reads."""
    return Cookie(
        key=name,
        value=value,
        path=path,
        httponly=True,
        samesite="lax",
        secure=page.secure,
        max_age=seconds,
    )


def gone(page: Page, name: str, path: str) -> Cookie:
    """Takes a cookie away."""
    return kept(page, name, "", path, 0)


def pending(page: Page, sealed: str) -> Cookie:
    """The sealed step between password and code."""
    return kept(page, PENDING_COOKIE, sealed, "/login", int(SECOND_STEP_VALID.total_seconds()))


def go_with(page: Page, path: str, *cookies: Cookie) -> Redirect:
    """A redirect that also sets these cookies."""
    answer = page.go(path)
    answer.cookies.extend(cookies)
    return answer


def signed_in(page: Page, token: str) -> Cookie:
    """The session cookie; it ends with the browser, the session itself earlier."""
    return kept(page, STAFF_COOKIE, token, "/")
