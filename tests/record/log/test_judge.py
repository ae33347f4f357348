"""Software that we did not write accepts our checkpoints, tiles, bundles and proofs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.record_proofs import Built, build
from makegood.record.log.note import COSIGNATURE_V1, Ed25519Signer, Verifier, cosign, parse_note
from makegood.record.log.publish import publish
from makegood.record.log.sequencer import run_rounds
from makegood.record.log.tiles import reader_of, root_at
from makegood.record.log.tree import consistency_ranges, inclusion_ranges, prove
from makegood.store.database import Database
from tests.record.log.rooms import MARKET, ORIGIN, add_streams, log_room

ROOT = Path(__file__).parents[3]
JUDGE = Path(__file__).parent / "judge" / "judge.py"
PACKAGES = ROOT / ".cache" / "judge"
WITNESS = Ed25519Signer("witness.example", bytes(range(32)), COSIGNATURE_V1)
SIZE = 66_000
"""Past 65,536 there is a full tile above the leaves."""
INDEXES = [0, 1, 255, 256, 257, 4095, 65_535, 65_536, 65_999, *range(3, SIZE, 9001)]
OLD_SIZES = [1, 2, 255, 256, 300, 65_535, 65_536, 65_537, 66_000, *range(7, SIZE, 17_011)]


@pytest.fixture(scope="module")
def judge() -> Path:
    """The judge's own code."""
    assert PACKAGES.is_dir(), "./check installs the judge; run it once"
    return PACKAGES


def test_a_large_log_and_our_proofs_of_it_are_accepted(tmp_path: Path, judge: Path) -> None:
    built = build(tmp_path, SIZE)
    cosigned(tmp_path)
    said = verdict(judge, tmp_path, built.signer.verifier, list(our_proofs(built)))
    assert said == {
        "size": SIZE,
        "tiles": 258 + 2 + 1,
        "bundles": 258,
        "inclusion": len(INDEXES),
        "consistency": len(OLD_SIZES),
    }


async def test_what_the_product_publishes_is_accepted(
    db: Database, tmp_path: Path, judge: Path
) -> None:
    room = log_room(db, tmp_path)
    async with db.connection() as conn:
        await add_streams(conn, 2, 270, 3)
    await run_rounds(room)
    (key,) = room.keys.open(MARKET, ORIGIN).verifiers
    await publish(db, room.published, MARKET, [key])
    cosigned(room.published / MARKET)
    said = verdict(judge, room.published / MARKET, key, [])
    assert (said["size"], said["tiles"], said["bundles"]) == (275, 3, 2)


def test_a_spoiled_log_is_not_accepted(tmp_path: Path, judge: Path) -> None:
    built = build(tmp_path, 300)
    cosigned(tmp_path)
    tile = tmp_path / "tile" / "0" / "000"
    tile.write_bytes(tile.read_bytes()[::-1])
    with pytest.raises(AssertionError, match="verdict against us"):
        verdict(judge, tmp_path, built.signer.verifier, [])


def cosigned(folder: Path) -> None:
    """A witness signs the checkpoint."""
    path = folder / "checkpoint"
    path.write_bytes(bytes(cosign(parse_note(path.read_bytes()), WITNESS, 1_790_000_000)))


def our_proofs(built: Built) -> Iterator[dict[str, Any]]:
    """Proofs of entries, and of the log's growth, as our code makes them."""
    hash_of = reader_of(built.tiles)
    for index in INDEXES:
        path = prove(hash_of, inclusion_ranges(index, SIZE))
        yield {"index": index, "leaf": built.leaves[index].hex(), "path": [h.hex() for h in path]}
    for old_size in OLD_SIZES:
        path = prove(hash_of, consistency_ranges(old_size, SIZE))
        root = root_at(built.tiles, old_size).hex()
        yield {"old_size": old_size, "old_root": root, "path": [h.hex() for h in path]}


def verdict(
    judge: Path, folder: Path, key: Verifier, proofs: Sequence[dict[str, Any]]
) -> dict[str, int]:
    """What the judge says, in a process of its own."""
    ran = subprocess.run(
        [sys.executable, str(JUDGE), str(folder), str(key), str(WITNESS.verifier)],
        input="\n".join(json.dumps(proof) for proof in proofs),
        env={**os.environ, "PYTHONPATH": str(judge)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"verdict against us: {ran.stderr}"
    said: dict[str, int] = json.loads(ran.stdout)
    return said
