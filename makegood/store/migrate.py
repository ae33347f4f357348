"""Brings a database to this version's tables: numbered SQL files, forwards only."""

from pathlib import Path

import msgspec

from makegood.base.trouble import CannotRun
from makegood.store.database import Connection

FOLDER = Path(__file__).parent / "migrations"
_LOCK = 7_236_116
"""Any number of ours: two processes that start together migrate one after the other."""


class Migration(msgspec.Struct, frozen=True, order=True):
    """One SQL file; `version` is the number its name starts with."""

    version: int
    name: str
    sql: str


class NewerDatabase(CannotRun):
    """The database was migrated by a newer version of Makegood than this one."""

    def __init__(self, versions: list[int]) -> None:
        self.versions = versions
        super().__init__(
            "the database was made by a newer version of Makegood "
            f"(migration {max(versions):04d}); "
            "start that version, or restore a backup made before the upgrade"
        )


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """Every migration of this version, in order."""
    return sorted(
        Migration(int(path.name[:4]), path.stem[5:], path.read_text("utf-8"))
        for path in folder.glob("[0-9][0-9][0-9][0-9]_*.sql")
    )


async def migrate(conn: Connection, folder: Path = FOLDER) -> list[Migration]:
    """Apply what is missing, each file in one transaction; answers what was applied."""
    await conn.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        await _create_version_table(conn)
        waiting = await pending(conn, folder)
        for migration in waiting:
            await _apply(conn, migration)
        return waiting
    finally:
        await conn.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def pending(conn: Connection, folder: Path = FOLDER) -> list[Migration]:
    """What `migrate` would apply; raises NewerDatabase for versions that this one lacks."""
    known = migrations(folder)
    applied = await applied_versions(conn)
    unknown = applied - {migration.version for migration in known}
    if unknown:
        raise NewerDatabase(sorted(unknown))
    return [migration for migration in known if migration.version not in applied]


async def applied_versions(conn: Connection) -> set[int]:
    """The numbers of the migrations that this database has; empty for a new one."""
    if await conn.fetchval("SELECT to_regclass('schema_version')") is None:
        return set()
    return {row["version"] for row in await conn.fetch("SELECT version FROM schema_version")}


async def _create_version_table(conn: Connection) -> None:
    await conn.execute(
        """
        CREATE TABLE IF NOT EXISTS schema_version (
            version    integer PRIMARY KEY,
            name       text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )


async def _apply(conn: Connection, migration: Migration) -> None:
    async with conn.transaction():
        await conn.execute(migration.sql)
        await conn.execute(
            "INSERT INTO schema_version (version, name) VALUES ($1, $2)",
            migration.version,
            migration.name,
        )
