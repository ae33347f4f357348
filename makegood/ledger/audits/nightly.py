"""The whole audit, once a day: every balance added up again from the first transfer on."""

from datetime import datetime

import msgspec

from makegood.ledger.audit import audit
from makegood.ledger.audits import minute_store
from makegood.ledger.audits.difference import Difference
from makegood.ledger.audits.minute import WHOLE_EVERY, pause_all
from makegood.store.database import Database


async def audit_whole(db: Database, now: datetime) -> list[Difference] | None:
    """Audit the books of all markets from their beginning, unless that was done within a day.

    Differences pause payouts. Answers what was found; None when it was not time yet.
    """
    async with db.connection() as conn:
        state = await minute_store.read_state(conn)
        assert state is not None, "the migration made the row"
        if state["whole_at"] is not None and now - state["whole_at"] < WHOLE_EVERY:
            return None
        markets = await minute_store.markets(conn)
        found: list[Difference] = []
        for market_id in markets:
            whole = await audit(conn, market_id, now)
            found += [msgspec.structs.replace(one, market_id=market_id) for one in whole]
    async with db.transaction() as tx:
        await pause_all(tx, found, now)
        await minute_store.note_whole_run(tx, now)
    return found
