"""The published vectors of Merkle proofs, answered by the offline page's script as by Python."""

from base64 import b64encode
from pathlib import Path

import msgspec

from makegood.record.log.tree import verify_inclusion
from tests.verify.javascript import JavaScript

VECTORS = Path(__file__).parents[1] / "record" / "log" / "fixtures" / "merkle_vectors.json"


class Vector(msgspec.Struct):
    """One proof of the public test data, and whether it is a true one."""

    name: str
    index: int
    size: int
    leaf: str
    path: list[str]
    root: str
    good: bool


class Vectors(msgspec.Struct):
    """The part of the file that this test reads."""

    inclusion: list[Vector]


def in_script(vector: Vector) -> dict[str, object]:
    """A vector as the script is asked."""

    def spelled(text: str) -> str:
        return b64encode(bytes.fromhex(text)).decode()

    return {
        "vector": {
            "index": str(vector.index),
            "size": str(vector.size),
            "leaf": spelled(vector.leaf),
            "path": [spelled(one) for one in vector.path],
            "root": spelled(vector.root),
        }
    }


def test_both_verifiers_agree_with_every_published_vector(script: JavaScript) -> None:
    vectors = msgspec.json.decode(VECTORS.read_bytes(), type=Vectors).inclusion
    wrong = []
    for one in vectors:
        parts = [bytes.fromhex(text) for text in (one.leaf, one.root, *one.path)]
        ours = verify_inclusion(parts[0], one.index, one.size, parts[2:], parts[1])
        theirs = script.ask(in_script(one))["good"]
        if not ours == theirs == one.good:
            wrong.append(one.name)
    assert len(vectors) > 90
    assert wrong == []
