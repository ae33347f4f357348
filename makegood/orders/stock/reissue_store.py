"""All SQL of replacements and upgrades."""

from datetime import datetime

from makegood.base.ids import UnitRef
from makegood.orders.stock.rules import Reissue, ReissueState
from makegood.store.database import Connection, Record


async def insert(tx: Connection, market_id: str, new: Reissue) -> bool:
    """Write a new replacement; False when the unit has one under way."""
    made = await tx.fetchval(
        """
        INSERT INTO reissue (market_id, reissue_no, claim_no, reissue_key, kind, order_no, line_no,
                             unit_no, sku, value_minor, currency, route, supplier_id,
                             withdraw_first, reserved_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        ON CONFLICT DO NOTHING RETURNING true
        """,
        market_id,
        new.reissue_no,
        new.claim_no,
        new.reissue_key,
        new.kind,
        new.unit.order_no,
        new.unit.line_no,
        new.unit.unit_no,
        new.sku,
        new.value_minor,
        new.currency,
        new.route,
        new.supplier_id,
        new.withdraw_first,
        new.reserved_at,
    )
    return bool(made)


async def load(conn: Connection, market_id: str, reissue_no: str) -> Reissue | None:
    """One replacement, or None."""
    row = await conn.fetchrow(
        """
        SELECT reissue_no, claim_no, reissue_key, kind, order_no, line_no, unit_no, sku,
               value_minor, currency, route, supplier_id, withdraw_first, state, attempts,
               reserved_at, withdrawn_at, sent_at, settled_at, eta_at, generation, reason,
               released_at
        FROM reissue WHERE market_id = $1 AND reissue_no = $2
        """,
        market_id,
        reissue_no,
    )
    return _reissue(row) if row else None


async def lock(tx: Connection, market_id: str, reissue_no: str) -> Reissue:
    """One replacement, locked until the transaction ends."""
    row = await tx.fetchrow(
        """
        SELECT reissue_no, claim_no, reissue_key, kind, order_no, line_no, unit_no, sku,
               value_minor, currency, route, supplier_id, withdraw_first, state, attempts,
               reserved_at, withdrawn_at, sent_at, settled_at, eta_at, generation, reason,
               released_at
        FROM reissue WHERE market_id = $1 AND reissue_no = $2 FOR UPDATE
        """,
        market_id,
        reissue_no,
    )
    assert row is not None, f"no replacement {reissue_no!r}"
    return _reissue(row)


async def list_of_claim(conn: Connection, market_id: str, claim_no: str) -> list[Reissue]:
    """Every replacement of a claim, oldest first."""
    rows = await conn.fetch(
        """
        SELECT reissue_no, claim_no, reissue_key, kind, order_no, line_no, unit_no, sku,
               value_minor, currency, route, supplier_id, withdraw_first, state, attempts,
               reserved_at, withdrawn_at, sent_at, settled_at, eta_at, generation, reason,
               released_at
        FROM reissue WHERE market_id = $1 AND claim_no = $2 ORDER BY reserved_at, reissue_no
        """,
        market_id,
        claim_no,
    )
    return [_reissue(row) for row in rows]


async def list_of_unit(conn: Connection, market_id: str, unit: UnitRef) -> list[Reissue]:
    """Every replacement of a unit, whatever the claim, oldest first."""
    rows = await conn.fetch(
        """
        SELECT reissue_no, claim_no, reissue_key, kind, order_no, line_no, unit_no, sku,
               value_minor, currency, route, supplier_id, withdraw_first, state, attempts,
               reserved_at, withdrawn_at, sent_at, settled_at, eta_at, generation, reason,
               released_at
        FROM reissue
        WHERE market_id = $1 AND order_no = $2 AND line_no = $3 AND unit_no = $4
        ORDER BY reserved_at, reissue_no
        """,
        market_id,
        unit.order_no,
        unit.line_no,
        unit.unit_no,
    )
    return [_reissue(row) for row in rows]


async def mark_sent(tx: Connection, market_id: str, reissue_no: str, now: datetime) -> None:
    """Count one more attempt; written before the supplier hears anything."""
    await tx.execute(
        """
        UPDATE reissue SET state = 'sent', attempts = attempts + 1,
                           sent_at = coalesce(sent_at, $3)
        WHERE market_id = $1 AND reissue_no = $2
        """,
        market_id,
        reissue_no,
        now,
    )


async def mark_withdrawn(tx: Connection, market_id: str, reissue_no: str, now: datetime) -> None:
    """Note that the old goods are out of use."""
    await tx.execute(
        """
        UPDATE reissue SET withdrawn_at = coalesce(withdrawn_at, $3)
        WHERE market_id = $1 AND reissue_no = $2
        """,
        market_id,
        reissue_no,
        now,
    )


async def set_eta(tx: Connection, market_id: str, reissue_no: str, eta_at: datetime | None) -> None:
    """Write when the supplier says that the replacement will be there."""
    await tx.execute(
        "UPDATE reissue SET eta_at = coalesce($3, eta_at) WHERE market_id = $1 AND reissue_no = $2",
        market_id,
        reissue_no,
        eta_at,
    )


async def settle(
    tx: Connection,
    market_id: str,
    reissue_no: str,
    state: ReissueState,
    now: datetime,
    *,
    generation: int | None = None,
    reason: str = "",
) -> None:
    """Write the end of a replacement; the caller holds its lock."""
    await tx.execute(
        """
        UPDATE reissue SET state = $3, settled_at = $4, generation = $5, reason = $6
        WHERE market_id = $1 AND reissue_no = $2
        """,
        market_id,
        reissue_no,
        state,
        now,
        generation,
        reason,
    )


async def mark_released(tx: Connection, market_id: str, reissue_no: str, now: datetime) -> None:
    """Note that a delivered replacement is out of use again."""
    await tx.execute(
        "UPDATE reissue SET released_at = $3 WHERE market_id = $1 AND reissue_no = $2",
        market_id,
        reissue_no,
        now,
    )


def _reissue(row: Record) -> Reissue:
    return Reissue(
        reissue_no=row["reissue_no"],
        claim_no=row["claim_no"],
        reissue_key=row["reissue_key"],
        kind=row["kind"],
        unit=UnitRef(row["order_no"], row["line_no"], row["unit_no"]),
        sku=row["sku"],
        value_minor=row["value_minor"],
        currency=row["currency"],
        route=row["route"],
        supplier_id=row["supplier_id"],
        withdraw_first=row["withdraw_first"],
        state=row["state"],
        attempts=row["attempts"],
        reserved_at=row["reserved_at"],
        withdrawn_at=row["withdrawn_at"],
        sent_at=row["sent_at"],
        settled_at=row["settled_at"],
        eta_at=row["eta_at"],
        generation=row["generation"],
        reason=row["reason"],
        released_at=row["released_at"],
    )
