"""The demo's outside world as processes: which programs run, and at which ports."""

import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec

PROGRAMS = ("gateway", "supplier", "mailbox")


def ports(folder: Path) -> dict[str, int]:
    """A free port for each program, chosen once and kept in the data folder."""
    path = folder / "demo" / "ports.json"
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    chosen = dict(zip(PROGRAMS, _free_ports(len(PROGRAMS)), strict=True))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(chosen))
    return chosen


def commands(folder: Path) -> dict[str, list[str]]:
    """What to start, as arguments of `python -m`, by name."""
    return {
        name: [f"makegood.demo.programs.{name}", "--port", str(port)]
        for name, port in ports(folder).items()
    }


def _free_ports(count: int) -> Iterator[int]:
    """Ports that nobody listens on; held together so that they differ."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    for listener in listeners:
        yield listener.getsockname()[1]
        listener.close()
