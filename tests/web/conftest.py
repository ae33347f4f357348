"""A town with its site, and a buyer's browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from litestar import Litestar

from makegood.store.notify import Hub
from tests.claims.town import Town
from tests.web.site_kit import Browser, site


@pytest.fixture
async def street(town: Town) -> Town:
    """A town with one delivered order, `O-1`."""
    await town.order()
    return town


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
