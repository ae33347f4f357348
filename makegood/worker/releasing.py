"""Public rows as an errand: ended claims come out in daily batches."""

from typing import Final

from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import Ids
from makegood.base.time import Clock
from makegood.insight.rows.actions import release_rows
from makegood.insight.rows.store import markets_with_claims
from makegood.record.appending import StaleStream
from makegood.store.database import Database
from makegood.worker.loop import Errand

LOOK_SECONDS: Final = 900.0


def row_errands(db: Database, clock: Clock, ids: Ids) -> tuple[Errand, ...]:
    """Looks four times an hour, so that the batch of a day comes soon after its midnight."""
    return (
        Errand(
            name="public rows", every_seconds=LOOK_SECONDS, run=lambda: release_all(db, clock, ids)
        ),
    )


async def release_all(db: Database, clock: Clock, ids: Ids) -> None:
    """Release everything that is due, each batch in a transaction of its own."""
    async with db.connection() as conn:
        markets = await markets_with_claims(conn)
    for market_id in markets:
        while await _release(db, Act(market_id, SYSTEM, clock.now()), ids):
            continue


async def _release(db: Database, act: Act, ids: Ids) -> int:
    try:
        async with db.transaction() as tx:
            return await release_rows(tx, act, ids)
    except StaleStream:
        return 0  # Another worker was faster; the next look finds what it left.
