"""All SQL of anchors: places, what is under way to them, and what they answered."""

from datetime import datetime
from typing import Final

import msgspec

from makegood.record.anchors.rules import Anchor, Place
from makegood.store.database import Connection, Record

_PLACE: Final = (
    "market_id, place_id, name, interest, kind, every_minutes, counts, added_at, removed_at"
)
_ANCHOR: Final = ", ".join(Anchor.__struct_fields__)


_OF_THIS_EPOCH: Final = """planned_at >= coalesce(
            (select max(restarted_at) from log_restart where market_id = $1), '-infinity')"""
"""What was anchored before a stated restart speaks of a state that was given up."""


class SealedConfig(msgspec.Struct, frozen=True):
    """A place's settings as they lie in the database."""

    place: Place
    sealed: bytes


async def insert_place(tx: Connection, place: Place, sealed: bytes, added_by: str) -> None:
    """Store a place with its sealed settings."""
    await tx.execute(
        """
        insert into anchor_place (market_id, place_id, name, interest, kind, sealed,
                                  every_minutes, counts, added_at, added_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        place.market_id,
        place.place_id,
        place.name,
        place.interest,
        place.kind,
        sealed,
        place.every_minutes,
        place.counts,
        place.added_at,
        added_by,
    )


async def end_place(tx: Connection, market_id: str, place_id: str, at: datetime) -> Place | None:
    """Use a place no longer; None when there is none in use. What it proved stays."""
    row = await tx.fetchrow(
        f"""
        update anchor_place set removed_at = $3
        where market_id = $1 and place_id = $2 and removed_at is null returning {_PLACE}
        """,
        market_id,
        place_id,
        at,
    )
    return Place(**row) if row is not None else None


async def set_counts(tx: Connection, market_id: str, place_id: str, counts: bool) -> Place | None:
    """Let a witness count, or put it on trial."""
    row = await tx.fetchrow(
        f"""
        update anchor_place set counts = $3
        where market_id = $1 and place_id = $2 and removed_at is null returning {_PLACE}
        """,
        market_id,
        place_id,
        counts,
    )
    return Place(**row) if row is not None else None


async def list_places(conn: Connection, market_id: str) -> list[Place]:
    """Places in use, in the order in which they were added."""
    rows = await conn.fetch(
        f"""
        select {_PLACE} from anchor_place
        where market_id = $1 and removed_at is null order by added_at, place_id
        """,
        market_id,
    )
    return [Place(**row) for row in rows]


async def markets_with_places(conn: Connection) -> list[str]:
    """Every market that anchors anything."""
    rows = await conn.fetch(
        "select distinct market_id from anchor_place where removed_at is null order by 1"
    )
    return [row["market_id"] for row in rows]


async def load_place(conn: Connection, market_id: str, place_id: str) -> SealedConfig | None:
    """A place with its sealed settings, also one that was removed: its proofs are still checked."""
    row = await conn.fetchrow(
        f"select {_PLACE}, sealed from anchor_place where market_id = $1 and place_id = $2",
        market_id,
        place_id,
    )
    if row is None:
        return None
    fields = dict(row)
    sealed = fields.pop("sealed")
    return SealedConfig(Place(**fields), sealed)


async def insert_anchor(tx: Connection, anchor: Anchor) -> bool:
    """Plan an anchor; False when one is under way to this place."""
    made = await tx.fetchval(
        """
        insert into anchor (market_id, anchor_id, place_id, origin, size, checkpoint, state,
                            planned_at)
        values ($1, $2, $3, $4, $5, $6, 'due', $7)
        on conflict (market_id, place_id) where state in ('due', 'sent') do nothing
        returning true
        """,
        anchor.market_id,
        anchor.anchor_id,
        anchor.place_id,
        anchor.origin,
        anchor.size,
        anchor.checkpoint,
        anchor.planned_at,
    )
    return bool(made)


async def load_anchor(
    conn: Connection, market_id: str, anchor_id: str, *, lock: bool = False
) -> Anchor | None:
    """One anchor; with `lock`, nobody else changes it until the transaction ends."""
    row = await conn.fetchrow(
        f"""
        select {_ANCHOR} from anchor where market_id = $1 and anchor_id = $2
        {"for update" if lock else ""}
        """,
        market_id,
        anchor_id,
    )
    return _anchor(row) if row is not None else None


async def save_anchor(tx: Connection, anchor: Anchor) -> None:
    """Write what changes on an anchor's way; one that is done is never written again."""
    await tx.execute(
        """
        update anchor set size = $3, checkpoint = $4, state = $5, prepared = $6, proof = $7,
               detail = $8, failures = $9, problem = $10, contradicted = $11, tried_at = $12,
               proven_at = $13
        where market_id = $1 and anchor_id = $2 and state <> 'done'
        """,
        anchor.market_id,
        anchor.anchor_id,
        anchor.size,
        anchor.checkpoint,
        anchor.state,
        anchor.prepared,
        anchor.proof,
        anchor.detail,
        anchor.failures,
        anchor.problem,
        anchor.contradicted,
        anchor.tried_at,
        anchor.proven_at,
    )


async def newest_by_place(conn: Connection, market_id: str) -> dict[str, Anchor]:
    """The last planned anchor of every place, since the log was last restarted."""
    rows = await conn.fetch(
        f"""
        select distinct on (place_id) {_ANCHOR} from anchor
        where market_id = $1 and {_OF_THIS_EPOCH}
        order by place_id, planned_at desc, anchor_id desc
        """,
        market_id,
    )
    return {row["place_id"]: _anchor(row) for row in rows}


async def done_by_place(conn: Connection, market_id: str) -> dict[str, Anchor]:
    """The last finished anchor of every place, since the log was last restarted."""
    rows = await conn.fetch(
        f"""
        select distinct on (place_id) {_ANCHOR} from anchor
        where market_id = $1 and state = 'done' and {_OF_THIS_EPOCH}
        order by place_id, planned_at desc, anchor_id desc
        """,
        market_id,
    )
    return {row["place_id"]: _anchor(row) for row in rows}


async def recent_anchors(conn: Connection, market_id: str, limit: int) -> list[Anchor]:
    """The newest anchors of places that are no witnesses; those sign all the time."""
    rows = await conn.fetch(
        f"""
        select {", ".join("a." + name for name in Anchor.__struct_fields__)}
        from anchor a join anchor_place p using (market_id, place_id)
        where a.market_id = $1 and p.kind <> 'witness'
        order by a.planned_at desc, a.anchor_id desc limit $2
        """,
        market_id,
        limit,
    )
    return [_anchor(row) for row in rows]


async def anchors_of_size(conn: Connection, market_id: str, size: int) -> list[Anchor]:
    """What all places proved about the checkpoint of exactly this size."""
    rows = await conn.fetch(
        f"""
        select {_ANCHOR} from anchor
        where market_id = $1 and size = $2 and state = 'done' and {_OF_THIS_EPOCH}
        order by planned_at, anchor_id
        """,
        market_id,
        size,
    )
    return [_anchor(row) for row in rows]


async def anchored_sizes(conn: Connection, market_id: str, at_least: int) -> list[tuple[int, int]]:
    """(size, how many places) of anchored checkpoints not below a size, the largest first."""
    rows = await conn.fetch(
        f"""
        select size, count(distinct place_id) as places from anchor
        where market_id = $1 and size >= $2 and state = 'done' and {_OF_THIS_EPOCH}
        group by size order by size desc limit 100
        """,
        market_id,
        at_least,
    )
    return [(row["size"], row["places"]) for row in rows]


async def drop_old_cosignatures(conn: Connection, market_id: str, before: datetime) -> int:
    """Forget cosignatures that newer ones of the same witness cover; answers how many.

    One that shares its checkpoint with a time stamp or a chain is kept as long as that.
    """
    rows = await conn.fetch(
        """
        delete from anchor a using anchor_place p
        where a.market_id = $1 and a.planned_at < $2 and a.state = 'done'
          and p.market_id = a.market_id and p.place_id = a.place_id and p.kind = 'witness'
          and exists (
              select from anchor n where n.market_id = a.market_id
              and n.place_id = a.place_id and n.state = 'done' and n.size > a.size)
          and not exists (
              select from anchor o join anchor_place q using (market_id, place_id)
              where o.market_id = a.market_id and o.size = a.size and o.state = 'done'
              and q.kind <> 'witness')
        returning a.anchor_id
        """,
        market_id,
        before,
    )
    return len(rows)


async def witnesses_needed(conn: Connection, market_id: str) -> int:
    """How many witnesses a checkpoint needs; 0 when nothing was decided."""
    return int(
        await conn.fetchval(
            "select witnesses_needed from anchor_policy where market_id = $1", market_id
        )
        or 0
    )


async def put_witnesses_needed(tx: Connection, market_id: str, needed: int) -> None:
    """Decide how many witnesses a checkpoint needs."""
    await tx.execute(
        """
        insert into anchor_policy (market_id, witnesses_needed) values ($1, $2)
        on conflict (market_id) do update set witnesses_needed = excluded.witnesses_needed
        """,
        market_id,
        needed,
    )


def _anchor(row: Record) -> Anchor:
    return Anchor(**row)
