"""All SQL of the event history: append, load, erase."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg

from makegood.base.refusal import Refused
from makegood.record.rules import SealedEvent, StreamHead
from makegood.store.database import Connection

COLUMN_TYPES: Final = (
    ("market_id", "text"),
    ("stream", "text"),
    ("version", "integer"),
    ("pseudonym", "bytea"),
    ("name", "text"),
    ("schema_version", "integer"),
    ("at", "timestamptz"),
    ("actor_role", "text"),
    ("actor_id", "text"),
    ("body", "bytea"),
    ("entry", "bytea"),
    ("entry_hash", "bytea"),
    ("event_key", "bytea"),
)
"""What an append writes."""

COLUMNS: Final = ", ".join(name for name, _ in COLUMN_TYPES)


class StaleStream(Refused):
    """Another writer appended to this stream since its head was read. Roll back, load again."""

    def __init__(self) -> None:
        super().__init__("stale_version")


def append_sql(first: int = 1) -> str:
    """An insert of events from arrays, its parameters numbered from `first`.

    Use it alone or as one part of a larger statement::

        with appended as ({append_sql(1)} returning 1), listed as (insert … $14 …) select …

    It takes `len(COLUMN_TYPES)` (13) parameters, given by `append_arguments`. A version that
    exists already is a unique violation of `event_pkey`; see `is_stale`.
    """
    arrays = ", ".join(
        f"${place}::{kind}[]" for place, (_, kind) in enumerate(COLUMN_TYPES, start=first)
    )
    return (
        f"insert into event ({COLUMNS}) select {COLUMNS} from unnest({arrays}) as added ({COLUMNS})"
    )


APPEND_CTE: Final = append_sql(1)
"""The insert as the first part of a statement: parameters $1 to $13."""


def append_arguments(events: Sequence[SealedEvent]) -> tuple[list[Any], ...]:
    """The columns of the events as arrays, in the order that `append_sql` expects."""
    rows = [append_one_arguments(event) for event in events]
    return tuple(list(column) for column in zip(*rows, strict=True))


def append_one_sql(first: int = 1) -> str:
    """`append_sql` for a single event: plain values instead of arrays, which is cheaper.

    Its parameters are `append_one_arguments`; a `where` may be put behind it.
    """
    values = ", ".join(
        f"${place}::{kind}" for place, (_, kind) in enumerate(COLUMN_TYPES, start=first)
    )
    return f"insert into event ({COLUMNS}) select {values}"


def append_one_arguments(event: SealedEvent) -> tuple[Any, ...]:
    """The columns of an event, in the order of `COLUMN_TYPES`."""
    return (
        event.market_id,
        event.stream,
        event.version,
        event.pseudonym,
        event.name,
        event.schema_version,
        event.at,
        event.actor_role,
        event.actor_id,
        event.body,
        event.entry,
        event.entry_hash,
        event.event_key,
    )


def is_stale(error: asyncpg.UniqueViolationError) -> bool:
    """Whether a failed statement that contains `append_sql` met a newer version of a stream."""
    return str(error.as_dict().get("constraint_name")) == "event_pkey"


async def append(tx: Connection, events: Sequence[SealedEvent]) -> None:
    """Add sealed events, of one stream or of many. Raises StaleStream when outrun."""
    try:
        await tx.execute(APPEND_CTE, *append_arguments(events))
    except asyncpg.UniqueViolationError as error:
        if is_stale(error):
            raise StaleStream from error
        raise


async def load(conn: Connection, market_id: str, stream: str) -> list[SealedEvent]:
    """All events of a stream in order; an unknown stream has none."""
    return await load_since(conn, market_id, stream, 0)


async def load_since(
    conn: Connection, market_id: str, stream: str, version: int
) -> list[SealedEvent]:
    """The events of a stream after this version, in order."""
    rows = await conn.fetch(
        f"""
        select {COLUMNS}, salts from event
        where market_id = $1 and stream = $2 and version > $3 order by version
        """,
        market_id,
        stream,
        version,
    )
    return [_event(row) for row in rows]


async def load_page(
    conn: Connection, market_id: str, stream: str, version: int, limit: int
) -> list[SealedEvent]:
    """The next events of all streams after this one, ordered by stream and version."""
    rows = await conn.fetch(
        f"""
        select {COLUMNS}, salts from event
        where market_id = $1 and (stream, version) > ($2, $3)
        order by stream, version limit $4
        """,
        market_id,
        stream,
        version,
        limit,
    )
    return [_event(row) for row in rows]


async def load_head(conn: Connection, market_id: str, stream: str) -> StreamHead | None:
    """Where a stream stands, or None when it has no event."""
    row = await conn.fetchrow(
        """
        select version, pseudonym, entry_hash from event
        where market_id = $1 and stream = $2 order by version desc limit 1
        """,
        market_id,
        stream,
    )
    if row is None:
        return None
    return StreamHead(
        market_id=market_id,
        stream=stream,
        pseudonym=row["pseudonym"],
        version=row["version"],
        entry_hash=row["entry_hash"],
    )


async def overwrite_erased(
    tx: Connection, events: Sequence[SealedEvent], erased_at: datetime
) -> None:
    """Store events that `rules.erase` emptied; the table refuses any other change."""
    await tx.execute(
        """
        update event set body = gone.body, actor_id = gone.actor_id, event_key = null,
               salts = gone.salts, erased_at = $7
        from unnest($1::text[], $2::text[], $3::integer[], $4::bytea[], $5::text[], $6::jsonb[])
             as gone (market_id, stream, version, body, actor_id, salts)
        where event.market_id = gone.market_id and event.stream = gone.stream
          and event.version = gone.version
        """,
        [event.market_id for event in events],
        [event.stream for event in events],
        [event.version for event in events],
        [event.body for event in events],
        [event.actor_id for event in events],
        [{n: salt.hex() for n, salt in (event.salts or {}).items()} for event in events],
        erased_at,
    )


def _event(row: asyncpg.Record) -> SealedEvent:
    salts = row["salts"]
    opened = {name: bytes.fromhex(salt) for name, salt in salts.items()} if salts else None
    return SealedEvent(**{**row, "salts": opened})
