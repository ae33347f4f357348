"""A real browser on the whole site over a town, in the test's own event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from litestar import Litestar
from playwright.async_api import Browser as Chromium
from playwright.async_api import async_playwright

from makegood.store.database import Database
from makegood.store.notify import Hub
from tests.claims.town import Town
from tests.web.site_kit import site

CHROMIUM = "/usr/bin/chromium"


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
async def address(app: Litestar, hub: Hub) -> AsyncIterator[str]:
    """Where the site answers over real HTTP."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    await hub.close()
    server.should_exit = True
    await running
    listener.close()


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    """Debian's Chromium; Playwright's own download may be unreachable."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield launched
        await launched.close()
