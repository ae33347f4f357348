"""A market with one delivered order."""

import pytest

from makegood.store.database import Database
from tests.claims.town import Town


@pytest.fixture
async def town(db: Database) -> Town:
    made = Town(db)
    await made.found()
    return made
