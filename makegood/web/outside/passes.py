"""Who looks from outside: a sealed cookie for one question, and the files it opens."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import datetime, timedelta
from typing import Final

import msgspec
from litestar.datastructures import Cookie

from makegood.base.actor import Act
from makegood.claims.evidence import Evidence
from makegood.claims.outside.rules import OutsideCase
from makegood.claims.outside.store import load_case
from makegood.store.database import Connection
from makegood.store.vault import SealBroken
from makegood.web.files import Filer
from makegood.web.form_stream import AnyRequest
from makegood.web.operator.cookies import kept
from makegood.web.page import Page
from makegood.web.problem import PageFault, not_found
from makegood.web.things import Things

COOKIE: Final = "mg_outside"
PURPOSE: Final = "outside_page"
SESSION: Final = timedelta(hours=12)


class OutsidePass(msgspec.Struct, frozen=True):
    """One question, and until when this browser may look at it."""

    ref_no: str
    until: datetime


def pass_cookie(page: Page, things: Things, ref_no: str) -> Cookie:
    """The cookie that a used link leaves behind."""
    plain = msgspec.json.encode(OutsidePass(ref_no, page.now + SESSION))
    sealed = things.vault.seal(page.market.market_id, PURPOSE, "", plain)
    value = urlsafe_b64encode(sealed).decode()
    return kept(page, COOKIE, value, "/outside", int(SESSION.total_seconds()))


def ref_no_of(request: AnyRequest, things: Things, market_id: str, now: datetime) -> str | None:
    """The question this browser may look at, or None."""
    try:
        sealed = urlsafe_b64decode(request.cookies.get(COOKIE, ""))
        plain = things.vault.open_sealed(market_id, PURPOSE, "", sealed)
        found = msgspec.json.decode(plain, type=OutsidePass)
    except (SealBroken, Base64Error, ValueError, msgspec.DecodeError):
        return None
    return found.ref_no if now < found.until else None


async def case_of(
    conn: Connection, request: AnyRequest, things: Things, market_id: str, now: datetime
) -> OutsideCase:
    """The question of this browser; strangers get 404."""
    ref_no = ref_no_of(request, things, market_id, now)
    case = await load_case(conn, market_id, ref_no) if ref_no else None
    if case is None:
        raise not_found()
    return case


class OutsideFiles:
    """A `FileAccess` that shows what both sides see of one claim, and takes nothing."""

    def __init__(self, things: Things) -> None:
        self._things = things
        self._market_id = things.settings.market_id

    def market_of(self, request: AnyRequest) -> str:
        """The market of this address."""
        return self._market_id

    async def filer(self, request: AnyRequest, claim_no: str, slot: str) -> Filer | None:
        """Nobody files from outside."""
        return None

    async def may_see(self, request: AnyRequest, item: Evidence) -> bool:
        """Whether it belongs to the claim asked about and both sides see it."""
        if item.audience != "all":
            return False
        now = self._things.clock.now()
        async with self._things.db.connection() as conn:
            try:
                case = await case_of(conn, request, self._things, self._market_id, now)
            except PageFault:
                return False
        return case.claim_no == item.claim_no

    async def record_added(self, tx: Connection, act: Act, item: Evidence) -> None:
        """Never called: there is no filer."""
        raise not_found()

    async def missing(self, filer: Filer) -> list[str]:
        """Nothing is asked for from outside."""
        return []
