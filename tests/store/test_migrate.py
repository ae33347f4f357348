"""Migrations run once, in order, and never on a database of a newer version."""

from pathlib import Path

import pytest

from makegood.store.database import Database, connect
from makegood.store.migrate import NewerDatabase, applied_versions, migrate, migrations, pending
from makegood.store.postgres import EmbeddedPostgres, socket_url


async def test_every_migration_is_applied_and_none_is_left(db: Database) -> None:
    async with db.connection() as conn:
        assert await applied_versions(conn) == {one.version for one in migrations()}
        assert await pending(conn) == []
        assert await migrate(conn) == []


async def test_a_new_file_is_applied_once(db: Database, tmp_path: Path) -> None:
    for one in migrations():
        (tmp_path / f"{one.version:04d}_{one.name}.sql").write_text(one.sql)
    (tmp_path / "9000_fruit.sql").write_text("CREATE TABLE fruit (name text PRIMARY KEY);")
    async with db.connection() as conn:
        assert [one.name for one in await migrate(conn, tmp_path)] == ["fruit"]
        assert await migrate(conn, tmp_path) == []


async def test_a_failing_file_leaves_nothing_behind(db: Database, tmp_path: Path) -> None:
    for one in migrations():
        (tmp_path / f"{one.version:04d}_{one.name}.sql").write_text(one.sql)
    (tmp_path / "9000_bad.sql").write_text("CREATE TABLE fruit (name text); SELECT 1/0;")
    async with db.connection() as conn:
        with pytest.raises(Exception, match="division by zero"):
            await migrate(conn, tmp_path)
        assert await conn.fetchval("SELECT to_regclass('fruit')") is None


async def test_a_database_of_a_newer_version_is_left_alone(db: Database) -> None:
    async with db.connection() as conn:
        await conn.execute("INSERT INTO schema_version (version, name) VALUES (9999, 'later')")
        with pytest.raises(NewerDatabase, match=r"9999.*start that version"):
            await migrate(conn)


async def test_an_empty_database_has_no_versions(postgres: EmbeddedPostgres) -> None:
    conn = await connect(socket_url(postgres.socket_folder, "postgres"))
    assert await applied_versions(conn) == set()
    await conn.close()


def test_migration_numbers_are_unique() -> None:
    numbers = [one.version for one in migrations()]
    assert numbers == sorted(set(numbers))
