"""Files on a disk of ours: named by a keyed hash of their content, encrypted, never half there."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from hashlib import sha256 as new_sha256
from pathlib import Path
from typing import Final, TypeVar

from makegood.claims.files import FileBroken, FileMissing, FileProblem, Part, StorageFailed
from makegood.store.vault import (
    FILE_CHUNK_BYTES,
    FILE_HEADER_BYTES,
    FileOpener,
    SealBroken,
    Vault,
)

PIECE_CHUNKS: Final = 4
"""How many encrypted chunks are read at once: 256 KiB."""

T = TypeVar("T")


class DiskStorage:
    """A `Storage` below one folder, which only the system's own user may enter.

    `files/` holds complete files, `parts/` uploads under way, `incoming/` what is being
    written. Names tell nothing without the vault's key: not the content's hash, nor the market.
    """

    def __init__(self, root: Path, vault: Vault) -> None:
        self._root = root
        self._vault = vault
        self._cipher = vault.file_cipher()

    async def put(self, market_id: str, sha256: str, source: AsyncIterator[bytes]) -> int:
        """Encrypt to a temporary file, check the hash, then move it to its place at once."""
        place = self._place(market_id, sha256)
        if await _in_thread(lambda: _touch(place)):
            return await _in_thread(lambda: self._opener(place, market_id, sha256).plain_bytes)
        writer = await _in_thread(lambda: self._writer(market_id, sha256))
        try:
            async for piece in source:
                await _in_thread(writer.add, piece)
            return await _in_thread(writer.move_to, place)
        finally:
            await _in_thread(writer.clean_up)

    async def open(
        self, market_id: str, sha256: str, start: int = 0, stop: int | None = None
    ) -> AsyncIterator[bytes]:
        """Decrypt only the chunks that the range touches. No file stays open between pieces."""
        place = self._place(market_id, sha256)
        opener = await _in_thread(lambda: self._opener(place, market_id, sha256))
        end = opener.plain_bytes if stop is None else min(stop, opener.plain_bytes)
        chunks = opener.chunks_of(start, end)
        for first in range(chunks.start, chunks.stop, PIECE_CHUNKS):
            some = range(first, min(first + PIECE_CHUNKS, chunks.stop))
            plain = await _in_thread(lambda some=some: _read(place, opener, some))
            base = first * FILE_CHUNK_BYTES
            yield plain[max(start - base, 0) : end - base]

    async def delete(self, market_id: str, sha256: str) -> None:
        """Unlink the file, if it is there."""
        place = self._place(market_id, sha256)
        await _in_thread(lambda: place.unlink(missing_ok=True))

    async def put_part(self, market_id: str, upload_id: str, part: Part, data: bytes) -> None:
        """One encrypted file per part, moved into place when it is complete."""
        if len(data) != part.size:
            raise AssertionError(f"part of {part.size} bytes came with {len(data)}")
        place = self._part_place(market_id, upload_id, part)
        await _in_thread(lambda: self._write_part(place, _part_context(upload_id, part), data))

    async def open_parts(
        self, market_id: str, upload_id: str, parts: Sequence[Part]
    ) -> AsyncIterator[bytes]:
        """Decrypt part after part."""
        for part in parts:
            place = self._part_place(market_id, upload_id, part)
            context = _part_context(upload_id, part)
            yield await _in_thread(lambda p=place, c=context: self._read_whole(p, c))

    async def drop_parts(self, market_id: str, upload_id: str) -> None:
        """Remove the upload's folder."""
        folder = self._parts_folder(market_id, upload_id)
        await _in_thread(lambda: shutil.rmtree(folder, ignore_errors=True))

    async def check(self, kept: Iterable[tuple[str, str]]) -> list[FileProblem]:
        """Read everything once, file by file."""
        problems, expected = [], set()
        for market_id, sha256 in kept:
            expected.add(self._place(market_id, sha256))
            problem = await self._problem_of(market_id, sha256)
            if problem is not None:
                problems.append(problem)
        found = await _in_thread(self._all_files)
        orphans = sorted(str(place.relative_to(self._root)) for place in found - expected)
        return problems + [FileProblem("orphan", place=place) for place in orphans]

    async def sweep(self, kept: Iterable[tuple[str, str]], unused_since: datetime) -> int:
        """Unlink orphans and forgotten temporary files older than `unused_since`."""
        expected = {self._place(market_id, sha256) for market_id, sha256 in kept}
        oldest = unused_since.timestamp()

        def unlink_old() -> int:
            found = self._all_files() | set(self._folder("incoming").iterdir())
            old = [place for place in found - expected if place.stat().st_mtime < oldest]
            for place in old:
                place.unlink(missing_ok=True)
            return len(old)

        return await _in_thread(unlink_old)

    async def _problem_of(self, market_id: str, sha256: str) -> FileProblem | None:
        digest = new_sha256()
        try:
            async for piece in self.open(market_id, sha256):
                digest.update(piece)
        except FileMissing:
            return FileProblem("missing", sha256)
        except FileBroken:
            return FileProblem("broken", sha256)
        return None if digest.hexdigest() == sha256 else FileProblem("broken", sha256)

    def _writer(self, market_id: str, sha256: str) -> "_Writer":
        handle, name = tempfile.mkstemp(dir=self._folder("incoming"))
        sealer = self._cipher.start(_file_context(market_id, sha256))
        return _Writer(handle, Path(name), sealer.header, sealer.add, sealer.finish, sha256)

    def _write_part(self, place: Path, context: str, data: bytes) -> None:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sealer = self._cipher.start(context)
        handle, name = tempfile.mkstemp(dir=self._folder("incoming"))
        with os.fdopen(handle, "wb") as file:
            file.write(sealer.header + sealer.add(data) + sealer.finish())
        os.replace(name, place)

    def _read_whole(self, place: Path, context: str) -> bytes:
        opener = self._open(place, context)
        return _read(place, opener, range(opener.chunk_count))

    def _opener(self, place: Path, market_id: str, sha256: str) -> FileOpener:
        return self._open(place, _file_context(market_id, sha256))

    def _open(self, place: Path, context: str) -> FileOpener:
        try:
            with place.open("rb") as file:
                header = file.read(FILE_HEADER_BYTES)
                size = os.fstat(file.fileno()).st_size
            return self._cipher.opener(context, header, size)
        except FileNotFoundError as missing:
            raise FileMissing("no such file") from missing
        except SealBroken as broken:
            raise FileBroken(str(broken)) from broken

    def _place(self, market_id: str, sha256: str) -> Path:
        name = self._vault.keyed_hash("file place", f"{market_id}\x1f{sha256}").hex()
        return self._root / "files" / name[:2] / name[2:]

    def _parts_folder(self, market_id: str, upload_id: str) -> Path:
        name = self._vault.keyed_hash("upload place", f"{market_id}\x1f{upload_id}").hex()
        return self._root / "parts" / name[:32]

    def _part_place(self, market_id: str, upload_id: str, part: Part) -> Path:
        return self._parts_folder(market_id, upload_id) / f"{part.offset}-{part.size}"

    def _all_files(self) -> set[Path]:
        return {place for place in self._folder("files").glob("*/*") if place.is_file()}

    def _folder(self, name: str) -> Path:
        folder = self._root / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


