"""The tree as static files (C2SP tlog-tiles): tiles of 256 hashes, entry bundles, their paths."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from makegood.record.log.strict import Malformed
from makegood.record.log.tree import (
    HASH_BYTES,
    HashOf,
    Span,
    hash_of_range,
    node_row,
    root_of,
)

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
_TILES_KEPT: Final = 256
"""Of which the inner nodes stay in memory: 4 MiB."""
_TILE_PATH: Final = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<n>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<w>[1-9][0-9]{0,2}))?"
)


class TileId(NamedTuple):
    """Which tile: its level (0 holds leaf hashes) and its number within the level."""

    level: int
    n: int


class Grown(NamedTuple):
    """A tree after an append: its size and root, and every tile that changed, as it is now."""

    size: int
    root: bytes
    tiles: dict[TileId, bytes]


def tile_path(tile: TileId, width: int = TILE_WIDTH) -> str:
    """The path of a tile below the log's prefix: `tile/0/x001/067` or `tile/0/x001/067.p/12`."""
    return f"tile/{tile.level}/{_number(tile.n)}{_partial(width)}"


def entries_path(n: int, width: int = TILE_WIDTH) -> str:
    """The path of an entry bundle below the log's prefix."""
    return f"tile/entries/{_number(n)}{_partial(width)}"


def parse_tile_path(path: str) -> tuple[TileId | None, int, int]:
    """(tile or None for an entry bundle, number, width) of a path that we would write."""
    found = _TILE_PATH.fullmatch(path)
    if found is None:
        raise Malformed("tile")
    n, width = int(re.sub(r"[x/]", "", found["n"])), int(found["w"] or TILE_WIDTH)
    tile = None if found["level"] == "entries" else TileId(int(found["level"]), n)
    if (entries_path(n, width) if tile is None else tile_path(tile, width)) != path:
        raise Malformed("tile")
    if width > TILE_WIDTH or (tile is not None and tile.level > 63):
        raise Malformed("tile")
    return tile, n, width


def tile_of(span: Span) -> TileId:
    """The tile in which the hashes below a perfect subtree stand."""
    level, height = divmod(span.level, TILE_HEIGHT)
    return TileId(level, span.n >> (TILE_HEIGHT - height))


def hash_in_tile(hashes: bytes, span: Span) -> bytes:
    """The hash of a perfect subtree from its tile; the tile must be wide enough."""
    height = span.level % TILE_HEIGHT
    row = hashes if height == 0 else _rows_above(hashes)[height - 1]
    begin = span.n % (TILE_WIDTH >> height) * HASH_BYTES
    found = row[begin : begin + HASH_BYTES]
    if len(found) != HASH_BYTES or len(hashes) % HASH_BYTES:
        raise Malformed("tile")
    return found


def reader_of(tiles: Mapping[TileId, bytes]) -> HashOf:
    """Hashes of perfect subtrees, from tiles at hand; a missing one raises KeyError."""
    return lambda span: hash_in_tile(tiles[tile_of(span)], span)


def hashes_of(tile: bytes) -> list[bytes]:
    """The hashes in a tile."""
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def edge_tiles(size: int) -> dict[TileId, int]:
    """The partial tiles of a tree with their widths: all that is needed to go on from here."""
    edge = {}
    level, left = 0, size
    while left:
        if left % TILE_WIDTH:
            edge[TileId(level, left // TILE_WIDTH)] = left % TILE_WIDTH
        level, left = level + 1, left // TILE_WIDTH
    return edge


def all_tiles(size: int) -> Iterable[tuple[TileId, int]]:
    """Every tile of a tree with its width."""
    level, left = 0, size
    while left:
        full, rest = divmod(left, TILE_WIDTH)
        yield from ((TileId(level, n), TILE_WIDTH) for n in range(full))
        if rest:
            yield TileId(level, full), rest
        level, left = level + 1, full


def grow(edge: Mapping[TileId, bytes], size: int, leaves: Sequence[bytes]) -> Grown:
    """Append leaf hashes to a tree of which the edge tiles are known.

    A tile of the edge that does not have the width which `size` demands raises Malformed.
    """
    for tile, width in edge_tiles(size).items():
        if len(edge.get(tile, b"")) != width * HASH_BYTES:
            raise Malformed("tile")
    changed: dict[TileId, bytes] = {}
    level, begin, fresh = 0, size, list(leaves)
    while fresh:
        done = _fill(edge, level, begin, fresh)
        changed |= done
        full = (hashes for tile, hashes in done.items() if len(hashes) == TILE_WIDTH * HASH_BYTES)
        fresh = [root_of(hashes_of(hashes)) for hashes in full]
        level, begin = level + 1, begin // TILE_WIDTH
    grown = size + len(leaves)
    return Grown(grown, root_at({**edge, **changed}, grown), changed)


def root_at(tiles: Mapping[TileId, bytes], size: int) -> bytes:
    """The root of the tree of this size; its edge tiles must be among those given."""
    return hash_of_range(reader_of(tiles), (0, size))


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Entries as a bundle; each has at most 65,535 bytes."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_bundle(bundle: bytes) -> list[bytes]:
    """The entries of a bundle; it must end where the last entry ends."""
    entries, at = [], 0
    while at < len(bundle):
        begin = at + 2
        at = begin + int.from_bytes(bundle[at:begin], "big")
        if begin > len(bundle) or at > len(bundle):
            raise Malformed("tile")
        entries.append(bundle[begin:at])
    return entries


@lru_cache(_TILES_KEPT)
def _rows_above(hashes: bytes) -> tuple[bytes, ...]:
    """The nodes of a tile above its own hashes, one row for each height.

    They are kept by the tile's content, so that no change of a log can make them wrong: the
    tiles of the upper levels are in nearly every proof.
    """
    rows = []
    for _ in range(TILE_HEIGHT - 1):
        hashes = node_row(hashes)
        rows.append(hashes)
    return tuple(rows)


def _fill(
    edge: Mapping[TileId, bytes], level: int, begin: int, fresh: list[bytes]
) -> dict[TileId, bytes]:
    """The tiles of one level that take these hashes, the first of them at place `begin`."""
    n, used = divmod(begin, TILE_WIDTH)
    row = hashes_of(edge[TileId(level, n)]) + fresh if used else fresh
    return {
        TileId(level, n + place // TILE_WIDTH): b"".join(row[place : place + TILE_WIDTH])
        for place in range(0, len(row), TILE_WIDTH)
    }


def _number(n: int) -> str:
    groups = [f"{n % 1000:03}"]
    while n := n // 1000:
        groups.append(f"x{n % 1000:03}")
    return "/".join(reversed(groups))


def _partial(width: int) -> str:
    return "" if width == TILE_WIDTH else f".p/{width}"
