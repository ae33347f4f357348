"""A throw-away PostgreSQL for the whole run, and a migrated database without rows for each test."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from makegood.store.database import Database
from makegood.store.notify import Hub
from makegood.store.postgres import UNSAFE_SETTINGS, EmbeddedPostgres
from tests.anchors.programs import TsaProgram
from tests.claims.town import Town
from tests.databases import Databases

# The same examples every time: a red run is about the change at hand, not about luck or load.
settings.register_profile(
    "check",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("check")


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server of this pytest process alone, so runs side by side never meet."""
    folder = Path(tempfile.mkdtemp(prefix="makegood-test-"))
    server = EmbeddedPostgres(folder, settings=UNSAFE_SETTINGS)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def databases(postgres: EmbeddedPostgres) -> Databases:
    """Databases with every migration applied."""
    made = Databases(postgres)
    asyncio.run(made.make_template())
    return made


@pytest.fixture
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """A migrated database of this test alone, without rows."""
    name = await databases.lend()
    yield databases.url(name)
    await databases.give_back(name)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The pool that actions and stores are given."""
    database = await Database.open(database_url, min_size=1, max_size=20, connect_timeout=60)
    yield database
    await database.close()


@pytest.fixture
async def town(db: Database) -> Town:
    """A founded market with its staff."""
    made = Town(db)
    await made.found()
    return made


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[Hub]:
    """The hub that live pages listen to."""
    made = Hub(database_url)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def now() -> datetime:
    """A fixed present: a Saturday morning in Shanghai."""
    return datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TsaProgram]:
    """A time-stamping authority."""
    running = TsaProgram(tmp_path_factory.mktemp("tsa"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TsaProgram]:
    """Another authority, which nobody relies on."""
    running = TsaProgram(tmp_path_factory.mktemp("stranger"))
    yield running
    running.stop()
