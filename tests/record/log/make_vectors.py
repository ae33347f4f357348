"""Writes fixtures/merkle_vectors.json: python -m tests.record.log.make_vectors

The facts are those of the public test data of transparency-dev/merkle (proof/verify_test.go):
a tree of eight leaves, eleven good proofs, and the ways in which each of them is spoiled.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "fixtures" / "merkle_vectors.json"
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
LEAVES.append("606162636465666768696a6b6c6d6e6f")
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
N01 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
N23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
N47 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
N4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
N67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
N45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
N6 = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"
INCLUSION = [
    (1, 1, []),
    (1, 8, [N01, N23, N47]),
    (6, 8, [N4, N67, ROOTS[3]]),
    (3, 3, [ROOTS[1]]),
    (2, 5, [ROOTS[0], N23, N4]),
]
"""(number of the leaf counted from 1, size, path)."""
CONSISTENCY = [
    (1, 1, []),
    (1, 8, [N01, N23, N47]),
    (6, 8, [N45, N67, ROOTS[3]]),
    (2, 5, [N23, N4]),
    (6, 7, [N45, N6, ROOTS[3]]),
]
EMPTY = sha256(b"").hexdigest()
SOME = "abacaba000000000000000000000000000000000000000000060061e00123456"
WRONG_LEAF, WRONG_ROOT = b"WrongLeaf".hex(), b"WrongRoot".hex()
DUMMY1, DUMMY2 = b"don't care 1".hex(), b"don't care 2".hex()
WRAP = 2**64

Vector = dict[str, Any]


def inclusion_vectors() -> Iterator[Vector]:
    """Every inclusion proof, good and spoiled."""
    data = _leaf("64617461")
    for place, (root, leaf) in enumerate(((data, data), (data, ""), ("", data), ("", ""))):
        yield _inclusion(f"single entry {place}", 0, 1, leaf, [], root, good=place == 0)
    for index, size in ((0, 0), (0, 1), (1, 0), (2, 1)):
        for place, (leaf, root) in enumerate(((SOME, ""), ("", EMPTY), (SOME, EMPTY))):
            yield _inclusion(f"probe {index} {size} {place}", index, size, leaf, [], root)
    for number, size, path in INCLUSION:
        leaf, root = _leaf(LEAVES[number - 1]), ROOTS[size - 1]
        yield _inclusion("happy path", number - 1, size, leaf, path, root, good=True)
        yield from _spoiled_inclusion(number - 1, size, leaf, path, root)


def consistency_vectors() -> Iterator[Vector]:
    """Every consistency proof, good and spoiled."""
    yield from _edge_cases()
    for size1, size2, path in CONSISTENCY:
        root1, root2 = ROOTS[size1 - 1], ROOTS[size2 - 1]
        yield _consistency("happy path", size1, size2, root1, root2, path, good=True)
        if path:
            yield from _spoiled_consistency(size1, size2, root1, root2, path)


def _spoiled_inclusion(
    index: int, size: int, leaf: str, path: list[str], root: str
) -> Iterator[Vector]:
    for name, other in (("- 1", (index - 1) % WRAP), ("+ 1", index + 1), ("^ 2", index ^ 2)):
        yield _inclusion(f"index {name}", other, size, leaf, path, root)
    yield _inclusion("size * 2", index, size * 2, leaf, path, root)
    yield _inclusion("size / 2", index, size // 2, leaf, path, root)
    yield _inclusion("wrong leaf", index, size, WRONG_LEAF, path, root)
    yield _inclusion("empty root", index, size, leaf, path, EMPTY)
    yield _inclusion("random root", index, size, leaf, path, SOME)
    for name, spoiled in _spoiled_paths(path, {"root": root}, bit=3):
        yield _inclusion(name, index, size, leaf, spoiled, root)
    if len(path) > 1:
        inserted = [path[0], SOME, *path[1:]]
        yield _inclusion("inserted component", index, size, leaf, inserted, root)


def _spoiled_consistency(
    size1: int, size2: int, root1: str, root2: str, path: list[str]
) -> Iterator[Vector]:
    for name, other in (("- 1", size1 - 1), ("+ 1", size1 + 1), ("^ 2", size1 ^ 2)):
        yield _consistency(f"size1 {name}", other, size2, root1, root2, path)
    yield _consistency("size2 * 2", size1, size2 * 2, root1, root2, path)
    yield _consistency("size2 / 2", size1, size2 // 2, root1, root2, path)
    yield _consistency("wrong root1", size1, size2, WRONG_ROOT, root2, path)
    yield _consistency("wrong root2", size1, size2, root1, WRONG_ROOT, path)
    yield _consistency("swapped roots", size1, size2, root2, root1, path)
    yield _consistency("empty proof", size1, size2, root1, root2, [])
    extra = {"root1": root1, "root2": root2, "own first hash": path[0]}
    for name, spoiled in _spoiled_paths(path, extra, bit=4):
        yield _consistency(name, size1, size2, root1, root2, spoiled)


def _spoiled_paths(
    path: list[str], extra: dict[str, str], bit: int
) -> Iterator[tuple[str, list[str]]]:
    for name, added in {"garbage": "", **extra}.items():
        yield f"trailing {name}", [*path, added]
        yield f"preceding {name}", [added, *path]
    for place, one in enumerate(path):
        flipped = f"{int(one[:2], 16) ^ (1 << bit):02x}{one[2:]}"
        yield f"modified hash {place}", [*path[:place], flipped, *path[place + 1 :]]
    if path:
        yield "truncated", path[:-1]


def _edge_cases() -> Iterator[Vector]:
    cases: list[tuple[int, int, str, str, list[str], bool]] = [
        (0, 0, DUMMY1, DUMMY2, [], False),
        (1, 1, DUMMY1, DUMMY2, [], False),
        (0, 0, DUMMY1, DUMMY1, [], True),
        (0, 1, DUMMY1, DUMMY2, [], True),
        (1, 1, DUMMY2, DUMMY2, [], True),
        (1, 0, DUMMY1, DUMMY2, [], False),
        (2, 1, DUMMY1, DUMMY2, [], False),
        (1, 2, DUMMY1, DUMMY2, [], False),
        (0, 0, EMPTY, DUMMY2, [], False),
        (1, 1, EMPTY, DUMMY2, [], False),
        (0, 0, EMPTY, EMPTY, [EMPTY], False),
        (0, 1, EMPTY, EMPTY, [EMPTY], False),
        (1, 1, EMPTY, EMPTY, [EMPTY], False),
    ]
    for place, (size1, size2, root1, root2, path, good) in enumerate(cases):
        yield _consistency(f"edge {place}", size1, size2, root1, root2, path, good=good)


def _inclusion(
    name: str, index: int, size: int, leaf: str, path: list[str], root: str, *, good: bool = False
) -> Vector:
    kind = f"inclusion {index} in {size}: {name}"
    return {"name": kind, "index": index, "size": size, "leaf": leaf, "path": path} | {
        "root": root,
        "good": good,
    }


def _consistency(
    name: str,
    size1: int,
    size2: int,
    root1: str,
    root2: str,
    path: list[str],
    *,
    good: bool = False,
) -> Vector:
    kind = f"consistency {size1} to {size2}: {name}"
    return {"name": kind, "size1": size1, "root1": root1, "size2": size2, "root2": root2} | {
        "path": path,
        "good": good,
    }


def _leaf(entry: str) -> str:
    return sha256(b"\x00" + bytes.fromhex(entry)).hexdigest()


def main() -> None:
    """Write the file: hashes in hex, one vector a line."""
    FILE.parent.mkdir(exist_ok=True)
    parts: dict[str, list[Any]] = {
        "leaves": LEAVES,
        "roots": ROOTS,
        "inclusion": list(inclusion_vectors()),
        "consistency": list(consistency_vectors()),
    }
    rows = {
        name: ",\n".join(json.dumps(one, separators=(",", ":")) for one in part)
        for name, part in parts.items()
    }
    body = ",\n".join(f'"{name}":[\n{text}\n]' for name, text in rows.items())
    FILE.write_text("{" + body + "}\n", "utf-8")


if __name__ == "__main__":
    main()
