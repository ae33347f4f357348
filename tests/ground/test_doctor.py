"""Doctor finds what is wrong with the ground, and says what to do."""

import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from makegood.doctor import database, ground
from makegood.doctor.outside import Place, check_outside, check_place
from makegood.keyfile import ensure_keys, key_path, open_vault
from makegood.orders.connections import PageConnection, connect_supplier
from makegood.people.markets.actions import put_suppliers
from makegood.settings import Settings
from makegood.store.database import Database
from makegood.store.jobs import MAX_ATTEMPTS, Job, bury_exhausted, enqueue
from makegood.store.keycheck import check_keys
from tests.people.kit import act_at, make_market


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data=str(tmp_path))
    ensure_keys(settings, data_exists=False)
    return settings


@pytest.fixture
def mail_server() -> Iterator[int]:
    """A port that greets as a mail server does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            conn, _ = listener.accept()
            with conn:
                conn.sendall(b"220 mail ready\r\n")

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


def test_a_sound_ground_has_nothing_bad(settings: Settings) -> None:
    assert all(finding.level != "bad" for finding in ground.check_ground(settings))


def test_an_old_python_is_bad() -> None:
    assert ground.check_python((3, 10)).level == "bad"


def test_keys_that_others_can_read_are_bad(settings: Settings) -> None:
    key_path(settings).chmod(0o644)
    finding = ground.check_key_file(settings)
    assert (finding.level, finding.advice) == ("bad", f"chmod 600 {key_path(settings)}")


def test_missing_and_damaged_keys_are_bad(settings: Settings) -> None:
    key_path(settings).write_text("not hex")
    assert ground.check_key_file(settings).level == "bad"
    key_path(settings).unlink()
    (settings.folder / "postgres").mkdir()
    (settings.folder / "postgres/PG_VERSION").write_text("15")
    assert "backup" in ground.check_key_file(settings).advice


def test_a_mail_server_is_asked_for_its_greeting(mail_server: int) -> None:
    finding = ground.check_mail(Settings(smtp_url=f"smtp://127.0.0.1:{mail_server}"))
    assert finding.level == "ok"


def test_a_silent_mail_server_is_bad() -> None:
    finding = ground.check_mail(Settings(smtp_url="smtp://127.0.0.1:1"))
    assert (finding.id, finding.level) == ("mail", "bad")


def test_an_unencrypted_address_is_noted() -> None:
    assert ground.check_address(Settings(public_url="http://shop.example")).level == "note"
    assert ground.check_address(Settings(public_url="https://shop.example")).level == "ok"


async def test_the_database_and_its_clock_are_checked(db: Database, settings: Settings) -> None:
    async with db.connection() as conn:
        assert (await database.check_clock(conn, settings)).level == "ok"
        assert (await database.check_tables(conn, settings)).level == "ok"
        # The server of the tests trades safety for speed, and doctor says so.
        assert (await database.check_server(conn, settings)).advice == "set fsync = on"


async def test_tables_of_another_version_are_told(db: Database, settings: Settings) -> None:
    async with db.connection() as conn:
        await conn.execute("DELETE FROM schema_version WHERE version = 2")
        assert (await database.check_tables(conn, settings)).level == "note"
        await conn.execute("INSERT INTO schema_version (version, name) VALUES (9999, 'later')")
        assert (await database.check_tables(conn, settings)).level == "bad"


async def test_keys_of_another_database_are_bad(
    db: Database, settings: Settings, tmp_path: Path
) -> None:
    other = Settings(data=str(tmp_path / "other"))
    ensure_keys(other, data_exists=False)
    async with db.connection() as conn:
        await check_keys(conn, open_vault(settings))
        assert (await database.check_vault(conn, settings)).level == "ok"
        assert (await database.check_vault(conn, other)).level == "bad"


async def test_dead_and_late_jobs_are_told(db: Database, settings: Settings, now: datetime) -> None:
    job = Job(kind="mail", market_id="main", payload={}, run_at=now - timedelta(days=900))
    async with db.transaction() as tx:
        assert (await database.check_jobs(tx, settings)).level == "ok"
        await tx.execute(
            "INSERT INTO job (market_id, kind, run_at) VALUES ('main', 'x', '2020-1-1')"
        )
        assert (await database.check_jobs(tx, settings)).level == "note"
        await enqueue(tx, [job])
        await tx.execute("UPDATE job SET attempts = $1", MAX_ATTEMPTS)
        await bury_exhausted(tx, now)
        assert (await database.check_jobs(tx, settings)).level == "bad"


async def test_an_address_where_nobody_listens_is_bad() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        reached = await check_place(Place("gateways", "gateway epay", f"http://127.0.0.1:{port}"))
    silent = await check_place(Place("gateways", "gateway epay", f"http://127.0.0.1:{port}"))
    assert (reached.level, silent.level) == ("ok", "bad")


async def test_a_market_without_a_gateway_is_noted(db: Database, settings: Settings) -> None:
    async with db.connection() as conn:
        (finding,) = await check_outside(conn, settings)
    assert (finding.id, finding.level) == ("gateways", "note")


async def test_suppliers_whom_nobody_asks_are_named(
    db: Database, settings: Settings, now: datetime
) -> None:
    await make_market(db, now)
    vault = open_vault(settings)
    async with db.transaction() as tx:
        await put_suppliers(tx, act_at(now), {"u-1": "星海供货", "u-2": "点卡供货"})
        await connect_supplier(tx, act_at(now), vault, "u-2", PageConnection())
        findings = await check_outside(tx, settings)
    (named,) = [one for one in findings if one.id == "suppliers"]
    assert (named.level, named.text) == ("note", "nobody asks 1 of the suppliers: u-1 of main")
