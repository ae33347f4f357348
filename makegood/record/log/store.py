"""All SQL of the log: what waits, entries, tiles, the head, restarts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from makegood.record.log.tiles import TileId
from makegood.record.log.tree import EMPTY_ROOT
from makegood.store.database import Connection


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Where a market's log stands."""

    market_id: str
    origin: str
    epoch: int
    size: int
    """Entries that have their place, signed or not."""
    root: bytes
    signed_size: int
    note: bytes | None
    """The last signed checkpoint."""
    signed_at: datetime | None
    trouble: str | None
    """Why nothing is signed any more: a `guard.TroubleKind`."""
    trouble_at: datetime | None


class Taken(msgspec.Struct, frozen=True):
    """An event that leaves the queue."""

    stream: str
    version: int
    leaf_hash: bytes
    at: datetime


HEAD_COLUMNS = ", ".join(Head.__struct_fields__)


async def markets_with_work(conn: Connection) -> list[str]:
    """Every market that has a log or events that wait for one."""
    rows = await conn.fetch(
        """
        with recursive waiting as (
            (select market_id from log_pending order by market_id limit 1)
            union all
            select (select p.market_id from log_pending p where p.market_id > w.market_id
                    order by p.market_id limit 1)
            from waiting w where w.market_id is not null
        )
        select market_id from waiting where market_id is not null
        union select market_id from log_head order by 1
        """
    )
    return [row["market_id"] for row in rows]


async def load_head(conn: Connection, market_id: str) -> Head | None:
    """The head of a log, or None before its first round."""
    row = await conn.fetchrow(
        f"select {HEAD_COLUMNS} from log_head where market_id = $1", market_id
    )
    return None if row is None else Head(**row)


async def has_pending(conn: Connection, market_id: str) -> bool:
    """Whether an event waits."""
    return bool(
        await conn.fetchval(
            "select exists (select 1 from log_pending where market_id = $1)", market_id
        )
    )


async def count_pending(conn: Connection, market_id: str) -> int:
    """How many events wait."""
    return int(
        await conn.fetchval("select count(*) from log_pending where market_id = $1", market_id)
    )


async def create_head(tx: Connection, market_id: str, origin: str) -> None:
    """An empty log; harmless when there is one."""
    await tx.execute(
        "insert into log_head (market_id, origin, root) values ($1, $2, $3) on conflict do nothing",
        market_id,
        origin,
        EMPTY_ROOT,
    )


async def lock_head(tx: Connection, market_id: str, *, wait: bool = False) -> Head | None:
    """Become the only sequencer of a log; None when another one is (unless we wait)."""
    row = await tx.fetchrow(
        f"select {HEAD_COLUMNS} from log_head where market_id = $1 "
        f"for update {'' if wait else 'skip locked'}",
        market_id,
    )
    return None if row is None else Head(**row)


async def take_pending(tx: Connection, market_id: str, limit: int) -> list[Taken]:
    """Take events out of the queue, in the order in which they are to be entered.

    No mark of "the last one seen": an event whose transaction commits late has a low place
    and is simply taken next time. Two kinds of rows, which only a superuser can make, are
    taken and not answered: those whose event is gone, and those whose event has its place.
    """
    rows = await tx.fetch(
        """
        with taken as (
            delete from log_pending
            where market_id = $1 and place in (
                select place from log_pending where market_id = $1 order by place limit $2
            )
            returning place, stream, version
        )
        select t.stream, t.version, e.entry_hash, e.at
        from taken t join event e
            on e.market_id = $1 and e.stream = t.stream and e.version = t.version
        where not exists (
            select 1 from log_entry l
            where l.market_id = $1 and l.stream = t.stream and l.version = t.version
        )
        order by t.place
        """,
        market_id,
        limit,
    )
    return [Taken(*row) for row in rows]


async def add_entries(
    tx: Connection, market_id: str, first: int, taken: Sequence[Taken], merged: Sequence[datetime]
) -> None:
    """Give entries their places, from `first` on."""
    await tx.execute(
        """
        insert into log_entry (market_id, idx, stream, version, leaf_hash, merged_at)
        select $1, $2 + place - 1, stream, version, leaf_hash, merged_at
        from unnest($3::text[], $4::integer[], $5::bytea[], $6::timestamptz[])
            with ordinality as added (stream, version, leaf_hash, merged_at, place)
        """,
        market_id,
        first,
        [one.stream for one in taken],
        [one.version for one in taken],
        [one.leaf_hash for one in taken],
        merged,
    )


