"""Backtests of drafts, run in the background while other jobs go on."""

from datetime import timedelta
from typing import Final

from makegood.base.time import Clock
from makegood.claims.backtests.actions import RunBacktest, run_backtest
from makegood.claims.desk import Desk
from makegood.store import jobs
from makegood.store.database import Database
from makegood.store.jobs import TakenJob

STAY: Final = timedelta(seconds=60)


async def carry_out(db: Database, desk: Desk, clock: Clock, job: TakenJob) -> None:
    """Run the backtest that the job names."""

    async def stay() -> None:
        async with db.connection() as conn:
            await jobs.stay(conn, job, clock.now() + STAY)

    backtest_id = job.payload_as(RunBacktest).backtest_id
    await run_backtest(db, desk, clock, job.market_id, backtest_id, stay)
