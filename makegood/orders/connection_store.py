"""All SQL of supplier connections."""

from makegood.base.actor import Act
from makegood.store.database import Connection


async def upsert(tx: Connection, act: Act, supplier_id: str, sealed: bytes) -> None:
    """Write a supplier's sealed connection."""
    await tx.execute(
        """
        INSERT INTO supplier_connection (market_id, supplier_id, sealed, changed_at, changed_by)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (market_id, supplier_id) DO UPDATE
            SET sealed = excluded.sealed, changed_at = excluded.changed_at,
                changed_by = excluded.changed_by
        """,
        act.market_id,
        supplier_id,
        sealed,
        act.now,
        act.actor.id,
    )


async def delete(tx: Connection, market_id: str, supplier_id: str) -> None:
    """Remove a supplier's connection."""
    await tx.execute(
        "DELETE FROM supplier_connection WHERE market_id = $1 AND supplier_id = $2",
        market_id,
        supplier_id,
    )


async def load(conn: Connection, market_id: str, supplier_id: str) -> bytes | None:
    """A supplier's sealed connection, or None."""
    sealed: bytes | None = await conn.fetchval(
        "SELECT sealed FROM supplier_connection WHERE market_id = $1 AND supplier_id = $2",
        market_id,
        supplier_id,
    )
    return sealed


async def list_connected(conn: Connection, market_id: str) -> list[str]:
    """The suppliers that can be asked."""
    rows = await conn.fetch(
        "SELECT supplier_id FROM supplier_connection WHERE market_id = $1 ORDER BY supplier_id",
        market_id,
    )
    return [row["supplier_id"] for row in rows]
