"""The parts that tests of people share."""

from datetime import datetime

import pytest

from makegood.people.proofs.actions import Gate
from makegood.people.staff.sign_in import Door
from makegood.store.database import Database
from makegood.store.vault import Vault
from tests.people.kit import CountingIds, make_market, new_vault, quick_passwords


@pytest.fixture
def ids() -> CountingIds:
    return CountingIds()


@pytest.fixture
def vault() -> Vault:
    return new_vault()


@pytest.fixture
async def market(db: Database, now: datetime) -> str:
    await make_market(db, now)
    return "main"


@pytest.fixture
def door(db: Database, vault: Vault, ids: CountingIds, market: str) -> Door:
    return Door(db, vault, ids, quick_passwords())


@pytest.fixture
def gate(db: Database, vault: Vault, ids: CountingIds, market: str) -> Gate:
    return Gate(db, vault, ids)
