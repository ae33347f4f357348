"""Rule changes in the public record: announced, tried, in force, taken back. Stream `rules`."""

from collections.abc import Mapping
from typing import Final

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.record.appending import append_events
from makegood.record.canonical import Value
from makegood.record.rules import NewEvent, SealedEvent
from makegood.store.database import Connection

STREAM: Final = "rules"
SCHEMA: Final = 1


async def record(
    tx: Connection, act: Act, ids: Ids, name: str, fields: Mapping[str, Value]
) -> SealedEvent:
    """Append one event whose fields are all public: versions, digests, times, shares."""
    event = NewEvent(name, SCHEMA, dict(fields), frozenset(fields))
    return (await append_events(tx, act, ids, STREAM, [event]))[0]
