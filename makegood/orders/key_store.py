"""All SQL of sealed keys and of who looked at them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.store.database import Connection, Record


class KeyRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One sealed key of a unit. Generation 1 came with the order, later ones replaced it."""

    unit: UnitRef
    generation: int
    source: Literal["order", "reissue"]
    key_hash: bytes
    sealed: bytes
    added_at: datetime
    withdrawn_at: datetime | None = None


class Reveal(msgspec.Struct, frozen=True, kw_only=True):
    """Who read a key on our pages, when, and from which address."""

    unit: UnitRef
    generation: int
    revealed_at: datetime
    actor_role: str
    actor_id: str
    source_ip: str


async def insert_keys(tx: Connection, market_id: str, keys: Sequence[KeyRow]) -> None:
    """Write sealed keys; the caller holds the lock of their orders."""
    await tx.execute(
        """
        INSERT INTO order_key (market_id, order_no, line_no, unit_no, generation, source,
                               key_hash, sealed, added_at)
        SELECT $1, order_no, line_no, unit_no, generation, source, key_hash, sealed, added_at
        FROM unnest($2::text[], $3::integer[], $4::integer[], $5::integer[], $6::text[],
                    $7::bytea[], $8::bytea[], $9::timestamptz[])
             AS new (order_no, line_no, unit_no, generation, source, key_hash, sealed, added_at)
        """,
        market_id,
        [key.unit.order_no for key in keys],
        [key.unit.line_no for key in keys],
        [key.unit.unit_no for key in keys],
        [key.generation for key in keys],
        [key.source for key in keys],
        [key.key_hash for key in keys],
        [key.sealed for key in keys],
        [key.added_at for key in keys],
    )


async def load_keys_of_orders(
    conn: Connection, market_id: str, order_nos: Sequence[str]
) -> list[KeyRow]:
    """Every key of these orders, oldest generation first."""
    rows = await conn.fetch(
        """
        SELECT k.order_no, k.line_no, k.unit_no, k.generation, k.source, k.key_hash, k.sealed,
               k.added_at, k.withdrawn_at
        FROM unnest($2::text[]) AS wanted (order_no)
        -- One look-up each: planned as a join, it would read the whole market for a few rows.
        CROSS JOIN LATERAL (
            SELECT order_no, line_no, unit_no, generation, source, key_hash, sealed, added_at,
                   withdrawn_at
            FROM order_key
            WHERE market_id = $1 AND order_no = wanted.order_no
            ORDER BY line_no, unit_no, generation
            OFFSET 0
        ) AS k
        """,
        market_id,
        order_nos,
    )
    return [_key_row(row) for row in rows]


async def load_unit_keys(conn: Connection, market_id: str, unit: UnitRef) -> list[KeyRow]:
    """Every key of one unit, oldest generation first."""
    rows = await conn.fetch(
        """
        SELECT order_no, line_no, unit_no, generation, source, key_hash, sealed, added_at,
               withdrawn_at
        FROM order_key
        WHERE market_id = $1 AND order_no = $2 AND line_no = $3 AND unit_no = $4
        ORDER BY generation
        """,
        market_id,
        unit.order_no,
        unit.line_no,
        unit.unit_no,
    )
    return [_key_row(row) for row in rows]


async def load_units_by_key_hash(
    conn: Connection, market_id: str, key_hash: bytes, limit: int = 50
) -> list[UnitRef]:
    """Every unit that ever got the key with this keyed hash."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT order_no, line_no, unit_no FROM order_key
        WHERE market_id = $1 AND key_hash = $2
        ORDER BY order_no, line_no, unit_no LIMIT $3
        """,
        market_id,
        key_hash,
        limit,
    )
    return [UnitRef(row["order_no"], row["line_no"], row["unit_no"]) for row in rows]


async def mark_withdrawn(
    tx: Connection, market_id: str, unit: UnitRef, generation: int, at: datetime
) -> None:
    """Note that a key was locked or revoked where it came from; the first time stands."""
    await tx.execute(
        """
        UPDATE order_key SET withdrawn_at = $6
        WHERE market_id = $1 AND order_no = $2 AND line_no = $3 AND unit_no = $4
          AND generation = $5 AND withdrawn_at IS NULL
        """,
        market_id,
        unit.order_no,
        unit.line_no,
        unit.unit_no,
        generation,
        at,
    )


async def insert_reveal(tx: Connection, act: Act, reveal: Reveal) -> None:
    """Write down one reveal before the key is shown."""
    await tx.execute(
        """
        INSERT INTO key_reveal (market_id, order_no, line_no, unit_no, generation, revealed_at,
                                actor_role, actor_id, source_ip, request_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT DO NOTHING
        """,
        act.market_id,
        reveal.unit.order_no,
        reveal.unit.line_no,
        reveal.unit.unit_no,
        reveal.generation,
        reveal.revealed_at,
        reveal.actor_role,
        reveal.actor_id,
        reveal.source_ip,
        act.request_id,
    )


async def load_reveals(conn: Connection, market_id: str, unit: UnitRef) -> list[Reveal]:
    """Every reveal of a unit's keys on our pages, oldest first."""
    rows = await conn.fetch(
        """
        SELECT order_no, line_no, unit_no, generation, revealed_at, actor_role, actor_id,
               source_ip
        FROM key_reveal
        WHERE market_id = $1 AND order_no = $2 AND line_no = $3 AND unit_no = $4
        ORDER BY revealed_at
        """,
        market_id,
        unit.order_no,
        unit.line_no,
        unit.unit_no,
    )
    return [
        Reveal(
            unit=unit,
            generation=row["generation"],
            revealed_at=row["revealed_at"],
            actor_role=row["actor_role"],
            actor_id=row["actor_id"],
            source_ip=row["source_ip"],
        )
        for row in rows
    ]


def _key_row(row: Record) -> KeyRow:
    return KeyRow(
        unit=UnitRef(row["order_no"], row["line_no"], row["unit_no"]),
        generation=row["generation"],
        source=row["source"],
        key_hash=row["key_hash"],
        sealed=row["sealed"],
        added_at=row["added_at"],
        withdrawn_at=row["withdrawn_at"],
    )
