"""The command line: one clear line when something is wrong, and a status a script can use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from makegood.base.trouble import CannotRun
from makegood.cli import main
from makegood.serving import check_free_space


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path


def test_wrong_settings_are_listed(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAKEGOOD_PORT", "abc")
    monkeypatch.setenv("MAKEGOOD_LOG_LEVEL", "loud")
    assert main(["doctor", "--data", str(data)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("makegood: MAKEGOOD_") for line in lines)


def test_a_command_on_an_empty_folder_says_where_it_looked(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["jobs", "--data", str(data)]) == 1
    assert f"there is no database in {data}" in capsys.readouterr().err
    assert list(data.iterdir()) == []


def test_doctor_on_an_empty_folder_changes_nothing(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--data", str(data)]) == 0
    assert "no database yet" in capsys.readouterr().out
    assert list(data.iterdir()) == []


def test_commands_work_on_a_configured_database(
    data: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert main(["migrate", "--data", str(data)]) == 0
    assert main(["jobs", "--data", str(data)]) == 0
    assert "due 0 · later 0 · dead 0" in capsys.readouterr().out


def test_a_full_disk_is_told_before_anything_starts() -> None:
    with pytest.raises(CannotRun, match=r"disk of /data is full \(1 MB left"):
        check_free_space(1024 * 1024, "/data")
    check_free_space(1024**4, "/data")


def test_a_reader_that_has_seen_enough_gets_no_traceback(data: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    asked = [sys.executable, "-m", "makegood", "doctor", "--data", str(data)]
    done = subprocess.run(asked, stdout=writing, stderr=subprocess.PIPE, timeout=120, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("folder", "told"),
    [("/proc/x", "no folder can be made here"), ("file", "a file is in the way")],
)
def test_a_folder_that_cannot_be_made_is_one_line(
    data: Path, capsys: pytest.CaptureFixture[str], folder: str, told: str
) -> None:
    (data / "file").touch()
    where = data / folder
    assert main(["serve", "--port", "0", "--data", str(where)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"makegood: {told}: choose another data folder with --data ({where})"


def test_a_file_that_cannot_be_written_is_one_line_about_that_file(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = data / "missing" / "pack.json"
    assert main(["rules", "export", "--shipped", "--out", str(out)]) == 1
    told = capsys.readouterr().err
    assert told == f"makegood: {out} cannot be used: No such file or directory\n"


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("postgres://shop:hunter2@127.0.0.1:1/x", "127.0.0.1:1"),
        ("postgres://shop:hunter2@127.0.0.1:99999/x", "127.0.0.1:99999"),
        ("postgres://shop:hunter2@127.0.0.1:1/x?sslmode=nonsense", "127.0.0.1:1"),
        ("postgres://shop:hunter2@/x?host=/nowhere", "the local socket"),
    ],
)
@pytest.mark.parametrize("command", ["jobs", "replay"])
def test_a_database_that_is_not_there_is_one_line_without_its_password(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    address: str,
    place: str,
) -> None:
    monkeypatch.setenv("DATABASE_URL", address)
    assert main([command, "--data", str(data)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"makegood: the database at {place} does not answer")
    assert "hunter2" not in line


def test_a_replay_of_a_market_that_is_not_there_says_so(
    data: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert main(["replay", "--data", str(data), "--market", "other"]) == 1
    assert "there is no market 'other'" in capsys.readouterr().err
