"""Our checks of proofs agree with the public vectors, all of them."""

import json

import pytest

from makegood.record.log.tree import (
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    prove,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.record.log.make_vectors import FILE, consistency_vectors, inclusion_vectors

VECTORS = json.loads(FILE.read_text("utf-8"))
NAMED = {one["name"]: one for kind in ("inclusion", "consistency") for one in VECTORS[kind]}
LEAVES = [leaf_hash(bytes.fromhex(leaf)) for leaf in VECTORS["leaves"]]


def test_the_fixture_is_what_its_maker_writes() -> None:
    assert VECTORS["inclusion"] == list(inclusion_vectors())
    assert VECTORS["consistency"] == list(consistency_vectors())
    assert len(NAMED) == len(VECTORS["inclusion"]) + len(VECTORS["consistency"]) == 199


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_vectors(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == VECTORS["roots"][size - 1]


@pytest.mark.parametrize("name", [one["name"] for one in VECTORS["inclusion"]])
def test_an_inclusion_proof_is_judged_as_the_vectors_say(name: str) -> None:
    one = NAMED[name]
    leaf, root, path = _bytes(one["leaf"]), _bytes(one["root"]), [_bytes(h) for h in one["path"]]
    assert verify_inclusion(leaf, one["index"], one["size"], path, root) == one["good"]


@pytest.mark.parametrize("name", [one["name"] for one in VECTORS["consistency"]])
def test_a_consistency_proof_is_judged_as_the_vectors_say(name: str) -> None:
    one = NAMED[name]
    root1, root2, path = (
        _bytes(one["root1"]),
        _bytes(one["root2"]),
        [_bytes(h) for h in one["path"]],
    )
    judged = verify_consistency(one["size1"], root1, one["size2"], root2, path)
    assert judged == one["good"]


def test_our_own_proofs_are_those_of_the_vectors() -> None:
    for one in VECTORS["inclusion"][16:]:
        if one["good"]:
            ranges = inclusion_ranges(one["index"], one["size"])
            assert [h.hex() for h in prove(_of_leaves, ranges)] == one["path"]
    for one in VECTORS["consistency"][13:]:
        if one["good"]:
            ranges = consistency_ranges(one["size1"], one["size2"])
            assert [h.hex() for h in prove(_of_leaves, ranges)] == one["path"]


def _of_leaves(span: tuple[int, int]) -> bytes:
    level, n = span
    return root_of(LEAVES[n << level : (n + 1) << level])


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text)
