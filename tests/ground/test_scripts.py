"""The scripts at the root: what they cannot do is said in one line that tells what to do."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PYTHON = """#!/bin/bash
case "$*" in
  *version_info*) exit {old} ;;
  *ensurepip*) exit {no_venv} ;;
  *"-m venv"*)
    mkdir -p "${{@: -1}}/bin"
    printf '#!/bin/bash\\nexec "$PYTHON" "$@"\\n' >"${{@: -1}}/bin/python"
    chmod +x "${{@: -1}}/bin/python" ;;
  *"-m pip install"*) echo "{pip_says}"; exit {pip_fails} ;;
  *"-m makegood"*) echo "started: $*" ;;
esac
"""
"""A Python that only does what the scripts ask of it, well or badly."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The scripts and lock files alone, in a folder with a space in its name."""
    folder = tmp_path / "my shop"
    (folder / "scripts").mkdir(parents=True)
    for name in ("serve", "scripts/environment.sh", "requirements.lock"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def run_serve(checkout: Path, **python: object) -> subprocess.CompletedProcess[str]:
    """`./serve --port 9` with a Python that behaves as told."""
    behaviour = {"old": 0, "no_venv": 0, "pip_says": "", "pip_fails": 0, **python}
    path = checkout / "python"
    path.write_text(PYTHON.format(**behaviour))
    path.chmod(0o755)
    return subprocess.run(
        [checkout / "serve", "--port", "9"],
        env={**os.environ, "PYTHON": str(path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("python", "line"),
    [
        ({"no_venv": 1}, "python3-venv is missing: apt install python3-venv"),
        ({"old": 1}, "Python 3.11 or newer is needed"),
        (
            {"pip_says": "OSError: [Errno 28] No space left on device", "pip_fails": 1},
            "the disk is full: free some space and start again",
        ),
        (
            {"pip_says": "Failed to establish a new connection", "pip_fails": 1},
            "packages could not be fetched: check the network and start again",
        ),
    ],
)
def test_what_is_missing_is_one_clear_line(
    checkout: Path, python: dict[str, object], line: str
) -> None:
    ran = run_serve(checkout, **python)
    assert ran.returncode == 1
    assert line in ran.stderr.splitlines()[-1]


def test_a_machine_without_python_is_told(checkout: Path) -> None:
    ran = subprocess.run(
        [checkout / "serve"],
        env={**os.environ, "PYTHON": "/nowhere/python3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == "makegood: python3 is missing: apt install python3 python3-venv\n"


def test_the_second_start_installs_nothing(checkout: Path) -> None:
    first = run_serve(checkout)
    second = run_serve(checkout, pip_fails=1, no_venv=1)
    assert "Installing packages" in first.stderr
    assert second.stderr == ""
    assert second.stdout == "started: -m makegood serve --port 9\n"


def test_a_changed_lock_file_installs_again(checkout: Path) -> None:
    run_serve(checkout)
    with (checkout / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    assert "Installing packages" in run_serve(checkout).stderr


def test_an_installation_that_was_cut_off_is_made_again(checkout: Path) -> None:
    assert run_serve(checkout, pip_fails=1, pip_says="killed").returncode == 1
    assert run_serve(checkout).stdout.startswith("started")


def test_lock_files_name_hashes_and_no_index() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lines = (ROOT / name).read_text().splitlines()
        assert not [line for line in lines if "://" in line]
        pins = [number for number, line in enumerate(lines) if "==" in line]
        assert pins
        assert all("--hash=sha256:" in lines[number + 1] for number in pins)


def test_a_checkout_that_cannot_be_written_is_one_line(checkout: Path) -> None:
    lock = checkout / ".cache" / "environment.lock"
    lock.mkdir(parents=True)
    done = run_serve(checkout)
    assert done.returncode == 1
    assert done.stderr == (
        f"makegood: cannot write to {checkout}: start as its owner, change its owner, "
        "or free some space\n"
    )
