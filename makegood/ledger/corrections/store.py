"""All SQL of corrections: written once, read by statements and by what comes after."""

from collections.abc import Sequence

import msgspec

from makegood.ledger.corrections.record import Correction
from makegood.store.database import Connection, Record

_COLUMNS = """
    correction_no, claim_no, decision_no, appeal_no, line, giver, taker, seller_id, supplier_id,
    order_no, sku, finding, rule, given_up, amount_minor, currency, transfer_id, made_at
"""


async def insert_corrections(
    tx: Connection, market_id: str, corrections: Sequence[Correction]
) -> None:
    """Write what was moved."""
    await tx.executemany(
        f"""
        INSERT INTO correction (market_id, {_COLUMNS})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                $19)
        """,
        [(market_id, *msgspec.structs.astuple(one)) for one in corrections],
    )


async def corrections_of_claim(conn: Connection, market_id: str, claim_no: str) -> list[Correction]:
    """Everything that was moved for a claim, oldest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM correction WHERE market_id = $1 AND claim_no = $2
        ORDER BY made_at, length(correction_no), correction_no
        """,
        market_id,
        claim_no,
    )
    return [_correction(row) for row in rows]


async def corrections_of_supplier(
    conn: Connection, market_id: str, supplier_id: str, currency: str
) -> list[Correction]:
    """Every part that was laid on a supplier or taken off it, oldest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM correction
        WHERE market_id = $1 AND supplier_id = $2 AND currency = $3
          AND 'supplier' IN (giver, taker)
        ORDER BY made_at, length(correction_no), correction_no
        """,
        market_id,
        supplier_id,
        currency,
    )
    return [_correction(row) for row in rows]


def _correction(row: Record) -> Correction:
    return msgspec.convert({**row, "transfer_id": str(row["transfer_id"])}, Correction)
