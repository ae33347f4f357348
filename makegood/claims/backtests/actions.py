"""Asking for a backtest of a draft, stopping it, and running it over the ended claims."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from statistics import median
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.time import Clock
from makegood.claims.backtests import store
from makegood.claims.backtests.store import Backtest
from makegood.claims.desk import Desk
from makegood.claims.precedents import store as precedents
from makegood.claims.precedents.rules import LOOK_BACK
from makegood.claims.precedents.store import EVER
from makegood.policy.backtest.case import Case
from makegood.policy.backtest.processes import Processes
from makegood.policy.backtest.result import Result
from makegood.policy.backtest.running import CHUNK, Begun, Run
from makegood.policy.backtest.tally import Minutes
from makegood.policy.draft.model import Draft
from makegood.policy.draft.store import load_draft
from makegood.policy.faults import PackRefused
from makegood.policy.packfile import read_pack_file
from makegood.store.database import Connection, Database
from makegood.store.jobs import Job, enqueue
from makegood.store.notify import publish

BACKTEST_JOB: Final = "rules.backtest"
ENOUGH_GAPS: Final = 30
ASSUMED_MINUTES: Final = 10.0

Stay = Callable[[], Awaitable[None]]
"""Called at every step: keeps the job from being given to another worker."""


class RunBacktest(msgspec.Struct, frozen=True):
    """The payload of the job that runs a backtest."""

    backtest_id: str


class Stopped(Exception):
    """Somebody asked to stop, or it has ended elsewhere."""


async def start_backtest(tx: Connection, act: Act, ids: Ids, draft: Draft, name: str) -> None:
    """Ask for a backtest of the draft as it is; harmless where one is under way."""
    backtest_id = ids.uuid()
    asked = await store.insert(
        tx,
        act.market_id,
        backtest_id=backtest_id,
        draft_id=draft.draft_id,
        edit_no=draft.edit_no,
        started_by=name,
        asked_at=act.now,
    )
    if asked:
        job = Job(
            kind=BACKTEST_JOB,
            market_id=act.market_id,
            payload=RunBacktest(backtest_id),
            run_at=act.now,
            subject=draft.draft_id,
            request_id=act.request_id,
        )
        await enqueue(tx, [job])


async def cancel_backtest(tx: Connection, act: Act, draft_id: str) -> None:
    """Stop the backtest of a draft that is under way; harmless where none is."""
    await store.ask_to_cancel(tx, act.market_id, draft_id, act.now)
    await publish(tx, backtest_topic(act.market_id, draft_id))


def backtest_topic(market_id: str, draft_id: str) -> str:
    """What the page of a draft's backtest listens to."""
    return f"{market_id}/backtest/{draft_id}"


async def run_backtest(
    db: Database, desk: Desk, clock: Clock, market_id: str, backtest_id: str, stay: Stay
) -> None:
    """Run it to its end; running it twice at once gives the same figures twice."""
    async with db.connection() as conn:
        asked = await store.load(conn, market_id, backtest_id)
        draft = await load_draft(conn, market_id, asked.draft_id) if asked else None
    if asked is None or draft is None or not asked.under_way:
        return
    in_force = await desk.shelf.in_force(market_id, clock.now())
    market = await desk.markets.get(market_id, clock.now())
    assert market is not None, "its draft is there"
    ending = _Ending(db, clock, market_id, asked)
    try:
        pack = await asyncio.to_thread(read_pack_file, draft.source)
    except PackRefused as refused:
        await ending.write("failed", trouble=str(refused)[:500])
        return
    with Processes(pack.source, in_force.source, os.cpu_count() or 1) as both:
        run = Run(pack, in_force, both.ask, currency=market.settings.currency)
        try:
            await _feed(db, clock, market_id, asked, run, stay)
        except Stopped:
            await ending.write("cancelled")
            return
    async with db.connection() as conn:
        minutes = await measured_minutes(conn, market_id, clock.now())
    result = await asyncio.to_thread(run.result, minutes)
    await ending.write("done", result=result)


async def measured_minutes(conn: Connection, market_id: str, now: datetime) -> Minutes:
    """What a claim costs a person: the median time between decisions of one sitting."""
    gaps = await precedents.gaps_between_decisions(conn, market_id, now - LOOK_BACK)
    if len(gaps) < ENOUGH_GAPS:
        return Minutes(ASSUMED_MINUTES, "assumed")
    return Minutes(round(median(gaps), 1), "measured")


class _Ending:
    """Writes how a backtest ended, and tells its page."""

    def __init__(self, db: Database, clock: Clock, market_id: str, asked: Backtest) -> None:
        self._db, self._clock, self._market, self._asked = db, clock, market_id, asked

    async def write(
        self, state: store.State, *, result: Result | None = None, trouble: str = ""
    ) -> None:
        async with self._db.transaction() as tx:
            await store.end(
                tx,
                self._market,
                self._asked.backtest_id,
                state,
                self._clock.now(),
                result=result,
                trouble=trouble,
            )
            await publish(tx, backtest_topic(self._market, self._asked.draft_id))


async def _feed(
    db: Database, clock: Clock, market_id: str, asked: Backtest, run: Run, stay: Stay
) -> None:
    """Put every case to the rules, one chunk ahead, off the event loop."""
    async with db.connection() as conn:
        total = await precedents.count_cases(conn, market_id, EVER)
        begun: Begun | None = None
        async for chunk in _chunks(precedents.cases(conn, market_id)):
            ahead = await asyncio.to_thread(run.begin, chunk)
            if begun is not None:
                await asyncio.to_thread(run.finish, begun)
            begun = ahead
            await stay()
            await _tell(db, clock, market_id, asked, run.tally.claims, total)
        if begun is not None:
            await asyncio.to_thread(run.finish, begun)
    await _tell(db, clock, market_id, asked, run.tally.claims, total)


async def _tell(
    db: Database, clock: Clock, market_id: str, asked: Backtest, done: int, total: int
) -> None:
    async with db.transaction() as tx:
        going = await store.note_progress(
            tx, market_id, asked.backtest_id, done, total, clock.now()
        )
        await publish(tx, backtest_topic(market_id, asked.draft_id))
    if not going:
        raise Stopped


async def _chunks(cases: AsyncIterator[Case]) -> AsyncIterator[list[Case]]:
    chunk: list[Case] = []
    async for case in cases:
        chunk.append(case)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