async def load_tiles(
    conn: Connection, market_id: str, wanted: Collection[TileId]
) -> dict[TileId, bytes]:
    """Tiles by their ids; missing ones are left out.

    The query leaves PostgreSQL no choice. Free to join, it reads every tile there is until it
    has statistics; and told how long the arrays are, it plans anew for every call. Either took
    ten times as long as it takes to read the tiles.
    """
    if not wanted:
        return {}
    rows = await conn.fetch(
        """
        select wanted.level, wanted.n, tile.hashes
        from unnest((select $2::smallint[]), (select $3::bigint[])) as wanted (level, n)
        cross join lateral (
            select hashes from log_tile
            where market_id = $1 and level = wanted.level and n = wanted.n limit 1
        ) tile
        """,
        market_id,
        [tile.level for tile in wanted],
        [tile.n for tile in wanted],
    )
    return {TileId(row["level"], row["n"]): row["hashes"] for row in rows}


async def put_tiles(tx: Connection, market_id: str, tiles: Mapping[TileId, bytes]) -> None:
    """Store tiles that are new or wider than before."""
    await tx.execute(
        """
        insert into log_tile (market_id, level, n, hashes)
        select $1, level, n, hashes
        from unnest($2::smallint[], $3::bigint[], $4::bytea[]) as changed (level, n, hashes)
        on conflict (market_id, level, n) do update set hashes = excluded.hashes
        """,
        market_id,
        [tile.level for tile in tiles],
        [tile.n for tile in tiles],
        list(tiles.values()),
    )


async def delete_tiles(tx: Connection, market_id: str) -> None:
    """Forget all tiles, to write them again from the entries."""
    await tx.execute("delete from log_tile where market_id = $1", market_id)


async def grow_head(tx: Connection, market_id: str, size: int, root: bytes) -> None:
    """The tree has grown; its checkpoint is signed in a step of its own."""
    await tx.execute(
        "update log_head set size = $2, root = $3 where market_id = $1", market_id, size, root
    )


async def put_note(
    tx: Connection, market_id: str, size: int, note: bytes, signed_at: datetime
) -> None:
    """A checkpoint was signed and is remembered in the second place."""
    await tx.execute(
        """
        update log_head
        set signed_size = $2, note = $3, signed_at = $4, trouble = null, trouble_at = null
        where market_id = $1
        """,
        market_id,
        size,
        note,
        signed_at,
    )


async def note_trouble(tx: Connection, market_id: str, kind: str, at: datetime) -> bool:
    """Remember why nothing is signed; whether that is news."""
    done = await tx.execute(
        """
        update log_head set trouble = $2, trouble_at = $3
        where market_id = $1 and trouble is distinct from $2
        """,
        market_id,
        kind,
        at,
    )
    return bool(done != "UPDATE 0")


async def clear_trouble(tx: Connection, market_id: str) -> None:
    """Everything fits again."""
    await tx.execute(
        "update log_head set trouble = null, trouble_at = null "
        "where market_id = $1 and trouble is not null",
        market_id,
    )


async def load_restart(conn: Connection, market_id: str, epoch: int) -> bytes | None:
    """The signed statement with which an epoch began; the first one has none."""
    statement: bytes | None = await conn.fetchval(
        "select statement from log_restart where market_id = $1 and epoch = $2", market_id, epoch
    )
    return statement


async def load_restarts(conn: Connection, market_id: str) -> list[bytes]:
    """All signed statements about restarts, oldest first."""
    rows = await conn.fetch(
        "select statement from log_restart where market_id = $1 order by epoch", market_id
    )
    return [row["statement"] for row in rows]


async def begin_epoch(
    tx: Connection, market_id: str, epoch: int, statement: bytes, at: datetime
) -> None:
    """Record a restart; the head has no checkpoint until the next one is signed."""
    await tx.execute(
        "insert into log_restart (market_id, epoch, statement, restarted_at) "
        "values ($1, $2, $3, $4)",
        market_id,
        epoch,
        statement,
        at,
    )
    await tx.execute(
        """
        update log_head
        set epoch = $2, signed_size = 0, note = null, signed_at = null,
            trouble = null, trouble_at = null
        where market_id = $1
        """,
        market_id,
        epoch,
    )


async def entries_between(
    conn: Connection, market_id: str, first: int, end: int
) -> list[tuple[int, bytes]]:
    """(idx, entry) of the log's entries from `first` up to, not including, `end`."""
    rows = await conn.fetch(
        """
        select l.idx, e.entry from log_entry l
        join event e on e.market_id = l.market_id and e.stream = l.stream and e.version = l.version
        where l.market_id = $1 and l.idx >= $2 and l.idx < $3 order by l.idx
        """,
        market_id,
        first,
        end,
    )
    return [(row["idx"], row["entry"]) for row in rows]
