"""Stock for replacements: sealed, counted, never a key that was sold before."""

import pytest

from makegood.base.refusal import Refused
from makegood.orders.actions import put_order
from makegood.orders.stock import store
from makegood.orders.stock.actions import add_stock
from makegood.orders.stock.rules import NewStock, StockAdded, StockCount
from makegood.store.database import Database
from makegood.store.vault import Vault
from tests.orders.conftest import act
from tests.orders.making import order

STOCK = NewStock(sku="XH-100", category="game_card", keys=("K-1", " K-1 ", "K-2"))


async def test_keys_are_added_once_and_counted(market: Database, vault: Vault) -> None:
    async with market.transaction() as tx:
        first = await add_stock(tx, act(), vault, (), STOCK)
        again = await add_stock(tx, act(), vault, (), STOCK)
        counts = await store.count_stock(tx, "main")
    assert first == StockAdded(added=2, known=1)
    assert again == StockAdded(added=0, known=3)
    assert counts == [StockCount("XH-100", "", free=2, reserved=0, used=0)]


async def test_a_key_that_was_sold_is_not_kept_for_replacements(
    market: Database, vault: Vault
) -> None:
    sold = NewStock(sku="XH-100", category="game_card", keys=("XH-SECRET-1",))
    async with market.transaction() as tx:
        await put_order(tx, act(), vault, order())
        assert await add_stock(tx, act(), vault, (), sold) == StockAdded(added=0, known=1)


async def test_blocked_goods_are_not_kept(market: Database, vault: Vault) -> None:
    async with market.transaction() as tx:
        with pytest.raises(Refused) as refusal:
            await add_stock(tx, act(), vault, {"game_card"}, STOCK)
    assert refusal.value.code == "blocked_category"


async def test_stock_is_sealed_in_the_database(market: Database, vault: Vault) -> None:
    async with market.transaction() as tx:
        await add_stock(tx, act(), vault, (), STOCK)
        rows = await tx.fetch("SELECT sealed FROM stock_key")
    assert all(b"K-1" not in row["sealed"] for row in rows)
