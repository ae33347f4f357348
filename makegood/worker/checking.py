"""The full check of a log as a job: every hour by itself, and whenever an operator asks."""

from datetime import timedelta
from typing import Final

from makegood.base.actor import SYSTEM, Act
from makegood.record.health import CHECK_LOG_JOB, ask_for_check
from makegood.record.log import store
from makegood.record.log.check_store import LastCheck, load_report
from makegood.record.log.fsck import check_log
from makegood.record.log.sequencer import LogRoom
from makegood.store.jobs import TakenJob
from makegood.worker.loop import Errand, Handler

LOOK_SECONDS: Final = 600.0
CHECK_EVERY: Final = timedelta(hours=1)
MOST_OF_THE_TIME: Final = 0.05
"""A check that takes long is made less often, so that it keeps a core busy this share at most."""


def check_handlers(room: LogRoom) -> dict[str, Handler]:
    """The function of the one kind of job here."""

    async def check(job: TakenJob) -> None:
        await check_log(room, job.market_id)

    return {CHECK_LOG_JOB: check}


def check_errands(room: LogRoom) -> tuple[Errand, ...]:
    """Asks for a check of every log whose last one is old."""

    async def look() -> None:
        now = room.clock.now()
        async with room.db.connection() as conn:
            for market_id in await store.markets_with_work(conn):
                last = await load_report(conn, market_id)
                if last is None or now - last.checked_at >= _pause_after(last):
                    await ask_for_check(conn, Act(market_id, SYSTEM, now))

    return (Errand(name="log checks", every_seconds=LOOK_SECONDS, run=look),)


def _pause_after(last: LastCheck) -> timedelta:
    return max(CHECK_EVERY, timedelta(seconds=last.seconds / MOST_OF_THE_TIME))
