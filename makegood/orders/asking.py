"""From a unit to the question that its supplier is asked."""

from makegood.base.ids import UnitRef
from makegood.orders import key_store, rules, sealing, store
from makegood.orders.supplier import SupplierQuestion
from makegood.store.database import Connection
from makegood.store.vault import Vault

_TAIL_LETTERS = 4


async def supplier_question(
    conn: Connection,
    vault: Vault,
    market_id: str,
    unit: UnitRef,
    *,
    claim_no: str = "",
    reason: str = "",
) -> SupplierQuestion | None:
    """The question about a unit's newest key; None when the order names no supplier for it."""
    found = await store.load_order(conn, market_id, unit.order_no)
    if found is None:
        return None
    line = rules.line_of(found.order, unit.line_no)
    if line.supplier is None:
        return None
    keys = await key_store.load_unit_keys(conn, market_id, unit)
    tail = _tail(sealing.open_key(vault, market_id, keys[-1])) if keys else None
    return SupplierQuestion(
        unit=unit,
        supplier_id=line.supplier.id,
        order_ref=line.supplier.order_ref,
        sku=line.sku,
        title=line.title,
        delivery_kind=line.delivery.kind,
        target=rules.unit_of(line, unit.unit_no).target,
        key_tail=tail,
        paid_at=found.order.paid_at,
        claim_no=claim_no,
        reason=reason,
    )


def _tail(key: str) -> str | None:
    """The last letters of a key, unless they were too much of it."""
    text = key.strip()
    return text[-_TAIL_LETTERS:] if len(text) >= 2 * _TAIL_LETTERS else None
