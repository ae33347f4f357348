"""Proofs of any tree are accepted, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.record.log.strict import Malformed
from makegood.record.log.tiles import (
    TILE_WIDTH,
    TileId,
    all_tiles,
    edge_tiles,
    grow,
    hash_in_tile,
    reader_of,
    root_at,
)
from makegood.record.log.tree import (
    EMPTY_ROOT,
    HASH_BYTES,
    Span,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    prove,
    root_of,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [leaf_hash(b"%d" % number) for number in range(1500)]
sizes = st.integers(1, len(LEAVES))


def root_as_defined(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash word by word from RFC 6962, section 2.1."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(root_as_defined(leaves[:half]), root_as_defined(leaves[half:]))


def tiles_of(size: int) -> dict[TileId, bytes]:
    """All tiles of the first leaves."""
    return grow({}, 0, LEAVES[:size]).tiles


ALL_TILES = tiles_of(len(LEAVES))


@given(size=sizes)
def test_the_root_is_the_one_that_the_standard_defines(size: int) -> None:
    defined = root_as_defined(LEAVES[:size])
    assert root_of(LEAVES[:size]) == defined
    assert root_at(ALL_TILES, size) == defined


@given(size=sizes, data=st.data())
def test_every_entry_is_proven_and_no_other_place_is(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, len(LEAVES)).filter(lambda n: n != index))
    root = root_at(ALL_TILES, size)
    path = prove(reader_of(ALL_TILES), inclusion_ranges(index, size))
    assert verify_inclusion(LEAVES[index], index, size, path, root)
    assert not verify_inclusion(LEAVES[index], other, size, path, root)
    assert not verify_inclusion(LEAVES[index] + b"x", index, size, path, root)
    assert not verify_inclusion(LEAVES[index], index, size, [*path, root], root)
    assert not verify_inclusion(LEAVES[index], index, size, path, EMPTY_ROOT)


@given(sizes=st.tuples(sizes, sizes).map(sorted), data=st.data())
def test_a_longer_log_is_proven_to_begin_with_the_shorter(
    sizes: list[int], data: st.DataObject
) -> None:
    small, large = sizes
    roots = root_at(ALL_TILES, small), root_at(ALL_TILES, large)
    path = prove(reader_of(ALL_TILES), consistency_ranges(small, large))
    assert verify_consistency(small, roots[0], large, roots[1], path)
    if path:
        spoiled = list(path)
        place = data.draw(st.integers(0, len(path) - 1))
        byte = data.draw(st.integers(0, HASH_BYTES - 1))
        changed = bytearray(spoiled[place])
        changed[byte] ^= 1 << data.draw(st.integers(0, 7))
        spoiled[place] = bytes(changed)
        assert not verify_consistency(small, roots[0], large, roots[1], spoiled)
        assert not verify_consistency(small, roots[0], large, roots[1], path[:-1])
        assert not verify_consistency(small, roots[1], large, roots[0], path)


@given(steps=st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_a_tree_grown_in_steps_has_the_tiles_of_one_grown_at_once(steps: list[int]) -> None:
    tiles: dict[TileId, bytes] = {}
    size = 0
    for step in steps:
        fresh = LEAVES[size : size + step]
        edge = {tile: tiles[tile] for tile in edge_tiles(size)}
        grown = grow(edge, size, fresh)
        tiles |= grown.tiles
        size = grown.size
        assert grown.root == root_of(LEAVES[:size])
    assert tiles == tiles_of(size)
    assert {tile: len(own) // HASH_BYTES for tile, own in tiles.items()} == dict(all_tiles(size))


def test_a_tree_of_seventy_thousand_has_the_tiles_of_the_specification() -> None:
    tiles = list(all_tiles(70_000))
    full = [tile for tile, width in tiles if width == TILE_WIDTH]
    assert [tile.level for tile in full] == [0] * 273 + [1]
    assert {tile.level: width for tile, width in tiles if width < TILE_WIDTH} == {
        0: 112,
        1: 17,
        2: 1,
    }


@given(width=st.integers(1, TILE_WIDTH), level=st.integers(0, 7), data=st.data())
def test_every_node_in_a_tile_is_the_root_of_the_hashes_below_it(
    width: int, level: int, data: st.DataObject
) -> None:
    tile = b"".join(LEAVES[:width])
    place = data.draw(st.integers(0, (TILE_WIDTH >> level) - 1))
    span, end = Span(8 + level, place), (place + 1) << level
    if end > width:
        with pytest.raises(Malformed):
            hash_in_tile(tile, span)
    else:
        assert hash_in_tile(tile, span) == root_of(LEAVES[place << level : end])


@pytest.mark.parametrize("level", range(8))
def test_a_tile_cut_in_the_middle_of_a_hash_is_no_tile(level: int) -> None:
    with pytest.raises(Malformed):
        hash_in_tile(b"".join(LEAVES[:TILE_WIDTH])[:-1], Span(level, 0))
