"""Who may file and read the evidence of which claim, for pages and for the API."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeAlias

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.base.time import Clock
from makegood.claims import store as claim_store
from makegood.claims.desk import Desk
from makegood.claims.evidence import Evidence, audience_of
from makegood.claims.evidence_actions import RecordAdded
from makegood.claims.evidence_store import evidence_of_claim
from makegood.claims.recording import DRAFT, records_into
from makegood.claims.state import STAFF, Claim
from makegood.people.caller import Caller
from makegood.people.roles import Matrix
from makegood.store.database import Connection, Database
from makegood.web.files import Filer, Files
from makegood.web.form_stream import AnyRequest
from makegood.web.page import request_id_of
from makegood.web.problem import PageFault
from makegood.web.session import buyer_of, caller_of
from makegood.web.things import Things

CallerOf: TypeAlias = Callable[[AnyRequest, datetime], Awaitable[Caller]]
"""Finds who calls: by cookies for pages, by key for the API."""

READERS: Final = frozenset({*STAFF, "auditor", "market"})
PARTY: Final = {"buyer": "buyer", "market": "buyer", "seller": "seller"}
"""The shop system files for its buyer; everyone else who may file is the platform."""

CLOSED_TO_ALL: Final = frozenset({"withdrawn", "declined"})


def draft_no(order_no: str, label: str = "") -> str:
    """Under which number a buyer files before the claim is opened: per order, and label if any."""
    return f"{DRAFT}{order_no}/{label}" if label else f"{DRAFT}{order_no}"


def files_of_pages(things: Things) -> Files:
    """Evidence files for people with a session."""
    return files_of(things, caller_of)


def files_of_buyers(things: Things) -> Files:
    """The same for portal pages, where a staff session in the same browser is nobody."""
    return files_of(things, buyer_of)


def files_of(
    things: Things, find: Callable[[AnyRequest, Things, datetime], Awaitable[Caller]]
) -> Files:
    """Evidence files for whoever `find` says is calling: by cookie, or by key for the API."""
    access = ClaimFiles(
        things.db,
        things.desk,
        things.matrix,
        things.clock,
        things.settings.market_id,
        lambda request, now: find(request, things, now),
    )
    return Files(access, things.room, things.ids)


class ClaimFiles:
    """A `FileAccess` over claims and callers."""

    def __init__(
        self,
        db: Database,
        desk: Desk,
        matrix: Matrix,
        clock: Clock,
        market_id: str,
        caller_of: CallerOf,
    ) -> None:
        self._db = db
        self._desk = desk
        self._matrix = matrix
        self._clock = clock
        self._market_id = market_id
        self._caller_of = caller_of
        self._record: RecordAdded = records_into(desk)

    def market_of(self, request: AnyRequest) -> str:
        """The market of this address."""
        return self._market_id

    async def filer(self, request: AnyRequest, claim_no: str, slot: str) -> Filer | None:
        """The caller as a party of the claim, or of the order for a draft.

        Raises PageFault 422 for a slot that is not in the rule pack, and Refused with
        claim_not_open for a claim that takes no more evidence.
        """
        now = self._clock.now()
        caller = await self._caller_of(request, now)
        if caller.actor is None or not self._matrix.may(caller, "claim.evidence"):
            return None
        opened_at = await self._opened_at(caller, claim_no, now)
        if opened_at is None:
            return None
        if slot not in self._desk.shelf.names().slots:
            raise PageFault(422, "input")
        party = PARTY.get(caller.role, "platform")
        return Filer(
            act=Act(caller.market_id, caller.actor, now, request_id_of(request)),
            claim_no=claim_no,
            party=party,
            audience=audience_of(slot, party),
            opened_at=opened_at,
        )

    async def may_see(self, request: AnyRequest, item: Evidence) -> bool:
        """Whether the caller is a reader of the claim and of this item."""
        caller = await self._caller_of(request, self._clock.now())
        if caller.actor is None or not self._matrix.may(caller, "claim.read"):
            return False
        if caller.role not in READERS and item.audience not in ("all", caller.role):
            return False
        if item.claim_no.startswith(DRAFT):
            return _holds_draft(caller, item.claim_no)
        claim = await self._claim(item.claim_no)
        return claim is not None and _is_party(caller, claim)

    async def record_added(self, tx: Connection, act: Act, item: Evidence) -> None:
        """Put the item into the claim's history."""
        await self._record(tx, act, item)

    async def missing(self, filer: Filer) -> list[str]:
        """Required slots of the claim's reason that this party has not filled."""
        claim = None if filer.claim_no.startswith(DRAFT) else await self._claim(filer.claim_no)
        reason = claim and self._desk.shelf.names().reasons.get(claim.opened.reason)
        if not reason:
            return []
        async with self._db.connection() as conn:
            items = await evidence_of_claim(conn, filer.act.market_id, filer.claim_no)
        filled = {item.slot for item in items}
        slots = self._desk.shelf.names().slots
        required = [use.slot for use in reason.slots if use.required]
        return [s for s in required if s not in filled and slots[s].who == filer.party]

    async def _opened_at(self, caller: Caller, claim_no: str, now: datetime) -> datetime | None:
        if claim_no.startswith(DRAFT):
            return now if _holds_draft(caller, claim_no) else None
        claim = await self._claim(claim_no)
        if claim is None or not _is_party(caller, claim):
            return None
        if claim.state in CLOSED_TO_ALL:
            raise Refused("claim_not_open", state=claim.state)
        return claim.opened_at

    async def _claim(self, claim_no: str) -> Claim | None:
        async with self._db.connection() as conn:
            loaded = await claim_store.load(conn, self._market_id, claim_no)
        return None if loaded is None else loaded.claim


def _holds_draft(caller: Caller, claim_no: str) -> bool:
    about = claim_no.removeprefix(DRAFT)
    return caller.role == "buyer" and any(
        about == order_no or about.startswith(f"{order_no}/") for order_no in caller.order_nos
    )


def _is_party(caller: Caller, claim: Claim) -> bool:
    if caller.role == "buyer":
        return caller.holds_order(claim.opened.order_no)
    if caller.role == "seller":
        return caller.actor is not None and caller.actor.id == claim.opened.seller_id
    return caller.role in READERS
