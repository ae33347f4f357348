"""`makegood bill import`: what a terminal is told, and with which exit status."""

import asyncio
from pathlib import Path

import pytest

from makegood.cli import main
from makegood.store.database import Database
from tests.claims.town import Town
from tests.ledger.bills.papers import Move, plain

KEY = bytes(range(32)).hex()


@pytest.fixture
def folder(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for files, with a market of one paid order in the database."""

    async def prepare() -> None:
        db = await Database.open(database_url, min_size=1, max_size=4)
        town = Town(db)
        await town.found()
        await town.order()
        await db.close()

    asyncio.run(prepare())
    (tmp_path / "vault.keys").write_text(KEY)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MAKEGOOD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MAKEGOOD_VAULT_KEYS_FILE", str(tmp_path / "vault.keys"))
    return tmp_path


def imported(file: Path, *options: str) -> int:
    return main(["bill", "import", str(file), "--channel", "epay", "--form", "plain", *options])


def test_a_bill_that_agrees_differs_or_is_wrong_ends_with_its_own_status(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "bill.csv"
    file.write_bytes(plain([Move(trade_no="T-O-1")]))
    assert imported(file, "--day", "2026-11-20") == 0
    assert imported(file, "--day", "2026-11-20") == 0
    file.write_bytes(plain([Move(trade_no="T-O-1"), Move(trade_no="T-X")]))
    assert imported(file, "--day", "2026-11-20") == 4
    file.write_bytes(b"time,type,trade_no,amount\n2026-11-20,pay,T-9,1.005")
    assert imported(file) == 3
    told = capsys.readouterr().out
    assert "1 lines · 1 found · 0 differ · 2026-11-20 to 2026-11-20" in told
    assert "nothing was booked again" in told
    assert "2 lines · 0 found · 1 differ" in told
    assert "not taken: amount_wrong in line 2, column 'amount' (1.005)" in told


def test_a_file_that_is_not_there_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(folder / "none.csv") == 1
    assert "there is no file" in capsys.readouterr().err
