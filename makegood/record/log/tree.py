"""Merkle trees as in RFC 6962: hashes, which nodes a proof needs, and strict checks of proofs."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Final, NamedTuple, TypeAlias

HASH_BYTES: Final = 32
LONGEST_PATH: Final = 64
"""No tree of up to 2**63 leaves has a longer path."""
EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves."""
_NODE: Final = sha256(b"\x01")


class Span(NamedTuple):
    """A perfect subtree: the leaves from n * 2**level up to, not including, (n + 1) * 2**level."""

    level: int
    n: int


HashOf: TypeAlias = Callable[[Span], bytes]
"""Gives the hash of a perfect subtree, from tiles for example."""

Range: TypeAlias = tuple[int, int]
"""Leaves from the first number up to, not including, the second."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry as a leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def node_row(row: bytes) -> bytes:
    """The nodes above a row of hashes; a last hash without a partner has none."""
    nodes = []
    for at in range(0, len(row) - HASH_BYTES, 2 * HASH_BYTES):
        # To copy a begun hash is quicker than to begin one.
        begun = _NODE.copy()
        begun.update(row[at : at + 2 * HASH_BYTES])
        nodes.append(begun.digest())
    return b"".join(nodes)


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over these hashes as leaves, in one pass; EMPTY_ROOT for none."""
    row = list(hashes) or [EMPTY_ROOT]
    while len(row) > 1:
        above = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=False)]
        row = above + row[-1:] if len(row) % 2 else above
    return row[0]


def spans_of(leaves: Range) -> list[Span]:
    """The largest perfect subtrees that cover a range of leaves, from left to right."""
    begin, end = leaves
    spans = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        if begin:
            level = min(level, (begin & -begin).bit_length() - 1)
        spans.append(Span(level, begin >> level))
        begin += 1 << level
    return spans


def hash_of_range(hash_of: HashOf, leaves: Range) -> bytes:
    """The root over a range that is a whole tree or one side of a proof's fork."""
    spans = spans_of(leaves)
    if not spans:
        return EMPTY_ROOT
    *lefts, found = [hash_of(span) for span in spans]
    for left in reversed(lefts):
        found = node_hash(left, found)
    return found


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """What the hashes of an inclusion path stand for, from the leaf's sibling upwards."""
    assert 0 <= index < size, "the leaf must be in the tree"
    begin, end = 0, size
    ranges = []
    while end - begin > 1:
        middle = begin + _left_size(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return ranges[::-1]


def consistency_ranges(size1: int, size2: int) -> list[Range]:
    """What the hashes of a consistency path stand for; none from size 0 or to the same size."""
    assert 0 <= size1 <= size2, "a tree only grows"
    if size1 == 0:
        return []
    begin, end = 0, size2
    ranges = []
    while end != size1:
        middle = begin + _left_size(end - begin)
        if size1 <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    if begin:
        ranges.append((begin, end))
    return ranges[::-1]


def prove(hash_of: HashOf, ranges: Sequence[Range]) -> list[bytes]:
    """The path for `inclusion_ranges` or `consistency_ranges`."""
    return [hash_of_range(hash_of, leaves) for leaves in ranges]


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Whether the path proves that this leaf hash is at `index` of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *path) or len(path) > LONGEST_PATH:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and compare_digest(found, root)


def verify_consistency(
    size1: int, root1: bytes, size2: int, root2: bytes, path: Sequence[bytes]
) -> bool:
    """Whether the path proves that the second tree begins with the first (RFC 9162, 2.1.4.2).

    Trees of one size must have one root. Every larger tree begins with the empty one, so that
    from size 0 an empty path is right and says nothing.
    """
    if not 0 <= size1 <= size2 or len(path) > LONGEST_PATH:
        return False
    if size1 == size2:
        return not path and compare_digest(root1, root2)
    if size1 == 0:
        return not path
    return _are_hashes(root1, root2, *path) and _leads_to_both(size1, root1, size2, root2, path)


def _leads_to_both(
    size1: int, root1: bytes, size2: int, root2: bytes, path: Sequence[bytes]
) -> bool:
    if size1 & (size1 - 1) == 0:
        path = [root1, *path]
    if not path:
        return False
    node, last = size1 - 1, size2 - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and compare_digest(old, root1) and compare_digest(new, root2)


def _left_size(size: int) -> int:
    """How many of `size` leaves are on the left: the largest power of two below it."""
    return 1 << ((size - 1).bit_length() - 1)


def _are_hashes(*hashes: bytes) -> bool:
    return all(len(one) == HASH_BYTES for one in hashes)
