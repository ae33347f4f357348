"""The worker's loop: takes due jobs, runs each by its kind, and keeps the timetable."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import asyncpg
import msgspec
import structlog

from makegood.base.time import Clock
from makegood.base.trouble import OutsideFailed
from makegood.store import jobs
from makegood.store.database import Database
from makegood.store.jobs import NotYet, TakenJob

Handler: TypeAlias = Callable[[TakenJob], Awaitable[None]]
LANES: Final = 24
"""How many jobs run at once in one worker process; each waits mostly for the network."""
IDLE_SECONDS: Final = 0.1
LEASE_SECONDS: Final = 60.0
DONE_BATCH: Final = 50
_AWAY: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""The database is away; a job that could not be put back is taken again when its lease ends."""

log = structlog.get_logger("makegood.worker")


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """Something done again and again: what, and every how many seconds."""

    name: str
    every_seconds: float
    run: Callable[[], Awaitable[object]]


class Worker:
    """One process's share of the jobs. Every job may run twice; its handler makes that harmless."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        handlers: Mapping[str, Handler],
        timetable: tuple[Errand, ...] = (),
    ) -> None:
        self._db = db
        self._clock = clock
        self._handlers = handlers
        self._timetable = timetable
        self._running: set[asyncio.Task[None]] = set()
        self._finished: list[TakenJob] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the jobs at hand are finished first."""
        errands = [asyncio.create_task(self._repeat(e, stop)) for e in self._timetable]
        try:
            while not stop.is_set():
                await self._survive(self._round)
        finally:
            await asyncio.gather(*self._running, return_exceptions=True)
            await self._forget_finished()
            for errand in errands:
                errand.cancel()
            await asyncio.gather(*errands, return_exceptions=True)

    async def run_due(self) -> int:
        """Run what is due now and what follows from it, until nothing is left; answers how many."""
        count = 0
        while ran := await self.run_some():
            count += ran
        return count

    async def run_some(self) -> int:
        """Run side by side what is due now, up to as many as there are lanes; answers how many."""
        taken = await self._take(LANES)
        await asyncio.gather(*(self._carry_out(job) for job in taken))
        await self._forget_finished()
        return len(taken)

    async def _round(self) -> None:
        free = LANES - len(self._running)
        taken = await self._take(free) if free > 0 else []
        for job in taken:
            task = asyncio.create_task(self._carry_out(job))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        await self._forget_finished()
        if taken and len(taken) == free and self._running:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        elif not taken:
            await asyncio.sleep(IDLE_SECONDS if not self._running else IDLE_SECONDS / 10)

    async def _take(self, limit: int) -> list[TakenJob]:
        async with self._db.connection() as conn:
            return await jobs.take(
                conn, self._clock.now(), limit=limit, lease_seconds=LEASE_SECONDS
            )

    async def _carry_out(self, job: TakenJob) -> None:
        handler = self._handlers.get(job.kind)
        try:
            if handler is None:
                raise LookupError(f"no handler for jobs of kind {job.kind!r}")
            await handler(job)
        except NotYet as waiting:
            await self._put_off(job, waiting.until)
        except Exception as error:
            await self._put_back(job, error)
        else:
            self._finished.append(job)

    async def _put_back(self, job: TakenJob, error: Exception) -> None:
        """Wait longer after every failure; an error's text may hold data, so only its kind.

        What somebody outside failed to do is known: it is told in words and without a traceback.
        """
        wait = timedelta(seconds=jobs.backoff_seconds(job.attempts))
        kind = f"{type(error).__module__}.{type(error).__qualname__}"
        outside = isinstance(error, OutsideFailed)
        if outside:
            kind = f"{type(error).__name__}: {error}"
        log.warning(
            "job failed",
            kind=job.kind,
            subject=job.subject,
            attempts=job.attempts,
            error=kind,
            request_id=job.request_id,
            exc_info=job.attempts >= 3 and not outside,
        )
        with contextlib.suppress(*_AWAY):
            async with self._db.connection() as conn:
                await jobs.retry_later(conn, job, self._clock.now() + wait, kind)

    async def _put_off(self, job: TakenJob, until: datetime) -> None:
        with contextlib.suppress(*_AWAY):
            async with self._db.connection() as conn:
                await jobs.put_off(conn, job, until)

    async def _forget_finished(self) -> None:
        while self._finished:
            batch, self._finished = self._finished[:DONE_BATCH], self._finished[DONE_BATCH:]
            async with self._db.connection() as conn:
                await jobs.done(conn, batch)

    async def _repeat(self, errand: Errand, stop: asyncio.Event) -> None:
        while not stop.is_set():
            began = time.monotonic()
            await self._survive(errand.run)
            wait = max(0.0, errand.every_seconds - (time.monotonic() - began))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)

    async def _survive(self, run: Callable[[], Awaitable[object]]) -> None:
        """A database that is away for a while stops nothing for good."""
        try:
            await run()
        except _AWAY as error:
            log.warning("waiting for the database", error=type(error).__name__)
            await asyncio.sleep(1.0)
