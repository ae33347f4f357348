"""Sending a bundle piece by piece: small files from memory, evidence straight from the storage."""

from collections.abc import AsyncIterator
from zlib import crc32

from makegood.bundles.packing import Packed
from makegood.claims.files import Storage
from makegood.verify.archive import Head, directory, local_header


async def stream(packed: Packed, storage: Storage, market_id: str) -> AsyncIterator[bytes]:
    """The archive's bytes. Evidence is read twice: a zip names a file's checksum before it.

    Raises FileMissing or FileBroken when the storage cannot give a file; the archive is then
    cut off, which every reader notices.
    """
    heads: list[Head] = []
    for name in packed.order:
        head = await _head(packed, storage, market_id, name)
        heads.append(head)
        yield local_header(head)
        async for piece in _content(packed, storage, market_id, name):
            yield piece
    yield directory(heads)


def size_of(packed: Packed) -> int:
    """How long the archive will be, in bytes."""
    heads = [Head(name, _size(packed, name), 0) for name in packed.order]
    return sum(len(local_header(head)) + head.size for head in heads) + len(directory(heads))


async def _head(packed: Packed, storage: Storage, market_id: str, name: str) -> Head:
    checksum = 0
    async for piece in _content(packed, storage, market_id, name):
        checksum = crc32(piece, checksum)
    return Head(name, _size(packed, name), checksum)


async def _content(
    packed: Packed, storage: Storage, market_id: str, name: str
) -> AsyncIterator[bytes]:
    if name in packed.small:
        yield packed.small[name]
        return
    async for piece in storage.open(market_id, packed.evidence[name].sha256):
        yield piece


def _size(packed: Packed, name: str) -> int:
    return len(packed.small[name]) if name in packed.small else packed.evidence[name].size
