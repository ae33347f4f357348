"""The programs that anchors are tested against, each started once for a file."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from makegood.gateways.outside import make_client
from tests.anchors.programs import Anvil


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    """A chain that builds blocks when it is told to."""
    running = Anvil()
    yield running
    running.stop()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with make_client() as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
