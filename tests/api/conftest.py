"""A town with its API, and callers of every role."""

from pathlib import Path

import pytest
from litestar import Litestar

from makegood.store.notify import Hub
from tests.api.kit import Line, buyer_token, key_of
from tests.claims.town import Town
from tests.web.site_kit import site


@pytest.fixture
async def town(town: Town) -> Town:
    """A town with one delivered order, `O-1`."""
    await town.order()
    return town


@pytest.fixture
def app(town: Town, hub: Hub, tmp_path: Path) -> Litestar:
    """The site over the town."""
    return site(town, hub, tmp_path)


@pytest.fixture
async def market(app: Litestar, town: Town) -> Line:
    """The shop system."""
    return Line(app, await key_of(town, "market"))


@pytest.fixture
async def seller(app: Litestar, town: Town) -> Line:
    """The seller of every order of the town."""
    return Line(app, await key_of(town, "seller", "s-1"))


@pytest.fixture
async def agent(app: Litestar, town: Town) -> Line:
    """An agent's program."""
    return Line(app, await key_of(town, "agent"))


@pytest.fixture
async def buyer(app: Litestar) -> Line:
    """The buyer of `O-1`, freshly proven."""
    return Line(app, await buyer_token(app))


@pytest.fixture
def stranger(app: Litestar) -> Line:
    """Nobody."""
    return Line(app)
