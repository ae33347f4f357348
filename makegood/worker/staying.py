"""How a long job keeps the lease that other workers respect while it is carried out."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from makegood.base.time import Clock
from makegood.store import jobs
from makegood.store.database import Database
from makegood.store.jobs import TakenJob

STAY: Final = timedelta(seconds=60)


def staying(db: Database, clock: Clock, job: TakenJob) -> Callable[[], Awaitable[None]]:
    """What the job calls now and then so that nobody else takes it for the next minute."""

    async def stay() -> None:
        async with db.connection() as conn:
            await jobs.stay(conn, job, clock.now() + STAY)

    return stay
