"""All SQL of supplier connections."""

from makegood.base.actor import Act
from makegood.orders.supplier import Capability
from makegood.store.database import Connection


async def upsert(
    tx: Connection, act: Act, supplier_id: str, sealed: bytes, can: frozenset[Capability]
) -> None:
    """Write a supplier's sealed connection, and in the clear what the supplier can do."""
    await tx.execute(
        """
        INSERT INTO supplier_connection (market_id, supplier_id, sealed, can, changed_at,
                                         changed_by)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (market_id, supplier_id) DO UPDATE
            SET sealed = excluded.sealed, can = excluded.can, changed_at = excluded.changed_at,
                changed_by = excluded.changed_by
        """,
        act.market_id,
        supplier_id,
        sealed,
        sorted(can),
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


async def can(conn: Connection, market_id: str, supplier_id: str, capability: Capability) -> bool:
    """Whether a supplier is reached and can do this."""
    found: bool = await conn.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM supplier_connection
            WHERE market_id = $1 AND supplier_id = $2 AND $3 = ANY (can)
        )
        """,
        market_id,
        supplier_id,
        capability,
    )
    return found
