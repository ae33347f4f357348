"""Finds the caller of a request: staff session, buyer session or API key, in one place."""

from datetime import datetime

from makegood.people.caller import Caller, nobody
from makegood.people.keys.actions import KeyRing
from makegood.people.proofs.sessions import BuyerSessions
from makegood.people.staff.sessions import StaffSessions
from makegood.people.tokens import is_of_market
from makegood.store.database import Database
from makegood.store.vault import Vault


class Callers:
    """All ways to be somebody; each process has one of these for its requests."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self.staff = StaffSessions(db)
        self.buyers = BuyerSessions(db, vault)
        self.keys = KeyRing(db)

    async def of_sessions(
        self, market_id: str, buyer: str | None, staff: str | None, now: datetime
    ) -> Caller:
        """The caller of these cookies; staff outranks buyer where both hold, else nobody."""
        caller = await self.staff.caller(market_id, staff, now) if staff else None
        if caller is None and buyer:
            caller = await self.buyers.caller(market_id, buyer, now)
        return caller or nobody(market_id)

    async def of_bearer(self, market_id: str, token: str, now: datetime) -> Caller:
        """The caller of an `Authorization: Bearer` token: an API key, a staff or buyer session."""
        if token.startswith("mg_"):
            caller = await self.keys.caller(market_id, token, now)
        elif is_of_market(token, market_id):
            caller = await self.staff.caller(market_id, token, now)
        else:
            caller = await self.buyers.caller(market_id, token, now)
        return caller or nobody(market_id)
