"""All SQL of orders: their heads and versions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from makegood.base.actor import Act
from makegood.orders.order import Order
from makegood.people.proofs.rules import OrderContact
from makegood.store.database import Connection, Record

_decode_order = msgspec.json.Decoder(Order).decode


class Head(msgspec.Struct, frozen=True, gc=False):
    """Where a known order stands."""

    version: int
    updated_at: datetime
    content_hash: bytes
    claim_code_hash: bytes | None
    state: str


class OrderVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an order as it was told, without keys and query password."""

    version: int
    received_at: datetime
    order: Order


class NewVersion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of `order_version` and what its head says from then on."""

    version: int
    order: Order
    content_hash: bytes
    contact_hash: bytes | None
    claim_code_hash: bytes | None


async def lock_heads(tx: Connection, market_id: str, order_nos: Iterable[str]) -> dict[str, Head]:
    """Lock the heads that exist, always in the same order; an unknown order has none."""
    rows = await tx.fetch(
        """
        SELECT h.order_no, h.version, h.updated_at, h.content_hash, h.claim_code_hash, h.state
        FROM unnest($2::text[]) AS wanted (order_no)
        -- One look-up each: planned as a join, it would read the whole market for a few rows.
        CROSS JOIN LATERAL (
            SELECT order_no, version, updated_at, content_hash, claim_code_hash, state
            FROM order_head
            WHERE market_id = $1 AND order_no = wanted.order_no
            FOR UPDATE
        ) AS h
        """,
        market_id,
        sorted(set(order_nos)),
    )
    return {
        row["order_no"]: Head(
            row["version"],
            row["updated_at"],
            row["content_hash"],
            row["claim_code_hash"],
            row["state"],
        )
        for row in rows
    }


async def insert_heads(tx: Connection, market_id: str, new: Sequence[NewVersion]) -> set[str]:
    """Make the heads of new orders; answers which are ours and not made by someone else now."""
    rows = await tx.fetch(
        """
        INSERT INTO order_head (market_id, order_no, version, updated_at, content_hash, state,
                                seller_id, buyer_id, contact_hash, claim_code_hash, placed_at,
                                paid_at)
        SELECT $1, order_no, version, updated_at, content_hash, state, seller_id, buyer_id,
               contact_hash, claim_code_hash, placed_at, paid_at
        FROM unnest($2::text[], $3::integer[], $4::timestamptz[], $5::bytea[], $6::text[],
                    $7::text[], $8::text[], $9::bytea[], $10::bytea[], $11::timestamptz[],
                    $12::timestamptz[])
             AS new (order_no, version, updated_at, content_hash, state, seller_id, buyer_id,
                     contact_hash, claim_code_hash, placed_at, paid_at)
        ORDER BY order_no
        ON CONFLICT DO NOTHING
        RETURNING order_no
        """,
        market_id,
        *_head_columns(new),
    )
    return {row["order_no"] for row in rows}


async def update_heads(tx: Connection, market_id: str, new: Sequence[NewVersion]) -> None:
    """Bring the heads of known orders up to date; a query password once told stays."""
    await tx.execute(
        """
        UPDATE order_head SET
            version = new.version, updated_at = new.updated_at, content_hash = new.content_hash,
            state = new.state, seller_id = new.seller_id, buyer_id = new.buyer_id,
            contact_hash = new.contact_hash, placed_at = new.placed_at, paid_at = new.paid_at,
            claim_code_hash = coalesce(new.claim_code_hash, order_head.claim_code_hash)
        FROM unnest($2::text[], $3::integer[], $4::timestamptz[], $5::bytea[], $6::text[],
                    $7::text[], $8::text[], $9::bytea[], $10::bytea[], $11::timestamptz[],
                    $12::timestamptz[])
             AS new (order_no, version, updated_at, content_hash, state, seller_id, buyer_id,
                     contact_hash, claim_code_hash, placed_at, paid_at)
        WHERE order_head.market_id = $1 AND order_head.order_no = new.order_no
        """,
        market_id,
        *_head_columns(new),
    )


async def insert_versions(tx: Connection, act: Act, new: Sequence[NewVersion]) -> None:
    """Append versions; the caller holds the lock of their orders."""
    await tx.execute(
        """
        INSERT INTO order_version (market_id, order_no, version, updated_at, received_at,
                                   received_from, snapshot)
        SELECT $1, order_no, version, updated_at, $2, $3, snapshot
        FROM unnest($4::text[], $5::integer[], $6::timestamptz[], $7::bytea[])
             AS new (order_no, version, updated_at, snapshot)
        """,
        act.market_id,
        act.now,
        act.actor.id,
        [row.order.order_no for row in new],
        [row.version for row in new],
        [row.order.updated_at for row in new],
        [msgspec.json.encode(row.order) for row in new],
    )


async def touch_heads(tx: Connection, market_id: str, updated_at: Mapping[str, datetime]) -> None:
    """Note that unchanged orders were told again, so that what is older stays behind."""
    await tx.execute(
        """
        UPDATE order_head SET updated_at = new.updated_at
        FROM unnest($2::text[], $3::timestamptz[]) AS new (order_no, updated_at)
        WHERE order_head.market_id = $1 AND order_head.order_no = new.order_no
          AND order_head.updated_at < new.updated_at
        """,
        market_id,
        list(updated_at),
        list(updated_at.values()),
    )


async def delete_heads(tx: Connection, market_id: str, order_nos: Sequence[str]) -> None:
    """Take back the heads of new orders that were refused after all."""
    await tx.execute(
        "DELETE FROM order_head WHERE market_id = $1 AND order_no = ANY ($2::text[])",
        market_id,
        order_nos,
    )


async def load_order(conn: Connection, market_id: str, order_no: str) -> OrderVersion | None:
    """The newest version of an order, or None when we have not heard of it."""
    row = await conn.fetchrow(
        """
        SELECT v.version, v.received_at, v.snapshot
        FROM order_head AS h
        JOIN order_version AS v
          ON v.market_id = h.market_id AND v.order_no = h.order_no AND v.version = h.version
        WHERE h.market_id = $1 AND h.order_no = $2
        """,
        market_id,
        order_no,
    )
    return _order_version(row) if row else None


async def load_orders(
    conn: Connection, market_id: str, order_nos: Sequence[str]
) -> dict[str, OrderVersion]:
    """The newest version of each of these orders; what we have not heard of is left out."""
    rows = await conn.fetch(
        """
        SELECT h.order_no, v.version, v.received_at, v.snapshot
        FROM order_head AS h
        JOIN order_version AS v
          ON v.market_id = h.market_id AND v.order_no = h.order_no AND v.version = h.version
        WHERE h.market_id = $1 AND h.order_no = ANY ($2::text[])
        """,
        market_id,
        order_nos,
    )
    return {row["order_no"]: _order_version(row) for row in rows}


async def load_version(
    conn: Connection, market_id: str, order_no: str, version: int
) -> OrderVersion | None:
    """One version of an order, such as the one a claim was opened on."""
    row = await conn.fetchrow(
        """
        SELECT version, received_at, snapshot FROM order_version
        WHERE market_id = $1 AND order_no = $2 AND version = $3
        """,
        market_id,
        order_no,
        version,
    )
    return _order_version(row) if row else None


async def load_order_contact(
    conn: Connection, market_id: str, order_no: str
) -> OrderContact | None:
    """What a visitor has to prove for this order, as keyed hashes; None for an unknown order."""
    row = await conn.fetchrow(
        """
        SELECT order_no, buyer_id, contact_hash, claim_code_hash FROM order_head
        WHERE market_id = $1 AND order_no = $2
        """,
        market_id,
        order_no,
    )
    if row is None:
        return None
    return OrderContact(
        order_no=row["order_no"],
        buyer_id=row["buyer_id"],
        contact_hash=row["contact_hash"],
        claim_code_hash=row["claim_code_hash"],
    )


async def list_order_nos_of_contact(
    conn: Connection, market_id: str, contact_hash: bytes, limit: int = 100
) -> list[str]:
    """The newest orders of a contact, found by its keyed hash."""
    rows = await conn.fetch(
        """
        SELECT order_no FROM order_head WHERE market_id = $1 AND contact_hash = $2
        ORDER BY placed_at DESC, order_no LIMIT $3
        """,
        market_id,
        contact_hash,
        limit,
    )
    return [row["order_no"] for row in rows]


async def newest_order_nos(conn: Connection, market_id: str, limit: int) -> list[str]:
    """The numbers of the orders told last, newest first."""
    rows = await conn.fetch(
        """
        SELECT order_no FROM order_head WHERE market_id = $1
        ORDER BY updated_at DESC, order_no LIMIT $2
        """,
        market_id,
        limit,
    )
    return [row["order_no"] for row in rows]


async def count_orders(conn: Connection, market_id: str, most: int = 100_000) -> int:
    """How many orders the market has, counted up to `most`."""
    counted: int = await conn.fetchval(
        """
        SELECT count(*) FROM (SELECT 1 FROM order_head WHERE market_id = $1
                              LIMIT $2) AS counted
        """,
        market_id,
        most,
    )
    return counted


def _head_columns(new: Sequence[NewVersion]) -> tuple[list[object], ...]:
    return (
        [row.order.order_no for row in new],
        [row.version for row in new],
        [row.order.updated_at for row in new],
        [row.content_hash for row in new],
        [row.order.state for row in new],
        [row.order.seller.id for row in new],
        [row.order.buyer.id for row in new],
        [row.contact_hash for row in new],
        [row.claim_code_hash for row in new],
        [row.order.placed_at for row in new],
        [row.order.paid_at for row in new],
    )


def _order_version(row: Record) -> OrderVersion:
    return OrderVersion(
        version=row["version"],
        received_at=row["received_at"],
        order=_decode_order(row["snapshot"]),
    )
