"""A town with its site, and a buyer's browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from litestar import Litestar

from makegood.store.database import Database
from makegood.store.notify import Hub
from tests.claims.town import Town
from tests.web.site_kit import Browser, site


@pytest.fixture
async def street(db: Database) -> Town:
    """A town with one delivered order, `O-1`."""
    made = Town(db)
    await made.found()
    await made.order()
    return made


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[Hub]:
    """The hub that live pages listen to."""
    made = Hub(database_url)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def app(street: Town, hub: Hub, tmp_path: Path) -> Litestar:
    """The site over the town."""
    return site(street, hub, tmp_path)


@pytest.fixture
async def buyer(app: Litestar) -> AsyncIterator[Browser]:
    """A buyer's browser that has proven nothing yet."""
    browser = Browser(app)
    async with browser.client:
        yield browser
