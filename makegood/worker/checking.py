"""The full check of a log as a job: once a day by itself, and whenever an operator asks."""

from datetime import timedelta
from typing import Final

from makegood.base.actor import SYSTEM, Act
from makegood.record.health import CHECK_LOG_JOB, ask_for_check
from makegood.record.log import store
from makegood.record.log.check_store import load_report
from makegood.record.log.fsck import check_log
from makegood.record.log.sequencer import LogRoom
from makegood.store.jobs import TakenJob
from makegood.worker.loop import Errand, Handler

LOOK_SECONDS: Final = 600.0
CHECK_EVERY: Final = timedelta(hours=24)


def check_handlers(room: LogRoom) -> dict[str, Handler]:
    """The function of the one kind of job here."""

    async def check(job: TakenJob) -> None:
        await check_log(room, job.market_id)

    return {CHECK_LOG_JOB: check}


def check_errands(room: LogRoom) -> tuple[Errand, ...]:
    """Asks for a check of every log whose last one is a day old."""

    async def look() -> None:
        now = room.clock.now()
        async with room.db.connection() as conn:
            for market_id in await store.markets_with_work(conn):
                last = await load_report(conn, market_id)
                if last is None or now - last.checked_at >= CHECK_EVERY:
                    await ask_for_check(conn, Act(market_id, SYSTEM, now))

    return (Errand(name="log checks", every_seconds=LOOK_SECONDS, run=look),)
