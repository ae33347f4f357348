"""All SQL about single entries: found by hash or number, and what was stated about outages."""

from datetime import datetime

import msgspec

from makegood.store.database import Connection


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the log, or one that waits for its place."""

    leaf_hash: bytes
    idx: int | None
    stream: str
    version: int
    at: datetime
    entry: bytes
    merged_at: datetime | None
    signed: bool
    """Whether a signed checkpoint covers it."""


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator states about a time in which nothing was merged."""

    began_at: datetime
    ended_at: datetime | None
    statement: str


_PLACED = """
    select l.leaf_hash, l.idx, l.stream, l.version, e.at, e.entry, l.merged_at,
           l.idx < h.signed_size as signed
    from log_entry l
    join log_head h on h.market_id = l.market_id
    join event e on e.market_id = l.market_id and e.stream = l.stream and e.version = l.version
"""
_WAITING = """
    select e.entry_hash as leaf_hash, null::bigint as idx, e.stream, e.version, e.at, e.entry,
           null::timestamptz as merged_at, false as signed
    from log_pending p
    join event e on e.market_id = p.market_id and e.stream = p.stream and e.version = p.version
"""


async def find_placed(conn: Connection, market_id: str, leaf_hash: bytes) -> Placed | None:
    """The entry with this hash, if it has its place."""
    row = await conn.fetchrow(
        f"""
        {_PLACED}
        where l.market_id = $1 and l.leaf_hash = $2
            and substring(l.leaf_hash from 1 for 5) = substring($2::bytea from 1 for 5)
        """,
        market_id,
        leaf_hash,
    )
    return None if row is None else Placed(**row)


async def is_waiting(conn: Connection, market_id: str, leaf_hash: bytes) -> bool:
    """Whether an event with this hash waits for its place."""
    row = await conn.fetchrow(
        f"{_WAITING} where p.market_id = $1 and e.entry_hash = $2 limit 1", market_id, leaf_hash
    )
    return row is not None


async def find_by_start(conn: Connection, market_id: str, start: bytes) -> list[Placed]:
    """Entries whose hash starts with these five bytes, placed ones first."""
    rows = await conn.fetch(
        f"{_PLACED} where l.market_id = $1 and substring(l.leaf_hash from 1 for 5) = $2 "
        "order by l.idx",
        market_id,
        start,
    )
    if not rows:
        rows = await conn.fetch(
            f"{_WAITING} where p.market_id = $1 and substring(e.entry_hash from 1 for 5) = $2",
            market_id,
            start,
        )
    return [Placed(**row) for row in rows]


async def places_of(conn: Connection, market_id: str, stream: str) -> dict[int, Placed]:
    """The entries of a stream by version; those that still wait are left out."""
    rows = await conn.fetch(
        f"{_PLACED} where l.market_id = $1 and l.stream = $2 order by l.version", market_id, stream
    )
    return {row["version"]: Placed(**row) for row in rows}


async def outages_between(
    conn: Connection, market_id: str, begin: datetime, end: datetime
) -> list[Outage]:
    """What was stated about outages that touch a time."""
    rows = await conn.fetch(
        """
        select began_at, ended_at, statement from log_outage
        where market_id = $1 and began_at <= $3 and coalesce(ended_at, $3) >= $2
        order by began_at
        """,
        market_id,
        begin,
        end,
    )
    return [Outage(**row) for row in rows]


async def state_outage(tx: Connection, market_id: str, outage: Outage, stated_at: datetime) -> None:
    """Record or correct the operator's statement about an outage that began then."""
    await tx.execute(
        """
        insert into log_outage (market_id, began_at, ended_at, statement, stated_at)
        values ($1, $2, $3, $4, $5)
        on conflict (market_id, began_at)
        do update set ended_at = $3, statement = $4, stated_at = $5
        """,
        market_id,
        outage.began_at,
        outage.ended_at,
        outage.statement,
        stated_at,
    )
