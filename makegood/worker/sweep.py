"""Forgets what people's rooms need not keep: old attempts, proofs, sessions and mail contents."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from makegood.people.proofs import store as proof_store
from makegood.people.slowdown import store as slowdown_store
from makegood.people.staff import session_store
from makegood.store.database import Database
from makegood.talk import store as mail_store

ATTEMPTS_KEPT: Final = timedelta(days=1)
PROOFS_KEPT: Final = timedelta(days=1)
SESSIONS_KEPT: Final = timedelta(days=30)
MAILS_KEPT: Final = timedelta(days=90)


class Swept(msgspec.Struct, frozen=True):
    """How much was forgotten of each kind."""

    attempts: int
    proofs: int
    sessions: int
    mails: int


async def sweep_people(db: Database, now: datetime) -> Swept:
    """Forget what is older than its time; to be run once an hour."""
    async with db.transaction() as tx:
        return Swept(
            attempts=await slowdown_store.forget_older(tx, now - ATTEMPTS_KEPT),
            proofs=await proof_store.forget_older(tx, now - PROOFS_KEPT),
            sessions=await session_store.forget_older(tx, now - SESSIONS_KEPT),
            mails=await mail_store.erase_settled(tx, now - MAILS_KEPT, now),
        )