class _Writer:
    """One file on its way to its place."""

    def __init__(
        self,
        handle: int,
        path: Path,
        header: bytes,
        seal: Callable[[bytes], bytes],
        finish: Callable[[], bytes],
        sha256: str,
    ) -> None:
        self._file = os.fdopen(handle, "wb")
        self._path = path
        self._seal, self._finish = seal, finish
        self._digest, self._sha256 = new_sha256(), sha256
        self._size = 0
        self._file.write(header)

    def add(self, piece: bytes) -> None:
        self._digest.update(piece)
        self._size += len(piece)
        self._file.write(self._seal(piece))

    def move_to(self, place: Path) -> int:
        if self._digest.hexdigest() != self._sha256:
            raise FileBroken("the content has another hash")
        self._file.write(self._finish())
        self._file.flush()
        os.fsync(self._file.fileno())
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.replace(self._path, place)
        _sync_folder(place.parent)
        return self._size

    def clean_up(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


def _read(place: Path, opener: FileOpener, chunks: range) -> bytes:
    try:
        with place.open("rb") as file:
            return b"".join(_read_chunk(file.fileno(), opener, index) for index in chunks)
    except FileNotFoundError as missing:
        raise FileMissing("no such file") from missing
    except SealBroken as broken:
        raise FileBroken(str(broken)) from broken


def _read_chunk(handle: int, opener: FileOpener, index: int) -> bytes:
    offset, size = opener.span(index)
    return opener.open_chunk(index, os.pread(handle, size, offset))


def _file_context(market_id: str, sha256: str) -> str:
    return f"file\x1f{market_id}\x1f{sha256}"


def _part_context(upload_id: str, part: Part) -> str:
    return f"part\x1f{upload_id}\x1f{part.offset}\x1f{part.size}"


def _touch(place: Path) -> bool:
    """Whether the file is there; its new time keeps a sweep away until its row is written."""
    try:
        os.utime(place)
    except FileNotFoundError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


async def _in_thread(work: Callable[..., T], *arguments: object) -> T:
    try:
        return await asyncio.to_thread(work, *arguments)
    except StorageFailed:
        raise
    except OSError as error:
        raise StorageFailed(f"{error.strerror} ({error.errno})") from error
