"""All SQL of the full check: places beside their events, what is left over, the last report."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from makegood.record.log.tiles import TileId
from makegood.store.database import Connection

if TYPE_CHECKING:
    from makegood.record.log.fsck import CheckReport


class PlacedEntry(msgspec.Struct, frozen=True):
    """A place in the log with the event that stands there, if it is still there."""

    idx: int
    stream: str
    version: int
    leaf_hash: bytes
    entry: bytes | None


class LastCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The newest full check of a market's log."""

    checked_at: datetime
    size: int
    seconds: float
    problems: list[dict[str, str]]


async def placed_entries(
    conn: Connection, market_id: str, first: int, end: int
) -> list[PlacedEntry]:
    """The places from `first` up to, not including, `end`, as they are stored."""
    rows = await conn.fetch(
        """
        select l.idx, l.stream, l.version, l.leaf_hash, e.entry from log_entry l
        left join event e
            on e.market_id = l.market_id and e.stream = l.stream and e.version = l.version
        where l.market_id = $1 and l.idx >= $2 and l.idx < $3
        """,
        market_id,
        first,
        end,
    )
    return [PlacedEntry(*row) for row in rows]


async def places_beyond(conn: Connection, market_id: str, size: int) -> list[int]:
    """Places that the head knows nothing of."""
    rows = await conn.fetch(
        "select idx from log_entry where market_id = $1 and idx >= $2 order by idx limit 1000",
        market_id,
        size,
    )
    return [row["idx"] for row in rows]


async def events_outside(conn: Connection, market_id: str, limit: int) -> list[tuple[str, int]]:
    """Events that neither have a place nor wait for one."""
    rows = await conn.fetch(
        """
        select e.stream, e.version from event e
        left join log_entry l
            on l.market_id = e.market_id and l.stream = e.stream and l.version = e.version
        where e.market_id = $1 and l.idx is null and (e.stream, e.version) not in (
            select stream, version from log_pending where market_id = $1
        )
        order by e.stream, e.version limit $2
        """,
        market_id,
        limit,
    )
    return [(row["stream"], row["version"]) for row in rows]


async def queued_twice(conn: Connection, market_id: str, limit: int) -> list[tuple[str, int]]:
    """Waiting events that have a place already."""
    rows = await conn.fetch(
        """
        select p.stream, p.version from log_pending p
        join log_entry l
            on l.market_id = p.market_id and l.stream = p.stream and l.version = p.version
        where p.market_id = $1 order by p.place limit $2
        """,
        market_id,
        limit,
    )
    return [(row["stream"], row["version"]) for row in rows]


async def tile_ids(conn: Connection, market_id: str) -> list[TileId]:
    """All stored tiles."""
    rows = await conn.fetch(
        "select level, n from log_tile where market_id = $1 order by level, n", market_id
    )
    return [TileId(row["level"], row["n"]) for row in rows]


async def keep_report(
    conn: Connection, market_id: str, report: "CheckReport", checked_at: datetime
) -> None:
    """Remember the newest full check of a log."""
    await conn.execute(
        """
        insert into log_check (market_id, checked_at, size, seconds, problems)
        values ($1, $2, $3, $4, $5)
        on conflict (market_id) do update
        set checked_at = $2, size = $3, seconds = $4, problems = $5
        """,
        market_id,
        checked_at,
        report.size,
        report.seconds,
        list(report.problems),
    )


async def load_report(conn: Connection, market_id: str) -> LastCheck | None:
    """The newest full check of a log."""
    row = await conn.fetchrow(
        "select checked_at, size, seconds, problems from log_check where market_id = $1", market_id
    )
    return None if row is None else LastCheck(**row)
