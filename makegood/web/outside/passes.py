"""Who looks from outside: a sealed cookie for one question, and the files it opens."""

from datetime import datetime
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.claims.evidence import Evidence
from makegood.claims.outside.rules import OutsideCase
from makegood.claims.outside.store import load_case
from makegood.store.database import Connection
from makegood.web.files import Filer, Files
from makegood.web.form_stream import AnyRequest
from makegood.web.passes import Door, read_pass
from makegood.web.problem import PageFault, not_found
from makegood.web.things import Things

DOOR: Final = Door(cookie="mg_outside", purpose="outside_page", path="/outside")


class OutsidePass(msgspec.Struct, frozen=True):
    """One question, and until when this browser may look at it."""

    ref_no: str
    until: datetime


def ref_no_of(request: AnyRequest, things: Things, market_id: str, now: datetime) -> str | None:
    """The question this browser may look at, or None."""
    found = read_pass(request, things, market_id, DOOR, OutsidePass)
    return found.ref_no if found is not None and now < found.until else None


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


def files_from_outside(things: Things) -> Files:
    """Evidence files for whoever may look at a question."""
    return Files(OutsideFiles(things), things.room, things.ids)
