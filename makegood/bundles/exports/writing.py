"""An export's file while it grows: a zip of bundles, kept encrypted, piece by piece."""

import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from typing import Final

from makegood.claims.files import Part, Storage

PIECE_BYTES: Final = 4 * 1024 * 1024

Stay = Callable[[], Awaitable[None]]
"""Called at every piece: keeps the job from being given to another worker."""


class Writing:
    """One file in the making. Its pieces belong to `place`, which nobody else uses.

    Nothing of it is in the clear outside memory, and nothing of it is a file before `seal`.
    """

    def __init__(self, storage: Storage, market_id: str, place: str, stay: Stay) -> None:
        self._storage, self._market, self._place, self._stay = storage, market_id, place, stay
        self._waiting = _Sink()
        self._archive = zipfile.ZipFile(self._waiting, "w", zipfile.ZIP_STORED)
        self._parts: list[Part] = []
        self._digest = sha256()
        self.size = 0

    async def add_text(self, name: str, content: bytes) -> None:
        """A small file."""
        self._archive.writestr(_entry(name), content)
        await self._keep(PIECE_BYTES)

    async def add(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        """A file of any size."""
        with self._archive.open(_entry(name), "w", force_zip64=True) as one:
            async for piece in pieces:
                one.write(piece)
                await self._keep(PIECE_BYTES)

    async def finish(self) -> str:
        """Write the directory of the zip; answers the file's SHA-256 in hex."""
        self._archive.close()
        await self._keep(1)
        return self._digest.hexdigest()

    async def seal(self, digest: str) -> None:
        """Put the whole file to where files are kept."""
        await self._storage.put(self._market, digest, self._read())

    async def _keep(self, least: int) -> None:
        """Store what waits, as long as there is that much of it."""
        while len(self._waiting.held) >= least:
            piece = bytes(self._waiting.held[:PIECE_BYTES])
            del self._waiting.held[:PIECE_BYTES]
            part = Part(self.size, len(piece))
            await self._storage.put_part(self._market, self._place, part, piece)
            self._digest.update(piece)
            self._parts.append(part)
            self.size += len(piece)
            await self._stay()

    async def _read(self) -> AsyncIterator[bytes]:
        async for piece in self._storage.open_parts(self._market, self._place, self._parts):
            await self._stay()
            yield piece


class _Sink(io.RawIOBase):
    """Where the zip is written: it cannot go back, so sizes follow each file's content."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.held += data
        return len(data)


def _entry(name: str) -> zipfile.ZipInfo:
    """No time is in the file, so that the same makes the same."""
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
