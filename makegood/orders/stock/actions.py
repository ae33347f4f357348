"""What can be done with stock: add keys for replacements, and see how many there are."""

from collections.abc import Collection

from makegood.base.actor import Act
from makegood.orders import rules as order_rules
from makegood.orders import sealing
from makegood.orders.stock import store
from makegood.orders.stock.rules import NewStock, StockAdded, distinct
from makegood.orders.stock.store import SealedStock
from makegood.store.database import Connection
from makegood.store.vault import Vault

_STOCK = "stock_key"


async def add_stock(
    tx: Connection, act: Act, vault: Vault, blocked: Collection[str], new: NewStock
) -> StockAdded:
    """Keep keys for replacements; keys that are in stock or were sold before are left out.

    Raises:
        Refused: `blocked_category` (`blocked` is the market's setting).
    """
    order_rules.check_category(new.category, blocked)
    by_hash = {sealing.key_hash(vault, act.market_id, text): text for text in distinct(new.keys)}
    sold = await store.load_sold_hashes(tx, act.market_id, list(by_hash))
    keys = [
        SealedStock(hash_, vault.seal(act.market_id, _STOCK, hash_.hex(), text.encode()))
        for hash_, text in by_hash.items()
        if hash_ not in sold
    ]
    added = await store.insert_stock(tx, act, new.sku, new.seller_id, keys) if keys else 0
    return StockAdded(added=added, known=len(new.keys) - added)


def open_stock(vault: Vault, market_id: str, stock: SealedStock) -> str:
    """The text of a key in stock, for the one moment in which it becomes a unit's key."""
    row_id = stock.key_hash.hex()
    return vault.open_sealed(market_id, _STOCK, row_id, stock.sealed).decode()
