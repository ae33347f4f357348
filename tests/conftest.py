"""A throw-away PostgreSQL for the whole run, and a fresh migrated database for each test."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from makegood.store.database import Database, connect
from makegood.store.migrate import migrate
from makegood.store.postgres import UNSAFE_SETTINGS, EmbeddedPostgres, socket_url

# The same examples every time: a red run is about the change at hand, not about luck or load.
settings.register_profile("check", derandomize=True, deadline=None, database=None)
settings.load_profile("check")

TEMPLATE = "makegood_template"
_numbers = count(1)


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
def template(postgres: EmbeddedPostgres) -> str:
    """The name of a database with every migration applied, for copying only."""
    asyncio.run(_make_template(postgres))
    return TEMPLATE


@pytest.fixture
async def database_url(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    """A fresh, migrated database of this test alone."""
    name = f"test_{next(_numbers)}"
    await _execute(postgres, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield socket_url(postgres.socket_folder, name)
    await _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The pool that actions and stores are given."""
    database = await Database.open(database_url, min_size=1, max_size=20)
    yield database
    await database.close()


@pytest.fixture
def now() -> datetime:
    """A fixed present: a Saturday morning in Shanghai."""
    return datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


async def _make_template(server: EmbeddedPostgres) -> None:
    await _execute(server, f"CREATE DATABASE {TEMPLATE}")
    conn = await connect(socket_url(server.socket_folder, TEMPLATE))
    try:
        await migrate(conn)
    finally:
        await conn.close()


async def _execute(server: EmbeddedPostgres, statement: str) -> None:
    conn = await connect(socket_url(server.socket_folder, "postgres"))
    try:
        await conn.execute(statement)
    finally:
        await conn.close()
