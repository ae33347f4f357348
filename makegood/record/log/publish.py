"""The log as static files, in the layout of C2SP tlog-tiles: anyone may copy and check them."""

import asyncio
import contextlib
import fcntl
import os
import shutil
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from makegood.record.log import store
from makegood.record.log.checkpoint import parse_checkpoint
from makegood.record.log.note import Verifier, parse_note
from makegood.record.log.places import read_or_none, write_whole
from makegood.record.log.store import Head
from makegood.record.log.strict import Malformed
from makegood.record.log.tiles import (
    TILE_WIDTH,
    TileId,
    all_tiles,
    encode_bundle,
    entries_path,
    tile_path,
)
from makegood.record.log.tree import HASH_BYTES
from makegood.store.database import Connection, Database

CHECKPOINT: Final = "checkpoint"
KEYS: Final = "keys"
RESTARTS: Final = "restarts"
_EPOCH: Final = ".epoch"
_LOCK: Final = ".lock"
_BUNDLES_AT_ONCE: Final = 16
_TILES_AT_ONCE: Final = 256


Cosignatures: TypeAlias = Callable[[Connection, Head], Awaitable[bytes]]


async def publish(
    db: Database,
    folder: Path,
    market_id: str,
    keys: Sequence[Verifier],
    cosignatures: Cosignatures | None = None,
) -> int | None:
    """Bring the files of a market's log up to its signed checkpoint; answers its size.

    `folder` holds one folder per market. Tiles and bundles come first and the checkpoint last,
    so that a reader who has a checkpoint finds everything below it. `cosignatures` gives the
    signature lines of witnesses for this checkpoint. None when nothing is signed yet.
    """
    place = folder / market_id
    async with db.transaction() as tx:
        await tx.execute("set transaction isolation level repeatable read, read only")
        head = await store.load_head(tx, market_id)
        if head is None or head.note is None:
            return None
        statements = await store.load_restarts(tx, market_id)
        with _held(place) as free:
            if free:
                lines = await cosignatures(tx, head) if cosignatures else b""
                await _bring_up(tx, place, head, head.note + lines)
                _put(place / KEYS, "".join(f"{key}\n" for key in keys).encode())
                _put(place / RESTARTS, b"\n".join(statements))
    return head.signed_size


def changed_tiles(before: int, size: int) -> Iterable[tuple[TileId, int]]:
    """The tiles, with their widths, that a tree of `size` has and one of `before` had not so."""
    level = 0
    while size > before:
        for n in range(before // TILE_WIDTH, -(-size // TILE_WIDTH)):
            yield TileId(level, n), min(TILE_WIDTH, size - n * TILE_WIDTH)
        level, before, size = level + 1, before // TILE_WIDTH, size // TILE_WIDTH


def published_size(place: Path) -> int:
    """How many entries the files of a log hold; 0 when there is no readable checkpoint."""
    try:
        note = read_or_none(place / CHECKPOINT)
        return 0 if note is None else parse_checkpoint(parse_note(note).text).size
    except Malformed:
        return 0


async def _bring_up(tx: Connection, place: Path, head: Head, note: bytes) -> None:
    epoch = str(head.epoch).encode()
    before = published_size(place)
    if read_or_none(place / _EPOCH) != epoch or before > head.signed_size:
        await asyncio.to_thread(shutil.rmtree, place / "tile", ignore_errors=True)
        before = 0
    if read_or_none(place / CHECKPOINT) == note and before:
        return
    await _write_tiles(tx, place, head, before)
    await _write_bundles(tx, place, head, before)
    _put(place / _EPOCH, epoch)
    _put(place / CHECKPOINT, note)


async def _write_tiles(tx: Connection, place: Path, head: Head, before: int) -> None:
    changed = list(changed_tiles(before, head.signed_size))
    for at in range(0, len(changed), _TILES_AT_ONCE):
        some = dict(changed[at : at + _TILES_AT_ONCE])
        tiles = await store.load_tiles(tx, head.market_id, some)
        files = {
            tile_path(tile, width): tiles[tile][: width * HASH_BYTES]
            for tile, width in some.items()
        }
        await asyncio.to_thread(_write_files, place, files)


async def _write_bundles(tx: Connection, place: Path, head: Head, before: int) -> None:
    if before == head.signed_size:
        return
    for n in range(before // TILE_WIDTH, -(-head.signed_size // TILE_WIDTH), _BUNDLES_AT_ONCE):
        stop = min((n + _BUNDLES_AT_ONCE) * TILE_WIDTH, head.signed_size)
        rows = await store.entries_between(tx, head.market_id, n * TILE_WIDTH, stop)
        entries = [entry for _, entry in rows]
        files = {}
        for at in range(0, len(entries), TILE_WIDTH):
            some = entries[at : at + TILE_WIDTH]
            files[entries_path(n + at // TILE_WIDTH, len(some))] = encode_bundle(some)
        await asyncio.to_thread(_write_files, place, files)


def _write_files(place: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, content, lasting=False)
        if ".p/" not in path:
            # A full tile takes the place of the partial ones before it.
            shutil.rmtree(target.with_name(f"{target.name}.p"), ignore_errors=True)


def _put(path: Path, content: bytes) -> None:
    if read_or_none(path) != content:
        write_whole(path, content)


@contextlib.contextmanager
def _held(place: Path) -> Iterator[bool]:
    """Be the only one who writes these files; False when somebody else does already."""
    place.mkdir(parents=True, exist_ok=True)
    lock = os.open(place / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(lock)


def expected_paths(size: int) -> Iterator[str]:
    """Every file below a log's prefix that a checkpoint of this size promises."""
    yield CHECKPOINT
    for tile, width in all_tiles(size):
        yield tile_path(tile, width)
        if tile.level == 0:
            yield entries_path(tile.n, width)
