"""What follows an erasure: files are deleted, then the touched tables are vacuumed; forgetting."""

from typing import Final

import structlog

from makegood.base.actor import SYSTEM, Act
from makegood.base.time import Clock
from makegood.claims.desk import Desk
from makegood.claims.files import Storage
from makegood.privacy import store
from makegood.privacy.actions import CleanUp, Eraser, purge
from makegood.privacy.erase_store import CLEANED_TABLES
from makegood.store.database import Database
from makegood.store.jobs import TakenJob

PURGE_ROUNDS: Final = 20
"""How many rounds of forgetting one errand may take, so that it never holds up others."""

log = structlog.get_logger("makegood.worker")


async def clean_up(db: Database, storage: Storage, clock: Clock, job: TakenJob) -> None:
    """Delete the files that nothing names any more, then vacuum. A second run changes nothing."""
    wanted = job.payload_as(CleanUp)
    async with db.connection() as conn:
        named = await store.still_named(conn, job.market_id, wanted.sha256)
    for content in wanted.sha256:
        if content not in named:
            await storage.delete(job.market_id, content)
    for upload_id in wanted.uploads:
        await storage.drop_parts(job.market_id, upload_id)
    async with db.connection() as conn:
        for table in CLEANED_TABLES:
            await conn.execute(f"vacuum {table}")
        await store.note_cleaned(conn, job.market_id, wanted.erasure_id, clock.now())


async def forget_old(db: Database, desk: Desk, clock: Clock, market_id: str) -> int:
    """Erase what a market has kept long enough; answers in how many rounds."""
    market = await desk.markets.get(market_id, clock.now())
    if market is None:
        return 0
    act = Act(market_id=market_id, actor=SYSTEM, now=clock.now(), request_id="retention")
    eraser = Eraser(desk.vault, desk.ids)
    for count in range(PURGE_ROUNDS):
        async with db.transaction() as tx:
            done = await purge(tx, act, eraser, market.settings.retention_years)
        if done is None:
            return count
        log.info("old claims and orders erased", claims=done.claims, orders=done.orders)
    return PURGE_ROUNDS
