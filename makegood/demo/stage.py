"""The demo's stage: invented people and the product's own jobs at their times in the past."""

import asyncio
import heapq
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from datetime import datetime, timedelta
from itertools import count
from typing import Final, NamedTuple

from makegood.base.actor import Act, Actor, Role
from makegood.claims.notices import NOTICE_JOB
from makegood.store import jobs
from makegood.store.database import Database
from makegood.store.jobs import TakenJob
from makegood.talk.actions import SEND_MAIL_JOB
from makegood.worker.loop import Handler, Worker

Deed = Callable[[], Awaitable[None]]

SCENE: Final = timedelta(hours=4)
"""Lanes run side by side for so long before they meet; no day of the books begins within one."""
TAKEN: Final = 200
ALONE: Final = ""
_BY: Final = "-by-"
"""In the id of a request, before the lane that made it."""
QUIET: Final = (NOTICE_JOB, SEND_MAIL_JOB)
"""Nobody of the past is told anything any more."""

_NEXT: Final = """
    with told as (delete from job where run_at <= $1 and kind = any ($2))
    select min(run_at) from job where kind <> all ($2)
"""
"""When the next job is due, forgetting those that would tell somebody."""


class Item(NamedTuple):
    """One thing to do; at the same time a job goes before a deed, and what came first first."""

    at: datetime
    is_deed: bool
    number: int
    deed: Deed


class Turn(NamedTuple):
    """Whose turn it is in this task, and when."""

    lane: str
    at: datetime


_TURN: ContextVar[Turn | None] = ContextVar("turn", default=None)


class PastClock:
    """The present of whatever runs: its turn's time, or where the play stands."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """The time on stage."""
        turn = _TURN.get()
        return turn.at if turn else self.at


class Stage:
    """An agenda of deeds, and the jobs that follow from them.

    What belongs together (a claim, with its order and refunds) is one lane: its deeds and jobs
    happen one by one in the order of their times, each at its own. The lanes of a scene go side by
    side. What is planned outside every lane happens alone, after everything before it.
    """

    def __init__(
        self, db: Database, clock: PastClock, market_id: str, handlers: Mapping[str, Handler]
    ) -> None:
        self._db = db
        self._clock = clock
        self._market = market_id
        self._numbers = count()
        self._agenda: dict[str, list[Item]] = defaultdict(list)
        self._reached: dict[str, datetime] = {}
        self._chances: dict[str, random.Random] = {}
        self._kinds = sorted(handlers.keys() - set(QUIET))
        self._worker = _Hands(db, clock, handlers)

    @property
    def now(self) -> datetime:
        """The time on stage."""
        return self._clock.now()

    @property
    def chance(self) -> random.Random:
        """The dice of this lane: nobody else's turn changes what they show."""
        lane = _lane()
        if lane not in self._chances:
            self._chances[lane] = random.Random(lane)
        return self._chances[lane]

    def act(self, role: Role, id_: str, *, proof: bool = False) -> Act:
        """Somebody acts now; jobs that follow are known to be of this lane by their request."""
        request_id = f"demo-{next(self._numbers)}{_BY}{_lane()}"
        actor = Actor(role=role, id=id_, fresh_proof=proof)
        return Act(self._market, actor, self.now, request_id)

    def plan(self, at: datetime, deed: Deed, lane: str | None = None) -> None:
        """Something that happens at a time of the past, in this lane if no other is named."""
        item = Item(at, True, next(self._numbers), deed)
        heapq.heappush(self._agenda[_lane() if lane is None else lane], item)

    async def play(self, end: datetime) -> None:
        """Everything until `end`."""
        while (at := await self._next()) is not None and at <= end:
            self._clock.at = max(self._clock.at, min(_scene_end(at), self._meeting(), end))
            await self._scene()
        self._clock.at = end
        await self._next()

    async def _next(self) -> datetime | None:
        async with self._db.connection() as conn:
            due: datetime | None = await conn.fetchval(_NEXT, self._clock.at, QUIET)
        times = [items[0].at for items in self._agenda.values() if items]
        return min(times if due is None else [*times, due], default=None)

    def _meeting(self) -> datetime:
        """When the next thing happens alone."""
        alone = self._agenda[ALONE]
        return alone[0].at if alone else datetime.max.replace(tzinfo=self._clock.at.tzinfo)

    async def _scene(self) -> None:
        """Whatever is due by now: of each lane one thing, then what follows, until nothing does."""
        while True:
            await self._take_jobs()
            turns = {
                lane: items
                for lane, items in self._agenda.items()
                if items and items[0].at <= self._clock.at
            }
            alone = turns.pop(ALONE, None)
            if not turns and alone:
                turns = {ALONE: alone}
            if not turns:
                return
            await asyncio.gather(*(self._perform(lane, items) for lane, items in turns.items()))
            await self._worker.finish()

    async def _take_jobs(self) -> None:
        """Put the jobs that are due into the lanes of those who caused them."""
        async with self._db.connection() as conn:
            taken = await jobs.take(conn, self._clock.at, limit=TAKEN, kinds=self._kinds)
        for job in taken:
            prefix, _, lane = job.request_id.rpartition(_BY)
            item = Item(job.run_at, False, next(self._numbers), self._worker.doing(job))
            heapq.heappush(self._agenda[lane if prefix else job.job_id], item)

    async def _perform(self, lane: str, items: list[Item]) -> None:
        item = heapq.heappop(items)
        at = max(item.at, self._reached.get(lane, item.at))
        self._reached[lane] = at
        _TURN.set(Turn(lane, at))
        await item.deed()


class _Hands(Worker):
    """A worker that is handed its jobs one by one."""

    def doing(self, job: TakenJob) -> Deed:
        """The job as something to do."""
        return lambda: self._carry_out(job)

    async def finish(self) -> None:
        """Forget what was done."""
        await self._forget_finished()


def _lane() -> str:
    turn = _TURN.get()
    return turn.lane if turn else ALONE


def _scene_end(at: datetime) -> datetime:
    whole = int(at.timestamp()) // int(SCENE.total_seconds()) + 1
    return datetime.fromtimestamp(whole * SCENE.total_seconds(), tz=at.tzinfo)
