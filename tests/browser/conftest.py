"""A real browser for tests: Debian's Chromium by path, a site on a free port, axe."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from makegood.store.database import Database
from makegood.store.notify import Hub
from tests.api.live import listening
from tests.claims.town import Town
from tests.databases import Databases
from tests.web.site_kit import site

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
]
AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
AXE_RUN = "axe.run(document, {resultTypes: ['violations']})"
# What is expected comes soon; on a machine that is busy with other tests, later than five seconds.
expect.set_options(timeout=60_000)

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder share one event loop: a browser belongs to the loop it began in."""
    shared = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        if item.path.parent == Path(__file__).parent and pytest_asyncio.is_async_test(item):
            item.add_marker(shared, append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def started_chromium() -> AsyncIterator[Browser]:
    """One browser for all tests: to start it takes longer than to look at a page."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def chromium(started_chromium: Browser) -> AsyncIterator[Browser]:
    """A browser that knows nothing: what a test opens in it is closed with the test."""
    yield started_chromium
    for context in started_chromium.contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """A migrated database of this test alone, without rows."""
    name = await databases.lend()
    yield databases.url(name)
    await databases.give_back(name)


@pytest_asyncio.fixture(loop_scope="session")
async def db(database_url: str) -> AsyncIterator[Database]:
    """The pool that actions and stores are given."""
    database = await Database.open(database_url, min_size=1, max_size=20, connect_timeout=60)
    yield database
    await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def street(db: Database) -> Town:
    """A town with one delivered order, `O-1`."""
    made = Town(db)
    await made.found()
    await made.order()
    return made


@pytest_asyncio.fixture(loop_scope="session")
async def address(street: Town, database_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """Where the whole site over the town answers over real HTTP."""
    hub = Hub(database_url)
    await hub.open()
    async with listening(site(street, hub, tmp_path)) as url:
        yield url
        await hub.close()


def listen(page: Page) -> list[str]:
    """Collects what the page complains about in its console."""
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


async def faults_of(page: Page, said: list[str]) -> list[str]:
    """What is wrong with the page on screen: console, width, accessibility."""
    found = [f"console: {text}" for text in said]
    if await page.evaluate(OVERFLOW) > 0:
        found.append("wider than the screen")
    await page.evaluate(AXE.read_text())
    report = await page.evaluate(AXE_RUN)
    for violation in report["violations"]:
        targets = [node["target"] for node in violation["nodes"]][:3]
        found.append(f"axe {violation['id']}: {targets}")
    return found
