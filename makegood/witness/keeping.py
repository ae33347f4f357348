"""What a witness remembers, in one folder: its key, and the last checkpoint of every log.

A checkpoint is written to a file of its own, flushed to the disk with its folder, and only then
signed: after a power cut the witness knows at least as much as anybody who holds its signature.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from makegood.base.trouble import CannotRun
from makegood.record.log.checkpoint import Checkpoint, parse_checkpoint
from makegood.record.log.note import (
    COSIGNATURE_V1,
    Ed25519Signer,
    Note,
    checked_name,
    cosign,
    parse_note,
)
from makegood.record.log.statement import Restart, parse_restart, verify_restart
from makegood.record.log.strict import Malformed
from makegood.witness.rules import Logs

KEY_FILE: Final = "witness.key"
SEED_BYTES: Final = 32


class Folder:
    """One witness's folder. Only one process may hold it at a time: see `held`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._logs = path / "logs"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other process out: two of them could each sign one branch of a fork."""
        self._logs.mkdir(parents=True, exist_ok=True)
        with (self._path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotRun(f"another witness uses {self._path}: stop it first") from None
            yield

    def make_key(self, name: str, seed: bytes) -> Ed25519Signer:
        """Write a new key; CannotRun when there is one, for its signatures must stay true."""
        self._path.mkdir(parents=True, exist_ok=True)
        path = self._path / KEY_FILE
        try:
            checked_name(name)
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except Malformed:
            raise CannotRun("a witness's name has neither spaces nor plus signs") from None
        except FileExistsError:
            raise CannotRun(f"{path} exists already: a witness keeps its key") from None
        with os.fdopen(handle, "w") as file:
            file.write(f"{name}\n{seed.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
        _flush(self._path)
        return Ed25519Signer(name, seed, COSIGNATURE_V1)

    def signer(self) -> Ed25519Signer:
        """The key that signs; CannotRun when there is none or it cannot be read."""
        path = self._path / KEY_FILE
        try:
            name, seed = path.read_text("utf-8").splitlines()
            return Ed25519Signer(name, bytes.fromhex(seed), COSIGNATURE_V1)
        except FileNotFoundError:
            raise CannotRun(
                f"there is no key in {self._path}: makegood witness key --name NAME makes one"
            ) from None
        except (ValueError, Malformed):
            raise CannotRun(f"{path} is damaged: restore it from your backup") from None

    def latest(self, origin: str) -> Note | None:
        """The last checkpoint signed for a log; CannotRun when its file is damaged.

        A damaged memory must stop the witness: without it, it would sign a rewound log.
        """
        path = self._file(origin)
        if not path.exists():
            return None
        try:
            note = parse_note(path.read_bytes())
            parse_checkpoint(note.text, origin)
        except Malformed:
            raise CannotRun(f"{path} is damaged: restore it from your backup") from None
        return note

    def latest_checkpoint(self, origin: str) -> Checkpoint | None:
        """What `latest` says of the log."""
        note = self.latest(origin)
        return parse_checkpoint(note.text, origin) if note is not None else None

    def keep(self, origin: str, note: Note) -> None:
        """Remember a checkpoint; when this returns, it is on the disk."""
        path = self._file(origin)
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(bytes(note))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        _flush(self._logs)

    def accept_restart(self, statement: bytes, logs: Logs, time: int) -> Restart:
        """Go on from the state that a log's operator restarted it at, and keep the statement.

        A person decides this, never the protocol. CannotRun unless a key that is trusted for
        the log has signed the statement and it gives up exactly what was signed here last.
        """
        try:
            origin = parse_restart(parse_note(statement)).origin
            restart = verify_restart(statement, tuple(logs.get(origin, ())))
        except Malformed as wrong:
            raise CannotRun(f"no statement of a log that is watched here: {wrong.reason}") from None
        known = self.latest_checkpoint(origin)
        if known is None or restart.old is None or _state(restart.old) != _state(known):
            raise CannotRun(
                "the statement gives up another state than the one that was signed here last: "
                "ask the operator, and compare with what others have seen"
            )
        with self._file(origin).with_suffix(".restarts").open("ab") as file:
            file.write(statement + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self.keep(origin, cosign(Note(bytes(restart.new)), self.signer(), time))
        return restart

    def _file(self, origin: str) -> Path:
        return self._logs / f"{sha256(origin.encode()).hexdigest()[:32]}.checkpoint"


def _state(checkpoint: Checkpoint) -> tuple[int, bytes]:
    return checkpoint.size, checkpoint.root


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
