"""How an order's secrets are sealed and found again: keys, query passwords, contacts."""

from typing import Literal

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.orders.key_store import KeyRow
from makegood.store.vault import Vault

_KEY = "order_key"
_CLAIM_CODE = "claim_code"
_CONTACT = "contact"


def key_hash(vault: Vault, market_id: str, text: str) -> bytes:
    """The keyed hash of a key, alike in orders and in stock, blanks around it aside."""
    return vault.keyed_hash(_KEY, f"{market_id}\x1f{text.strip()}")


def claim_code_hash(vault: Vault, market_id: str, order_no: str, code: str) -> bytes:
    """The keyed hash of an order's query password; compare with `hmac.compare_digest`."""
    return vault.keyed_hash(_CLAIM_CODE, f"{market_id}\x1f{order_no}\x1f{code}")


def contact_hash(vault: Vault, market_id: str, contact: str) -> bytes:
    """The keyed hash of a contact, whatever its capitals."""
    return vault.keyed_hash(_CONTACT, f"{market_id}\x1f{contact.strip().casefold()}")


def sealed_key(
    act: Act,
    vault: Vault,
    unit: UnitRef,
    generation: int,
    source: Literal["order", "reissue"],
    text: str,
    hash_: bytes,
) -> KeyRow:
    """The row of a new key, sealed for exactly this unit and generation."""
    row_id = f"{unit}/{generation}"
    return KeyRow(
        unit=unit,
        generation=generation,
        source=source,
        key_hash=hash_,
        sealed=vault.seal(act.market_id, _KEY, row_id, text.encode()),
        added_at=act.now,
    )


def open_key(vault: Vault, market_id: str, key: KeyRow) -> str:
    """The text of a unit's sealed key."""
    row_id = f"{key.unit}/{key.generation}"
    return vault.open_sealed(market_id, _KEY, row_id, key.sealed).decode()
