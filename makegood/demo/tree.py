"""The demo's outside world as processes: which programs run, and at which ports.

`makegood serve --demo` starts these programs, then runs `python -m makegood.demo` once, which
fills the market (and leaves at once when it is filled already), then starts web and worker. All of
them find the ports in `demo/ports.json` of the data folder.
"""

import shutil
import socket
from pathlib import Path
from typing import Final

import msgspec

from makegood.settings import Settings
from makegood.store.postgres import running_server

WRITTEN_BY_HAND: Final = frozenset({"makegood.toml"})


class Ports(msgspec.Struct, frozen=True):
    """Where the outside world listens, on loopback."""

    gateway: int
    supplier: int
    mailbox: int
    smtp: int
    tsa: int = 0
    witness: int = 0


def ports(folder: Path) -> Ports:
    """Free ports, chosen once and kept in the data folder."""
    path = folder / "demo" / "ports.json"
    names = Ports.__struct_fields__
    fresh = Ports(*_free_ports(len(names)))
    if path.exists():
        known = msgspec.json.decode(path.read_bytes(), type=Ports)
        if all(msgspec.structs.astuple(known)):
            return known
        # A folder of an earlier release: the programs it knew stay where they were.
        kept = {name: getattr(known, name) or getattr(fresh, name) for name in names}
        fresh = Ports(**kept)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(fresh))
    return fresh


def witness_folder(folder: Path) -> Path:
    """Where the demo's witness keeps its key and what it has seen."""
    return folder / "demo" / "witness"


def demo_settings(settings: Settings) -> Settings:
    """Mails go to the mailbox program."""
    smtp_url = f"smtp://127.0.0.1:{ports(settings.folder).smtp}"
    return msgspec.structs.replace(settings, smtp_url=smtp_url)


def commands(folder: Path, market_id: str = "main") -> dict[str, list[str]]:
    """What to start, as arguments of `python -m`, by name."""
    chosen = ports(folder)
    keys = folder / "log" / market_id / "keys"
    state = folder / "demo"
    programs = {
        "gateway": ["--port", chosen.gateway, "--state", state / "gateway.state"],
        "supplier": ["--port", chosen.supplier, "--state", state / "supplier.state"],
        "mailbox": ["--port", chosen.mailbox, "--smtp-port", chosen.smtp],
        "tsa": ["--port", chosen.tsa, "--state", state / "tsa"],
        "witness": ["--port", chosen.witness, "--state", witness_folder(folder), "--keys", keys],
    }
    return {
        name: [f"makegood.demo.programs.{name}", *map(str, options)]
        for name, options in programs.items()
    }


def begin_filling(folder: Path) -> bool:
    """Mark a folder that the demo makes; empty one whose filling was stopped: half a past is none.

    Answers whether it is to be filled from nothing. Only what the demo itself has made from
    nothing is ever removed.
    """
    mark = _half_filled(folder)
    if mark.exists() and running_server(folder / "postgres") is None:
        for path in _made_in(folder):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not _made_in(folder):
        mark.parent.mkdir()
        mark.touch()
        return True
    return False


def end_filling(folder: Path) -> None:
    """From now on the folder is kept."""
    _half_filled(folder).unlink(missing_ok=True)


def _half_filled(folder: Path) -> Path:
    return folder / "demo" / "half-filled"


def _made_in(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name not in WRITTEN_BY_HAND]


def progress_file(folder: Path) -> Path:
    """Where the filling tells how far it is."""
    return folder / "demo" / "filling.json"


def progress_command(folder: Path, handle: int) -> list[str]:
    """The page that shows it on a listening socket, as arguments of `python -m`."""
    return ["makegood.demo.progress", str(handle), str(progress_file(folder))]


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; held together so that they differ."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [int(listener.getsockname()[1]) for listener in listeners]
    for listener in listeners:
        listener.close()
    return found
