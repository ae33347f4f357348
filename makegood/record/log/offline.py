"""Checking a copy of a log's files without any database, key or network of ours."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from makegood.record.log.fsck import upper_tiles
from makegood.record.log.places import read_or_none
from makegood.record.log.policy import Policy, SeenCheckpoint, check_checkpoint
from makegood.record.log.publish import CHECKPOINT
from makegood.record.log.strict import Malformed
from makegood.record.log.tiles import (
    TILE_WIDTH,
    TileId,
    entries_path,
    parse_bundle,
    root_at,
    tile_path,
)
from makegood.record.log.tree import EMPTY_ROOT, HASH_BYTES, leaf_hash, root_of
from makegood.record.rules import NO_ENTRY, Entry

MOST_FAULTS: Final = 100
_entry: Final = msgspec.json.Decoder(Entry)


class FolderReport(msgspec.Struct, frozen=True):
    """What a folder of log files holds: whose checkpoint, and every file that does not fit."""

    seen: SeenCheckpoint
    faults: tuple[str, ...]


class _Chains:
    """Every entry names the one before it in its stream; the streams are told by pseudonym."""

    def __init__(self) -> None:
        self._last: dict[bytes, tuple[int, bytes]] = {}

    def takes(self, entry: bytes, leaf: bytes) -> bool:
        """Whether this entry is the next one of its stream."""
        try:
            parsed = _entry.decode(entry)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        seq, prev = self._last.get(parsed.stream, (0, NO_ENTRY))
        self._last[parsed.stream] = (parsed.seq, leaf)
        return (parsed.seq, parsed.prev) == (seq + 1, prev)


def verify_folder(folder: Path, policy: Policy) -> FolderReport:
    """Check a log's files: entries, tiles, root, signatures, and the chain of every stream.

    Raises Malformed when there is no checkpoint that the policy believes. A fault is the path
    of a file that is missing or differs, or `root`, or `entry N` outside its chain.
    """
    seen = check_checkpoint(read_or_none(folder / CHECKPOINT) or b"", policy)
    size, faults, chains = seen.checkpoint.size, list[str](), _Chains()
    tiles: dict[TileId, bytes] = {}
    full: list[bytes] = []
    for n in range(-(-size // TILE_WIDTH)):
        width = min(TILE_WIDTH, size - n * TILE_WIDTH)
        hashes = _bundle_hashes(folder, n, width, chains, faults)
        tiles[TileId(0, n)] = b"".join(hashes)
        full += [root_of(hashes)] if width == TILE_WIDTH else []
    tiles |= upper_tiles(full)
    if (root_at(tiles, size) if size else EMPTY_ROOT) != seen.checkpoint.root:
        faults.append("root")
    faults += _differing_tiles(folder, tiles)
    return FolderReport(seen, tuple(faults[:MOST_FAULTS]))


def _bundle_hashes(
    folder: Path, n: int, width: int, chains: _Chains, faults: list[str]
) -> Sequence[bytes]:
    path = entries_path(n, width)
    try:
        entries = parse_bundle(read_or_none(folder / path) or b"")
    except Malformed:
        entries = []
    if len(entries) != width:
        faults.append(path)
        return [bytes(HASH_BYTES)] * width
    leaves = [leaf_hash(entry) for entry in entries]
    for place, (entry, leaf) in enumerate(zip(entries, leaves, strict=True)):
        if not chains.takes(entry, leaf):
            faults.append(f"entry {n * TILE_WIDTH + place}")
    return leaves


def _differing_tiles(folder: Path, tiles: dict[TileId, bytes]) -> list[str]:
    paths = {tile_path(tile, len(own) // HASH_BYTES): own for tile, own in tiles.items()}
    return [path for path, own in paths.items() if read_or_none(folder / path) != own]
