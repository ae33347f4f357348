"""A log over a test database: keys and second place in a folder of the test."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

from makegood.base.actor import Actor
from makegood.record import store as record_store
from makegood.record.log.keyring import FileKeyBook
from makegood.record.log.places import FolderPlace
from makegood.record.log.sequencer import LogRoom
from makegood.record.rules import NewEvent, SealedEvent, StreamHead, seal
from makegood.store.database import Connection, Database
from tests.record.histories import key

ORIGIN = "log.example/main"
MARKET = "main"
_numbers = itertools.count(1)


class StepClock:
    """A clock that a test moves."""

    def __init__(self, at: datetime = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)) -> None:
        self.at = at

    def now(self) -> datetime:
        """The test's present."""
        return self.at


def log_room(db: Database, folder: Path, *, demo: bool = False, origin: str = ORIGIN) -> LogRoom:
    """A room whose files are in the folder."""
    return LogRoom(
        db=db,
        clock=StepClock(),
        keys=FileKeyBook(folder / "keys"),
        second=FolderPlace(folder / "copy"),
        published=folder / "log",
        origin_of=lambda _market: origin,
        demo=demo,
    )


def stream_events(stream: str, count: int, first: int = 1) -> list[SealedEvent]:
    """The first events of a new stream."""
    head = StreamHead(market_id=MARKET, stream=stream, pseudonym=key(crc32(stream.encode()))[:16])
    events = [NewEvent("noted", 1, {"text": f"{stream} {n}", "n": n}) for n in range(count)]
    keys = [key(first + n) for n in range(count)]
    at = datetime(2026, 11, 21, 8, 0, tzinfo=UTC) + timedelta(seconds=next(_numbers))
    return seal(head, events, keys, at, Actor(role="buyer", id="b-17"))


async def add_streams(conn: Connection, *sizes: int) -> list[SealedEvent]:
    """Append fresh streams of so many events each."""
    added = []
    for size in sizes:
        events = stream_events(f"AS-{next(_numbers):06}", size)
        await record_store.append(conn, events)
        added += events
    return added
