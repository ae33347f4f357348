"""Proofs and checks at a million entries: in the database, and offline from files."""

import random
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.common import Report, tell
from benchmarks.record_load import MARKET, ORIGIN
from makegood.record.log import store
from makegood.record.log.checkpoint import Checkpoint
from makegood.record.log.note import Ed25519Signer, sign_note
from makegood.record.log.offline import verify_folder
from makegood.record.log.policy import policy_of
from makegood.record.log.proof import TlogProof, verify_proof
from makegood.record.log.publish import CHECKPOINT
from makegood.record.log.reading import prove_entry
from makegood.record.log.tiles import (
    TILE_WIDTH,
    TileId,
    encode_bundle,
    entries_path,
    grow,
    tile_path,
)
from makegood.record.log.tree import EMPTY_ROOT, HASH_BYTES, leaf_hash, verify_inclusion
from makegood.record.rules import NO_ENTRY, Entry
from makegood.sources import SystemClock
from makegood.store.database import Connection, Database

STREAM_LENGTH: Final = 10
_encoder: Final = msgspec.json.Encoder(order="deterministic")


class Built(msgspec.Struct, frozen=True):
    """A log made for measuring."""

    signer: Ed25519Signer
    tiles: dict[TileId, bytes]
    leaves: list[bytes]
    root: bytes

    @property
    def note(self) -> bytes:
        """Its signed checkpoint."""
        text = bytes(Checkpoint(ORIGIN, len(self.leaves), self.root))
        return bytes(sign_note(text, [self.signer]))


def entries(count: int) -> Iterator[bytes]:
    """Entries of the real form: streams of ten events with eight commitments each."""
    chance = random.Random(1)
    names = [f"field_{n}" for n in range(8)]
    stream, prev = b"", NO_ENTRY
    for number in range(count):
        seq = number % STREAM_LENGTH + 1
        if seq == 1:
            stream, prev = chance.randbytes(16), NO_ENTRY
        drawn = chance.randbytes(HASH_BYTES * len(names))
        entry = _encoder.encode(
            Entry(
                actor_role="buyer",
                at="2026-11-21T08:00:00.123456Z",
                commitments={
                    name: drawn[HASH_BYTES * n : HASH_BYTES * (n + 1)]
                    for n, name in enumerate(names)
                },
                name="message_sent",
                prev=prev,
                public={},
                schema_version=1,
                seq=seq,
                stream=stream,
            )
        )
        prev = leaf_hash(entry)
        yield entry


def build(folder: Path, size: int) -> Built:
    """Write a log of this size as static files, and keep its tree."""
    tiles: dict[TileId, bytes] = {}
    leaves: list[bytes] = []
    source, root = entries(size), EMPTY_ROOT
    for n in range(-(-size // TILE_WIDTH)):
        bundle = list(islice(source, TILE_WIDTH))
        fresh = [leaf_hash(entry) for entry in bundle]
        grown = grow(tiles, len(leaves), fresh)
        tiles |= grown.tiles
        leaves += fresh
        root = grown.root
        _write(folder / entries_path(n, len(bundle)), encode_bundle(bundle))
        if n % 100 == 0:
            tell(f"a log of {size}: {100 * len(leaves) // size:3d} %")
    for tile, hashes in tiles.items():
        _write(folder / tile_path(tile, len(hashes) // HASH_BYTES), hashes)
    built = Built(Ed25519Signer(ORIGIN, sha256(b"bench").digest()), tiles, leaves, root)
    _write(folder / CHECKPOINT, built.note)
    tell("")
    return built


async def measure_proofs(db: Database, folder: Path, size: int, looks: int, report: Report) -> None:
    """Make, check and believe proofs at this size; then check the whole copy offline."""
    built = build(folder, size)
    async with db.transaction() as tx:
        await _store(tx, built)
    chance = random.Random(2)
    places = [chance.randrange(size) for _ in range(looks)]
    began, cpu = time.perf_counter(), time.process_time()
    async with db.connection() as conn:
        proofs = [await prove_entry(conn, MARKET, idx) for idx in places]
    report.add("proof_ms", 1000 * (time.perf_counter() - began) / looks, "< 2")
    report.add("proof_cpu_ms", 1000 * (time.process_time() - cpu) / looks)
    known = [proof for proof in proofs if proof is not None]
    report.add("proofs", len(known), f"= {looks}")
    _verify(built, known, report)
    began, cpu = time.monotonic(), time.process_time()
    found = verify_folder(folder, policy_of(built.signer.verifier))
    seconds = time.monotonic() - began
    report.add("offline_faults", len(found.faults), "= 0")
    report.add("offline_seconds_per_million", seconds * 1e6 / size, "< 20")
    report.add("offline_cpu_seconds_per_million", (time.process_time() - cpu) * 1e6 / size)


def _verify(built: Built, proofs: list[TlogProof], report: Report) -> None:
    size, policy = len(built.leaves), policy_of(built.signer.verifier)

    def path(proof: TlogProof) -> bool:
        return verify_inclusion(
            built.leaves[proof.index], proof.index, size, proof.path, built.root
        )

    def whole(proof: TlogProof) -> bool:
        return bool(verify_proof(bytes(proof), built.leaves[proof.index], policy))

    report.add("path_us", _microseconds(path, proofs), "< 100")
    report.add("signature_and_path_us", _microseconds(whole, proofs), "< 400")


def _microseconds(check: Callable[[TlogProof], bool], proofs: list[TlogProof]) -> float:
    """CPU time of one check, in microseconds."""
    began = time.process_time()
    assert all(check(proof) for proof in proofs), "every proof of ours holds"
    return (time.process_time() - began) * 1e6 / len(proofs)


async def _store(tx: Connection, built: Built) -> None:
    size = len(built.leaves)
    await store.create_head(tx, MARKET, ORIGIN)
    await store.put_tiles(tx, MARKET, built.tiles)
    await store.grow_head(tx, MARKET, size, built.root)
    await store.put_note(tx, MARKET, size, built.note, SystemClock().now())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
