"""Sample files of every kind, honest and hostile, and a place to file them."""

import io
import zipfile
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from PIL import ExifTags, Image

from makegood.base.actor import Act, Actor
from makegood.claims.evidence import Evidence
from makegood.claims.evidence_actions import Filing
from makegood.claims.filing import FilingRoom
from makegood.gateways.storage.disk import DiskStorage
from makegood.gateways.storage.pictures import PillowPictures
from makegood.store.database import Connection, Database
from makegood.store.vault import Vault

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
CLAIM = "AS-261121-7K3QFX"
VAULT = Vault.from_key(bytes(range(32)))
BUYER = Act("main", Actor("buyer", "b-1"), NOW)
SELLER = Act("main", Actor("seller", "s-1"), NOW)
SCREENSHOT = Filing(
    claim_no=CLAIM, slot="error_screen", party="buyer", audience="all", filename="a.png", size=None
)


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 48), **exif: str | int) -> bytes:
    """A picture with every pixel different from its neighbour, and these EXIF tags."""
    image = Image.frombytes("RGB", size, bytes(i * 7 % 256 for i in range(size[0] * size[1] * 3)))
    tags = Image.Exif()
    for name, value in exif.items():
        tags[ExifTags.Base[name]] = value
    written = io.BytesIO()
    image.save(written, kind, exif=tags) if exif else image.save(written, kind)
    return written.getvalue()


def movie(brand: bytes = b"isom", seconds: int = 1) -> bytes:
    """The boxes of an MP4; its content is counting bytes, so that every offset is known."""
    content = bytes(i % 251 for i in range(seconds * 200_000))
    return (
        _box(b"ftyp", brand + b"\0\0\2\0" + brand)
        + _box(b"moov", bytes(64))
        + _box(b"mdat", content)
    )


def webm() -> bytes:
    """The first element of a WebM file."""
    return b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + bytes(200)


def archive(name: str = "a.txt") -> bytes:
    """A zip with one file."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, bytes(100_000))
    return written.getvalue()


def bomb() -> bytes:
    """A PNG that says, with a correct checksum, that it has 50,000 × 50,000 pixels."""
    honest = picture()
    header = b"IHDR" + (50_000).to_bytes(4, "big") * 2 + honest[24:29]
    return honest[:12] + header + zlib.crc32(header).to_bytes(4, "big") + honest[33:]


def room(db: Database, folder: Path) -> FilingRoom:
    """Everything filing needs, on a disk of this test."""
    return FilingRoom(db, DiskStorage(folder, VAULT), PillowPictures())


async def stream(data: bytes, piece: int = 60_000) -> AsyncIterator[bytes]:
    """The bytes as a network would give them."""
    for start in range(0, len(data), piece):
        yield data[start : start + piece]


class Recorded:
    """Stands in a claim's place: remembers which items were recorded."""

    def __init__(self) -> None:
        self.items: list[Evidence] = []

    async def __call__(self, tx: Connection, act: Act, item: Evidence) -> None:
        self.items.append(item)


class CountingIds:
    """Ids that count, for tests."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def claim_no(self, now: datetime) -> str:
        return CLAIM

    def uuid(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._numbers):012}"

    def secret(self, size: int = 32) -> bytes:
        return bytes(size)


def _box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + kind + content
