"""A log in memory that tests may grow, fork and rewind, and a witness program to show it to."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from makegood.record.anchors.gateway import Statement
from makegood.record.log.checkpoint import Checkpoint
from makegood.record.log.note import Ed25519Signer, Verifier, sign_note
from makegood.record.log.tree import (
    Span,
    consistency_ranges,
    leaf_hash,
    prove,
    root_of,
)
from makegood.witness.keeping import Folder
from tests.anchors.programs import end

ORIGIN = "log.example/main"
SEED = b"s" * 32


class MemoryLog:
    """Leaves and a key. `fork` and `rewind` do what an honest log never does."""

    def __init__(self, leaves: int = 0, origin: str = ORIGIN, seed: bytes = SEED) -> None:
        self.signer = Ed25519Signer(origin, seed)
        self._leaves = [leaf_hash(b"entry %d" % one) for one in range(leaves)]

    @property
    def vkey(self) -> str:
        """What a witness is told."""
        return str(self.signer.verifier)

    def grow(self, count: int = 1) -> None:
        """Append entries."""
        start = len(self._leaves)
        self._leaves += [leaf_hash(b"entry %d" % one) for one in range(start, start + count)]

    def fork(self, at: int) -> "MemoryLog":
        """Another history from this leaf on, signed by the same key."""
        other = MemoryLog(origin=self.signer.verifier.name)
        changed = [leaf_hash(b"forged %d" % one) for one in range(at, len(self._leaves))]
        other._leaves = self._leaves[:at] + changed
        return other

    def statement(self, size: int | None = None) -> Statement:
        """The signed checkpoint of this size; of all leaves when none is named."""
        size = len(self._leaves) if size is None else size
        root = root_of(self._leaves[:size])
        body = bytes(Checkpoint(self.signer.verifier.name, size, root))
        return Statement(
            origin=self.signer.verifier.name,
            size=size,
            root=root,
            body=body,
            checkpoint=bytes(sign_note(body, [self.signer])),
        )

    async def prove(self, old: int, new: int) -> list[bytes]:
        """The consistency path; an honest log has none for a tree it never had."""
        return prove(self._hash_of, consistency_ranges(old, new))

    def _hash_of(self, span: Span) -> bytes:
        first = span.n << span.level
        return root_of(self._leaves[first : first + (1 << span.level)])


class WitnessProgram:
    """`makegood witness` in a process of its own."""

    def __init__(self, folder: Path, *logs: str, name: str = "witness.example/w1") -> None:
        self.folder = folder
        self._logs = logs
        self.verifier: Verifier = Folder(folder / "witness").make_key(name, b"k" * 32).verifier
        self.port = free_port()
        self.start()

    @property
    def url(self) -> str:
        """The prefix that a log is configured with."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = [part for log in self._logs for part in ("--log", log)]
        command = [*_COMMAND, "--data", str(self.folder), "--port", str(self.port), *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, env=_environment())
        give_up_at = time.monotonic() + 60
        while time.monotonic() < give_up_at:
            try:
                httpx.get(f"{self.url}/", trust_env=False)
                return
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError("the witness did not start")

    def add(self, body: bytes) -> httpx.Response:
        """Post a request as it is."""
        url = f"{self.url}/add-checkpoint"
        return httpx.post(url, content=body, trust_env=False, timeout=60)

    def stop(self) -> None:
        """Kill it, as a power cut would."""
        end(self._process)


_COMMAND = [sys.executable, "-m", "makegood", "witness"]


def _environment() -> dict[str, str]:
    """Without a database anywhere near."""
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
