"""Where evidence files live and who looks at pictures: what claims need from the outside."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec


class StorageFailed(OSError):
    """The storage cannot keep or give bytes now: a full disk, a lost mount, no permission."""


class FileMissing(StorageFailed):
    """The storage has no such file."""


class FileBroken(StorageFailed):
    """The stored bytes are not those that were put there."""


class Part(msgspec.Struct, frozen=True, order=True):
    """A piece of an upload that is under way: where it starts and how long it is, in bytes."""

    offset: int
    size: int


class FileProblem(msgspec.Struct, frozen=True):
    """One thing that a check of the storage found. An orphan has no SHA-256, only a place."""

    kind: Literal["missing", "broken", "orphan"]
    sha256: str = ""
    place: str = ""


class Storage(Protocol):
    """Keeps files by the SHA-256 (hex) of their content, encrypted, one space per market.

    A file is there whole or not at all, also after a crash, and never changes. Putting the
    same content twice keeps it once.
    """

    async def put(self, market_id: str, sha256: str, source: AsyncIterator[bytes]) -> int:
        """Keep the content and answer its size in bytes.

        Raises FileBroken, and keeps nothing, when the content has another hash.
        """
        ...

    def open(
        self, market_id: str, sha256: str, start: int = 0, stop: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, without, `stop` (the end if None), in small pieces.

        Raises FileMissing or FileBroken at the piece that cannot be read.
        """
        ...

    async def delete(self, market_id: str, sha256: str) -> None:
        """Forget the content; forgetting what is not there is no error."""
        ...

    async def put_part(self, market_id: str, upload_id: str, part: Part, data: bytes) -> None:
        """Keep one piece of an upload. The same part again replaces it."""
        ...

    def open_parts(
        self, market_id: str, upload_id: str, parts: Sequence[Part]
    ) -> AsyncIterator[bytes]:
        """The bytes of these parts one after the other, in small pieces."""
        ...

    async def drop_parts(self, market_id: str, upload_id: str) -> None:
        """Forget every part of an upload."""
        ...

    async def check(self, kept: Iterable[tuple[str, str]]) -> list[FileProblem]:
        """Read every file of `kept` (market, SHA-256) and name what is missing or broken.

        Files that nobody named are orphans.
        """
        ...

    async def sweep(self, kept: Iterable[tuple[str, str]], unused_since: datetime) -> int:
        """Delete files that are not in `kept` and were last put before `unused_since`."""
        ...


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """What a picture says about itself. Times are as written in it, with or without a zone."""

    width: int
    height: int
    too_large: bool = False
    """It has more pixels than we open; its measures may be unknown (0) then."""
    truncated: bool = False
    software: str = ""
    modified: str = ""
    """EXIF form `YYYY:MM:DD HH:MM:SS`."""
    modified_zone: str = ""
    """`+08:00`, or empty when the picture does not say."""
    thumb: bytes | None = None
    """A small WebP without any metadata, upright."""


class Pictures(Protocol):
    """Looks at pictures without blocking the caller and without trusting them."""

    async def look(self, data: bytes, max_pixels: int) -> Picture | None:
        """Read a JPEG, PNG, WebP or GIF; None when it is none or is damaged beyond reading.

        A picture of more than `max_pixels` is `too_large`: it is never opened.
        """
        ...
