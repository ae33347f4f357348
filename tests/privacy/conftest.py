"""A town for tests of erasing."""

import pytest

from makegood.store.database import Database
from tests.claims.town import Town


@pytest.fixture
async def town(db: Database) -> Town:
    """A founded market with its staff."""
    made = Town(db)
    await made.found()
    return made
