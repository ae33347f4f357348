"""Why a supplier bears a part of a refund: written with the refund, read by the statement."""

from datetime import datetime

import msgspec

from makegood.base.actor import Act
from makegood.ledger.statements import agreement_store as store
from makegood.store.database import Connection


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """One refund's part that a supplier bears, in minor units, by which agreement and finding."""

    refund_key: str
    claim_no: str
    supplier_id: str
    order_no: str
    sku: str
    finding: str
    rule: str
    refunded_minor: int
    share_minor: int
    currency: str
    agreement_version: int
    charged_at: datetime


async def note_charge(tx: Connection, act: Act, charge: Charge) -> None:
    """Keep the reason of a supplier's part; told again, nothing changes."""
    await store.insert_charge(tx, act.market_id, charge)


async def charges_of(conn: Connection, market_id: str, supplier_id: str) -> list[Charge]:
    """Every charge of a supplier, oldest first."""
    rows = await store.charges_of(conn, market_id, supplier_id)
    return [msgspec.convert(dict(row), Charge) for row in rows]
