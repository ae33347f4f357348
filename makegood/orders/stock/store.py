"""All SQL of stock: keys kept for replacements."""

from collections.abc import Sequence

import msgspec

from makegood.base.actor import Act
from makegood.orders.facts import UnitFacts
from makegood.orders.stock.rules import StockCount
from makegood.store.database import Connection


class SealedStock(msgspec.Struct, frozen=True):
    """A key for replacements, sealed for the row of its own hash."""

    key_hash: bytes
    sealed: bytes


async def load_sold_hashes(conn: Connection, market_id: str, hashes: Sequence[bytes]) -> set[bytes]:
    """Which of these keys some unit got before."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT key_hash FROM order_key
        WHERE market_id = $1 AND key_hash = ANY ($2::bytea[])
        """,
        market_id,
        hashes,
    )
    return {row["key_hash"] for row in rows}


async def insert_stock(
    tx: Connection, act: Act, sku: str, seller_id: str, keys: Sequence[SealedStock]
) -> int:
    """Write keys that are not in stock yet; answers how many those were."""
    rows = await tx.fetch(
        """
        INSERT INTO stock_key (market_id, key_hash, sku, seller_id, sealed, added_at, added_by)
        SELECT $1, key_hash, $2, $3, sealed, $4, $5
        FROM unnest($6::bytea[], $7::bytea[]) AS new (key_hash, sealed)
        ORDER BY key_hash
        ON CONFLICT DO NOTHING
        RETURNING key_hash
        """,
        act.market_id,
        sku,
        seller_id,
        act.now,
        act.actor.id,
        [key.key_hash for key in keys],
        [key.sealed for key in keys],
    )
    return len(rows)


async def count_stock(
    conn: Connection, market_id: str, seller_id: str | None = None
) -> list[StockCount]:
    """Stock by product and seller; of one seller only when given."""
    rows = await conn.fetch(
        """
        SELECT sku, seller_id,
               count(*) FILTER (WHERE state = 'free') AS free,
               count(*) FILTER (WHERE state = 'reserved') AS reserved,
               count(*) FILTER (WHERE state = 'used') AS used
        FROM stock_key WHERE market_id = $1 AND ($2::text IS NULL OR seller_id = $2)
        GROUP BY sku, seller_id ORDER BY sku, seller_id
        """,
        market_id,
        seller_id,
    )
    return [
        StockCount(row["sku"], row["seller_id"], row["free"], row["reserved"], row["used"])
        for row in rows
    ]


async def may_be_replaced(conn: Connection, market_id: str, unit: UnitFacts) -> bool:
    """Whether a replacement for the unit is in stock right now, or its supplier can make one."""
    found: bool = await conn.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM stock_key
            WHERE market_id = $1 AND sku = $2 AND seller_id IN ($3, '') AND state = 'free'
        ) OR EXISTS (
            SELECT FROM supplier_connection
            WHERE market_id = $1 AND supplier_id = $4 AND 'reissue' = ANY (can)
        )
        """,
        market_id,
        unit.sku,
        unit.seller_id,
        unit.supplier_id,
    )
    return found


async def reserve_one(
    tx: Connection, market_id: str, sku: str, seller_id: str, reissue_no: str
) -> bool:
    """Reserve the seller's oldest key of a product, else the market's; False when none is free."""
    taken = await tx.fetchval(
        """
        UPDATE stock_key SET state = 'reserved', reissue_no = $4
        WHERE market_id = $1 AND key_hash = (
            SELECT key_hash FROM stock_key
            WHERE market_id = $1 AND sku = $2 AND seller_id IN ($3, '') AND state = 'free'
            ORDER BY seller_id DESC, added_at
            LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        RETURNING true
        """,
        market_id,
        sku,
        seller_id,
        reissue_no,
    )
    return bool(taken)


async def use_reserved(tx: Connection, market_id: str, reissue_no: str) -> SealedStock:
    """Mark the key that was reserved for a replacement as used, and answer it."""
    row = await tx.fetchrow(
        """
        UPDATE stock_key SET state = 'used' WHERE market_id = $1 AND reissue_no = $2
        RETURNING key_hash, sealed
        """,
        market_id,
        reissue_no,
    )
    assert row is not None, f"nothing is reserved for {reissue_no}"
    return SealedStock(row["key_hash"], row["sealed"])


async def free_reserved(tx: Connection, market_id: str, reissue_no: str) -> None:
    """Put the key that was reserved for a replacement back into stock."""
    await tx.execute(
        """
        UPDATE stock_key SET state = 'free', reissue_no = NULL
        WHERE market_id = $1 AND reissue_no = $2 AND state = 'reserved'
        """,
        market_id,
        reissue_no,
    )
