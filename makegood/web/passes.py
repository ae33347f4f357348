"""Sealed cookies: what a link let somebody in for, without an account and without a row."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import timedelta
from typing import Final, TypeVar

import msgspec
from litestar.datastructures import Cookie

from makegood.store.vault import SealBroken
from makegood.web.form_stream import AnyRequest
from makegood.web.operator.cookies import kept
from makegood.web.page import Page
from makegood.web.things import Things

SESSION: Final = timedelta(hours=12)
T = TypeVar("T", bound=msgspec.Struct)


class Door(msgspec.Struct, frozen=True):
    """Which cookie it is, what it is sealed for, and below which address it is sent."""

    cookie: str
    purpose: str
    path: str


def pass_cookie(page: Page, things: Things, door: Door, content: msgspec.Struct) -> Cookie:
    """The cookie that an opened link leaves behind."""
    plain = msgspec.json.encode(content)
    sealed = things.vault.seal(page.market.market_id, door.purpose, "", plain)
    value = urlsafe_b64encode(sealed).decode()
    return kept(page, door.cookie, value, door.path, int(SESSION.total_seconds()))


def read_pass(
    request: AnyRequest, things: Things, market_id: str, door: Door, kind: type[T]
) -> T | None:
    """What this browser was let in for; None for no cookie and for one that is not ours."""
    try:
        sealed = urlsafe_b64decode(request.cookies.get(door.cookie, ""))
        plain = things.vault.open_sealed(market_id, door.purpose, "", sealed)
        return msgspec.json.decode(plain, type=kind)
    except (SealBroken, Base64Error, ValueError, msgspec.DecodeError):
        return None
