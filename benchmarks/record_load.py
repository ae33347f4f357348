"""Load on the record: writers, a sequencer in a process of its own, and its kills.

usage: python -m benchmarks.record_load URL FOLDER   runs a sequencer; SIGUSR1 pauses it,
SIGUSR2 lets it go on.
"""

import asyncio
import contextlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.common import ROOT, percentile, tell
from makegood.base.actor import Actor
from makegood.logfiles import SIGN_EVERY
from makegood.record import store as record_store
from makegood.record.log.keyring import FileKeyBook
from makegood.record.log.places import FolderPlace
from makegood.record.log.sequencer import LogRoom, run_rounds
from makegood.record.rules import NewEvent, SealedEvent, StreamHead, head_after, seal
from makegood.sources import SystemClock, SystemIds
from makegood.store.database import Database
from makegood.worker.sequencing import ROUND_SECONDS

MARKET: Final = "main"
ORIGIN: Final = "bench.invalid/log/main"
WRITERS: Final = 32
EVENTS_A_STEP: Final = 2
"""A step of a claim records one to four events in one statement."""
FIELDS: Final = 8


def log_room(db: Database, folder: Path) -> LogRoom:
    """A log with its files in a folder."""
    return LogRoom(
        db=db,
        clock=SystemClock(),
        keys=FileKeyBook(folder / "log-keys"),
        second=FolderPlace(folder / "log-copy"),
        published=folder / "log",
        sign_every=SIGN_EVERY,
        origin_of=lambda _market: ORIGIN,
    )


class Writer:
    """Appends steps to one stream, as fast as it can."""

    def __init__(self, db: Database, name: str) -> None:
        self._db = db
        self._ids = SystemIds()
        self._head = StreamHead(market_id=MARKET, stream=name, pseudonym=self._ids.secret(16))
        self.events = 0
        self.seconds: list[tuple[float, float]] = []
        """(when it began on the monotonic clock, how long it took) of every step."""

    async def run_until(self, end: float, pause_seconds: float = 0.0) -> None:
        """Append until the monotonic time `end`."""
        while time.monotonic() < end:
            sealed = self._sealed()
            began = time.monotonic()
            async with self._db.connection() as conn:
                await record_store.append(conn, sealed)
            self.seconds.append((began, time.monotonic() - began))
            self._head = head_after(sealed[-1])
            self.events += len(sealed)
            if pause_seconds:
                await asyncio.sleep(pause_seconds)

    def _sealed(self) -> list[SealedEvent]:
        fields = {f"field_{n}": f"value {n} of {self.events}" for n in range(FIELDS)}
        events = [NewEvent("noted", 1, fields)] * EVENTS_A_STEP
        keys = [self._ids.secret() for _ in events]
        return seal(self._head, events, keys, datetime.now(UTC), Actor("buyer", "b-1"))


async def write_for(
    db: Database, seconds: float, name: str, pause_seconds: float = 0.0
) -> list[Writer]:
    """Thirty-two writers for so long."""
    writers = [Writer(db, f"{name}-{number}") for number in range(WRITERS)]
    end = time.monotonic() + seconds
    await asyncio.gather(*(writer.run_until(end, pause_seconds) for writer in writers))
    return writers


class Sequencer:
    """A sequencer in a process of its own, which can be paused between two rounds."""

    def __init__(self, url: str, folder: Path) -> None:
        self._command = [sys.executable, "-m", "benchmarks.record_load", url, str(folder)]
        self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def wait_until_ready(self) -> None:
        """Until it does rounds."""
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def pause(self) -> None:
        """Do no more rounds."""
        self._process.send_signal(signal.SIGUSR1)

    def go_on(self) -> None:
        """Do rounds again."""
        self._process.send_signal(signal.SIGUSR2)

    def kill(self) -> None:
        """kill -9, and start another one."""
        self.end()
        self._process = self._started()

    def end(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def sequencing(url: str, folder: Path) -> Iterator[Sequencer]:
    """A sequencer beside what is measured."""
    sequencer = Sequencer(url, folder)
    try:
        sequencer.wait_until_ready()
        yield sequencer
    finally:
        sequencer.end()


async def paused_and_running(
    sequencer: Sequencer,
    load: Callable[[float], Awaitable[Sequence[tuple[float, float]]]],
    seconds: float,
    slice_seconds: float = 1.0,
) -> tuple[list[float], list[float]]:
    """Latencies of one load in slices in which the sequencer rests, and in which it runs.

    `load` runs for so many seconds and answers (began, took) of everything it did. What begins
    in the first fifth of a slice is left out: it may still feel the slice before.
    """
    task = asyncio.ensure_future(load(seconds))
    slices: list[tuple[float, bool]] = []
    while not task.done():
        rests = len(slices) % 2 == 0
        (sequencer.pause if rests else sequencer.go_on)()
        slices.append((time.monotonic(), rests))
        await asyncio.wait([task], timeout=slice_seconds)
    sequencer.go_on()
    took: dict[bool, list[float]] = {True: [], False: []}
    for began, lasted in task.result():
        place = max((n for n, (at, _) in enumerate(slices) if at <= began), default=None)
        if place is not None and began - slices[place][0] >= slice_seconds / 5:
            took[slices[place][1]].append(lasted)
    return took[True], took[False]


async def settle(db: Database, room: LogRoom) -> float:
    """Do rounds until nothing waits; how long that took."""
    began = time.monotonic()
    while await run_rounds(room):
        pass
    async with db.connection() as conn:
        while await conn.fetchval("select exists (select 1 from log_pending)"):
            await run_rounds(room)
    return time.monotonic() - began


async def killed_at_random(db: Database, url: str, folder: Path, kills: int, seed: int) -> int:
    """Writers go on while the sequencer is killed again and again; how many events they wrote."""
    chance = random.Random(seed)
    written = 0
    with sequencing(url, folder) as sequencer:
        for number in range(kills):
            tell(f"kill {number + 1} of {kills}")
            wait = 0.35 + chance.random() * 0.6
            writers = await write_for(db, wait, f"k{number}", pause_seconds=0.02)
            written += sum(writer.events for writer in writers)
            sequencer.kill()
    tell("")
    return written


def milliseconds(values: Sequence[float], share: float) -> float:
    """A percentile of seconds, in milliseconds."""
    return 1000 * percentile(values, share)


async def main(url: str, folder: Path) -> None:
    """Do rounds until killed."""
    db = await Database.open(url, max_size=2)
    room = log_room(db, folder)
    may_run = asyncio.Event()
    may_run.set()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, may_run.clear)
    loop.add_signal_handler(signal.SIGUSR2, may_run.set)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        await may_run.wait()
        began = time.monotonic()
        await run_rounds(room)
        await asyncio.sleep(max(0.0, ROUND_SECONDS - (time.monotonic() - began)))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2])))
