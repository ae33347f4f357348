"""All SQL of supplier agreements and charges."""

from collections.abc import Mapping
from typing import Any

import msgspec

from makegood.store.database import Connection, Record


async def lock_supplier(tx: Connection, market_id: str, supplier_id: str) -> bool:
    """Let one change of a supplier's terms pass at a time; False for an unknown supplier."""
    row = await tx.fetchrow(
        """
        SELECT supplier_id FROM supplier WHERE market_id = $1 AND supplier_id = $2
        FOR NO KEY UPDATE
        """,
        market_id,
        supplier_id,
    )
    return row is not None


async def insert_agreement(tx: Connection, market_id: str, agreement: Mapping[str, Any]) -> None:
    """Write a new version."""
    await tx.execute(
        """
        INSERT INTO supplier_agreement (market_id, supplier_id, version, starts_at, shares,
                                        payment_days, note, made_by, made_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        market_id,
        agreement["supplier_id"],
        agreement["version"],
        agreement["starts_at"],
        agreement["shares"],
        agreement["payment_days"],
        agreement["note"],
        agreement["made_by"],
        agreement["made_at"],
    )


async def agreements_of(conn: Connection, market_id: str, supplier_id: str) -> list[Record]:
    """Every version of one supplier, oldest first."""
    return await conn.fetch(
        """
        SELECT supplier_id, version, starts_at, shares, payment_days, note, made_by, made_at
        FROM supplier_agreement WHERE market_id = $1 AND supplier_id = $2
        ORDER BY version
        """,
        market_id,
        supplier_id,
    )


async def insert_charge(tx: Connection, market_id: str, charge: msgspec.Struct) -> None:
    """Write why a supplier bears a part of a refund; the same refund again changes nothing."""
    row = msgspec.structs.asdict(charge)
    await tx.execute(
        """
        INSERT INTO supplier_charge (market_id, refund_key, claim_no, supplier_id, order_no, sku,
                                     finding, rule, refunded_minor, share_minor, currency,
                                     agreement_version, charged_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (market_id, refund_key) DO NOTHING
        """,
        market_id,
        row["refund_key"],
        row["claim_no"],
        row["supplier_id"],
        row["order_no"],
        row["sku"],
        row["finding"],
        row["rule"],
        row["refunded_minor"],
        row["share_minor"],
        row["currency"],
        row["agreement_version"],
        row["charged_at"],
    )


async def charges_of(conn: Connection, market_id: str, supplier_id: str) -> list[Record]:
    """Every charge of a supplier, oldest first."""
    return await conn.fetch(
        """
        SELECT refund_key, claim_no, supplier_id, order_no, sku, finding, rule, refunded_minor,
               share_minor, currency, agreement_version, charged_at
        FROM supplier_charge WHERE market_id = $1 AND supplier_id = $2
        ORDER BY charged_at, refund_key
        """,
        market_id,
        supplier_id,
    )
