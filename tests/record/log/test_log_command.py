"""`makegood log`, doctor's checks and the metrics tell how the log stands."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from benchmarks.tampering import back_up, restore, tamper
from makegood.cli import main
from makegood.doctor.log import check_log_keys, check_logs, check_second_place
from makegood.logfiles import open_log_room
from makegood.record.log.publish import publish
from makegood.record.log.sequencer import LogRoom, run_rounds
from makegood.record.log.standing import log_standings
from makegood.settings import Settings, load_settings
from makegood.store.database import Database
from makegood.web.system import log_figures
from tests.record.log.rooms import MARKET, StepClock, add_streams

Command = Callable[..., Awaitable[tuple[int, str]]]
"""`makegood log …`: its status, and everything it said."""


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a product over the test's database, also for commands."""
    environment = {
        "DATABASE_URL": database_url,
        "MAKEGOOD_DATA": str(tmp_path),
        "MAKEGOOD_PUBLIC_URL": "https://shop.example",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings(environment)


@pytest.fixture
def room(db: Database, settings: Settings) -> LogRoom:
    """The log as these settings have it, signed after every round."""
    room = open_log_room(db, StepClock(), settings)
    return msgspec.structs.replace(room, sign_every=timedelta())


@pytest.fixture
def command(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line."""

    async def run(*arguments: str) -> tuple[int, str]:
        status = await asyncio.to_thread(main, ["log", *arguments])
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


async def filled(room: LogRoom, *sizes: int) -> None:
    """Streams in the log, and its files."""
    async with room.db.connection() as conn:
        await add_streams(conn, *sizes)
    await run_rounds(room)
    keys = room.keys.open(MARKET, room.origin_of(MARKET))
    await publish(room.db, room.published, MARKET, keys.verifiers)


async def test_an_operator_s_day_with_the_log(room: LogRoom, command: Command) -> None:
    assert await command("show") == (0, "no log yet; 0 events wait\n")
    await filled(room, 300)
    status, said = await command("show")
    assert status == 0
    assert "shop.example/log/main, epoch 1" in said
    assert "300 entries, 300 signed" in said
    status, said = await command("fsck")
    assert (status, "everything fits" in said) == (0, True)
    (key,) = (room.published / MARKET / "keys").read_text().split()
    status, said = await command("verify", str(room.published / MARKET), "--key", key)
    assert (status, said) == (0, "shop.example/log/main: 300 entries, intact\n")

    tile = room.published / MARKET / "tile" / "0" / "000"
    content = tile.read_bytes()
    tile.write_bytes(content[::-1])
    status, said = await command("fsck")
    assert (status, "file tile/0/000: differs" in said) == (1, True)
    tile.write_bytes(content)

    status, said = await command("rotate-key")
    assert status == 0
    old = key.split("+")[1]
    assert (await command("retire-key", "00000000"))[0] == 1
    assert (await command("retire-key", old))[0] == 0
    status, said = await command("show")
    assert f"{key} retired" in said
    assert (await command("export"))[1].startswith("302 entries in ")


async def test_trouble_is_told_with_what_to_do(
    db: Database, room: LogRoom, settings: Settings, command: Command
) -> None:
    await filled(room, 300)
    async with db.connection() as conn:
        await back_up(conn)
    await filled(room, 2)
    async with db.connection() as conn:
        await restore(conn)
    await run_rounds(room)
    status, said = await command("show")
    assert status == 1
    assert "TROUBLE   rewound" in said
    assert "makegood log restart" in said
    async with db.connection() as conn:
        finding = await check_logs(conn, settings)
        figures = log_figures(await log_standings(conn), room.clock.now()).decode()
    assert (finding.level, "set back" in finding.advice) == ("bad", True)
    assert 'makegood_log_refused{market="main"} 1.0' in figures
    assert 'makegood_log_size{market="main"} 300.0' in figures

    status, said = await command("restart", "--reason", "two\nlines")
    assert status == 1
    status, said = await command("restart", "--reason", "backup of noon restored")
    assert status == 0
    assert said.startswith("makegood.restart/v1\nshop.example/log/main\nepoch 2\nold 302 ")
    assert (await command("show"))[0] == 0
    status, said = await command("restart", "--reason", "again")
    assert (status, "nothing to restart" in said) == (1, True)


async def test_tampering_makes_fsck_fail_and_a_restart_impossible(
    db: Database, room: LogRoom, settings: Settings, command: Command
) -> None:
    await filled(room, *[4] * 80)
    async with db.connection() as conn:
        await tamper(conn, MARKET, "swap two places")
    status, said = await command("fsck")
    assert status == 1
    assert "entry 2: leaf_differs" in said or "tile 0/0: tile_differs" in said
    async with db.connection() as conn:
        assert (await check_logs(conn, settings)).level == "bad"
        await tamper(conn, MARKET, "delete an event")
    (settings.folder / "log-copy" / "main.checkpoint").unlink()
    status, said = await command("restart", "--reason", "to hide it")
    assert status == 1
    assert "event_missing" in said


async def test_doctor_looks_at_keys_and_second_place(
    db: Database, room: LogRoom, settings: Settings
) -> None:
    await filled(room, 2)
    path = settings.folder / "keys" / "log" / "main.keys"
    async with db.connection() as conn:
        assert (await check_logs(conn, settings)).level == "ok"
        assert (await check_log_keys(conn, settings)).level == "ok"
        assert (await check_second_place(conn, settings)).level == "note"
        path.chmod(0o644)
        assert (await check_log_keys(conn, settings)).advice == f"chmod 600 {path}"
        path.unlink()
        assert (await check_log_keys(conn, settings)).level == "bad"


WRONG = {
    ("verify", "DIR"): "name the keys you trust",
    ("verify", "DIR", "--key", "nonsense"): "not a verifier key",
    ("outage", "--from", "yesterday", "cut"): "is not a time",
    ("outage", "--from", "2026-11-21T08:00:00", "cut"): "needs its time zone",
    ("outage", "--from", "2026-11-21T08:00:00Z", "--to", "2026-11-21T07:00:00Z", "cut"): (
        "ends after it began"
    ),
    ("outage", "--from", "2026-11-21T08:00:00Z", " "): "1 to 2,000 letters",
    ("rotate-key",): "no log yet",
    ("restart", "--reason", "none"): "no log yet",
    ("export",): "nothing is signed yet",
}


async def test_a_wrong_command_says_what_is_wrong(command: Command) -> None:
    told = {arguments: await command(*arguments) for arguments in WRONG}
    assert {arguments: status for arguments, (status, _) in told.items()} == dict.fromkeys(WRONG, 1)
    assert [
        told[arguments] for arguments, words in WRONG.items() if words not in told[arguments][1]
    ] == []
