"""Migrated databases for tests, lent to one test at a time: copied from a template, used again.

A copy takes a hundred milliseconds of disk, emptying one a quarter of that. A database is used
again only when nobody is connected to it and nothing but rows differs from the template;
otherwise it is dropped. It gets a new name each time, so that whatever a test left running
finds no database instead of somebody else's.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from time import monotonic
from typing import Final, TypeAlias

import asyncpg

from makegood.store.migrate import migrate
from makegood.store.postgres import EmbeddedPostgres, socket_url

Session: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
TEMPLATE: Final = "makegood_template"
_GOODBYE_SECONDS: Final = 1.0
"""How long sessions whose end was asked for may take to be gone."""

_POLL_SECONDS: Final = 0.002

_TABLES: Final = """
    SELECT c.oid::regclass::text AS name, pg_relation_size(c.oid) AS bytes
    FROM pg_class c
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
      AND pg_relation_size(c.oid) > 0
    ORDER BY name
"""
_LARGE_BYTES: Final = 64 * 1024
"""A larger table is truncated: its pages would otherwise slow the tests that come after."""

_RESTART_SEQUENCES: Final = """
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE last_value IS NOT NULL
"""

_SHAPE: Final = """
    SELECT concat_ws(' ',
        (SELECT sum(hashtextextended(concat_ws(' ', c.oid, c.relname, c.relkind, c.relpersistence,
                c.relnatts, c.relchecks, c.relrowsecurity, c.relacl, c.reloptions), 0))
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname !~ '^(pg_|information_schema$)'),
        (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_attribute
            WHERE attrelid >= 16384 AND attnum > 0),
        (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_attrdef),
        (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_constraint),
        (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_trigger),
        (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_proc),
        (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_namespace),
        (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_extension),
        (SELECT array_agg(s.setconfig) FROM pg_db_role_setting s
            JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database()))
"""
"""Everything but rows. The xmin of a catalogue's row changes with whatever is changed in it."""


class Databases:
    """Lends databases of one server. A name is given back once, when its test has ended."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._numbers = count(1)
        self._ready: list[str] = []
        self._shape = ""
        self._seeds: dict[str, str] = {}

    def url(self, name: str) -> str:
        """The address of a database."""
        return socket_url(self._server.socket_folder, name)

    async def make_template(self) -> None:
        """Migrate the database that others are copied from; remember its shape and its rows."""
        async with self._session("postgres") as session:
            await session.execute(f"CREATE DATABASE {TEMPLATE}")
        async with self._session(TEMPLATE) as session:
            await migrate(session)
            self._shape = await session.fetchval(_SHAPE)
            names = [row["name"] for row in await session.fetch(_TABLES)]
            self._seeds = {name: await _rows(session, name) for name in names}

    async def lend(self) -> str:
        """The name of a database with every table, and no rows but those of the template."""
        if self._ready:
            return self._ready.pop()
        name = self._new_name()
        async with self._session("postgres") as session:
            await session.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return name

    async def give_back(self, name: str) -> None:
        """Empty it for another test under another name, or drop it."""
        async with self._session("postgres") as session:
            fresh = self._new_name()
            if await _is_left(session, name) and await _is_renamed(session, name, fresh):
                if await self._emptied(fresh):
                    self._ready.append(fresh)
                    return
                name = fresh
            await session.execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _emptied(self, name: str) -> bool:
        """Whether it is now as the template is."""
        async with self._session(name) as session, session.transaction():
            if await session.fetchval(_SHAPE) != self._shape:
                return False
            for seeded, rows in self._seeds.items():
                if await _rows(session, seeded) != rows:
                    return False
            await self._delete_rows(session)
        return True

    async def _delete_rows(self, session: Session) -> None:
        """No trigger or foreign key has a say while the role is `replica`."""
        statements = ["SET LOCAL session_replication_role = replica"]
        for table in await session.fetch(_TABLES):
            if table["name"] in self._seeds:
                continue
            large = table["bytes"] > _LARGE_BYTES
            statements.append(
                f"TRUNCATE {table['name']} CASCADE" if large else f"DELETE FROM {table['name']}"
            )
        await session.execute(";".join([*statements, _RESTART_SEQUENCES]))

    def _new_name(self) -> str:
        return f"test_{next(self._numbers)}"

    @asynccontextmanager
    async def _session(self, name: str) -> AsyncIterator[Session]:
        session = await asyncpg.connect(self.url(name), timeout=60)
        try:
            yield session
        finally:
            await session.close()


async def _is_left(session: Session, name: str) -> bool:
    """Whether everybody has left the database, soon."""
    give_up_at = monotonic() + _GOODBYE_SECONDS
    while monotonic() < give_up_at:
        if not await session.fetchval(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = $1 AND backend_type = 'client backend'",
            name,
        ):
            return True
        await asyncio.sleep(_POLL_SECONDS)
    return False


async def _is_renamed(session: Session, name: str, fresh: str) -> bool:
    """False when somebody came back at the last moment."""
    try:
        await session.execute(f"ALTER DATABASE {name} RENAME TO {fresh}")
    except asyncpg.ObjectInUseError:
        return False
    return True


async def _rows(session: Session, table: str) -> str:
    rows = await session.fetch(f"SELECT t::text AS row FROM {table} t ORDER BY 1")
    return "\n".join(row["row"] for row in rows)
