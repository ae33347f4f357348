"""Files that are never half there, and the second place that remembers the last checkpoint."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from makegood.record.log.guard import Trouble


class Remembered(Protocol):
    """The last checkpoint of one log, held so that nobody else can change it meanwhile."""

    def read(self) -> bytes | None:
        """The signed checkpoint, or None when none was ever kept."""

    def write(self, note: bytes) -> None:
        """Replace it; when this returns it is on the disk."""


class SecondPlace(Protocol):
    """Keeps the last checkpoint of every log away from the database."""

    def peek(self, market_id: str) -> bytes | None:
        """What is remembered, without holding it. Raises Trouble `copy_unreachable`."""

    def held(self, market_id: str) -> contextlib.AbstractContextManager[Remembered]:
        """Hold what is remembered: compare and replace it as one step."""


class FolderPlace:
    """A second place in a folder, which should be on another disk or host."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, market_id: str) -> Path:
        """The file of one market."""
        return self._folder / f"{market_id}.checkpoint"

    def peek(self, market_id: str) -> bytes | None:
        """What is remembered now."""
        with _reachable():
            return read_or_none(self.path(market_id))

    @contextlib.contextmanager
    def held(self, market_id: str) -> Iterator[Remembered]:
        """Hold the file under a lock that ends with this process at the latest."""
        with _reachable():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._folder / f"{market_id}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            with _reachable():
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield _File(self.path(market_id))
        finally:
            os.close(lock)


class _File:
    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> bytes | None:
        """The file's content."""
        with _reachable():
            return read_or_none(self._path)

    def write(self, note: bytes) -> None:
        """Replace the file at once and for good."""
        with _reachable():
            write_whole(self._path, note)


def read_or_none(path: Path) -> bytes | None:
    """The content of a file, or None when there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write_whole(path: Path, content: bytes, *, lasting: bool = True) -> None:
    """Write a file so that its name holds the old content or the new one, never a part.

    `lasting` also waits until both the content and the name are on the disk.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(content)
        if lasting:
            file.flush()
            os.fsync(file.fileno())
    draft.replace(path)
    if lasting:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except OSError as failed:
        raise Trouble("copy_unreachable") from failed
