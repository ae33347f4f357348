"""A sequencer that kills itself: python -m tests.record.log.killed URL FOLDER

For each line on standard input with a number N it forks a process that runs one round and ends
by SIGKILL right before the database hears the Nth statement, or, for numbers past the last
statement, finishes. It answers `killed` or `done`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from makegood.record.log.sequencer import run_round
from makegood.store.database import Connection, Database
from tests.record.log.rooms import MARKET, log_room


class Counted:
    """A connection whose every word to the server is counted, transactions included."""

    def __init__(self, conn: Connection, counter: "Counter") -> None:
        self._conn = conn
        self._counter = counter

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._conn, name)
        if name not in ("execute", "fetch", "fetchrow", "fetchval"):
            return method

        async def counted(*arguments: Any) -> Any:
            self._counter.step()
            return await method(*arguments)

        return counted


class Counter:
    """Ends the process at a step."""

    def __init__(self, fatal: int) -> None:
        self._left = fatal

    def step(self) -> None:
        """One more statement is about to be sent."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class FatalDatabase(Database):
    """A database whose connections count; begin and commit are statements as well."""

    counter = Counter(0)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A counted connection."""
        async with super().connection() as conn:
            yield Counted(conn, self.counter)  # type: ignore[misc]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A counted transaction."""
        self.counter.step()
        async with super().transaction() as conn:
            yield Counted(conn, self.counter)  # type: ignore[misc]
            self.counter.step()
        self.counter.step()


async def one_round(url: str, folder: Path, fatal: int) -> None:
    """Run one round and die on the way."""
    db = await FatalDatabase.open(url, min_size=1, max_size=2)
    db.counter = Counter(fatal)
    await run_round(log_room(db, folder), MARKET)
    await db.close()


def main(url: str, folder: Path) -> None:
    """Fork for every number asked for."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(one_round(url, folder, int(line)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write("killed\n" if killed else "done\n" if status == 0 else "failed\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
