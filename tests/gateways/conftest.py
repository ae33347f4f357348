"""The gateway program for a file of tests, a client for it, and a door for its notices."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from makegood.gateways.outside import make_client
from tests.gateways.hooks import Hook, listening
from tests.gateways.payments import NO_ONE, GatewayProgram, running


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProgram]:
    """A gateway program without faults."""
    with running(tmp_path_factory.mktemp("gateway")) as started:
        yield started


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """As the product calls outside."""
    async with make_client(NO_ONE) as made:
        yield made


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Where notices arrive."""
    with listening() as made:
        yield made
