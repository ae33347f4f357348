"""A market to push orders into, a vault, and who does what."""

from datetime import datetime, timedelta

import pytest

from makegood.base.actor import Act, Actor
from makegood.people.markets.actions import create_market
from makegood.people.markets.rules import MarketSettings
from makegood.store.database import Database
from makegood.store.vault import Vault
from tests.orders.making import PAID_AT

NOW = PAID_AT + timedelta(hours=1)
SETTINGS = MarketSettings(name_zh="测试", name_en="Test", base_url="http://127.0.0.1:8000")


@pytest.fixture
def vault() -> Vault:
    """A vault under a key that is known to tests only."""
    return Vault.from_key(bytes(range(32)))


def act(role: str = "market", *, now: datetime = NOW, proof: bool = False) -> Act:
    """An act in the market of tests."""
    return Act("main", Actor(role=role, id=f"{role}-1", fresh_proof=proof), now, "r-1")  # type: ignore[arg-type]


@pytest.fixture
async def market(db: Database) -> Database:
    """The database with one market in it."""
    async with db.transaction() as tx:
        await create_market(tx, act("operator"), SETTINGS)
    return db
