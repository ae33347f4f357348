"""Backtests of drafts, run in the background while other jobs go on."""

from makegood.base.time import Clock
from makegood.claims.backtests.actions import RunBacktest, run_backtest
from makegood.claims.desk import Desk
from makegood.store.database import Database
from makegood.store.jobs import TakenJob
from makegood.worker.staying import staying


async def carry_out(db: Database, desk: Desk, clock: Clock, job: TakenJob) -> None:
    """Run the backtest that the job names."""
    backtest_id = job.payload_as(RunBacktest).backtest_id
    await run_backtest(db, desk, clock, job.market_id, backtest_id, staying(db, clock, job))
