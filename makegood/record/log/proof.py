"""Proof files (C2SP tlog-proof): one text that proves, offline, that an entry is in a log."""

from collections.abc import Sequence
from typing import Final

import msgspec

from makegood.record.log.checkpoint import Checkpoint
from makegood.record.log.note import LARGEST_NOTE
from makegood.record.log.policy import Policy, SeenCheckpoint, check_checkpoint
from makegood.record.log.strict import (
    Malformed,
    decode_base64,
    decode_hash,
    decode_lines,
    decode_number,
    encode_base64,
)
from makegood.record.log.tree import LONGEST_PATH, verify_inclusion

HEADER: Final = "c2sp.org/tlog-proof@v1"
SUFFIX: Final = ".tlog-proof"
LARGEST_PROOF: Final = 2 * LARGEST_NOTE


class TlogProof(msgspec.Struct, frozen=True):
    """An entry's place in a log, the path from there to the root, and the signed checkpoint."""

    index: int
    path: Sequence[bytes]
    checkpoint: bytes
    """The whole signed note, cosignatures included."""
    extra: bytes | None = None
    """Not part of what is proven. Ours is the entry's receipt, which bears a signature itself."""

    def __bytes__(self) -> bytes:
        """The file's content."""
        extra = [] if self.extra is None else [f"extra {encode_base64(self.extra)}"]
        hashes = [encode_base64(one) for one in self.path]
        lines = [HEADER, *extra, f"index {self.index}", *hashes, ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint


def parse_proof(content: bytes) -> TlogProof:
    """A proof file. Raises Malformed unless its bytes are the only spelling of what they say."""
    if len(content) > LARGEST_PROOF:
        raise Malformed("too_large")
    above, gap, checkpoint = content.partition(b"\n\n")
    if not gap:
        raise Malformed("proof")
    lines = decode_lines(above + b"\n")
    if lines[0] != HEADER:
        raise Malformed("proof")
    extra, rest = _take_extra(lines[1:])
    if not rest or not rest[0].startswith("index "):
        raise Malformed("proof")
    if len(rest) - 1 > LONGEST_PATH:
        raise Malformed("path_length")
    index = decode_number(rest[0].removeprefix("index "))
    return TlogProof(index, tuple(decode_hash(line) for line in rest[1:]), checkpoint, extra)


def verify_proof(
    content: bytes, leaf: bytes, policy: Policy, *, known_only: bool = False
) -> SeenCheckpoint:
    """Believe that the log of a policy holds this leaf hash; answers which checkpoint says so.

    `known_only` refuses signatures of keys that the policy does not name. Raises Malformed
    with the reason when anything at all does not fit.
    """
    proof = parse_proof(content)
    seen = check_checkpoint(proof.checkpoint, policy, known_only=known_only)
    require_inclusion(proof, leaf, seen.checkpoint)
    return seen


def require_inclusion(proof: TlogProof, leaf: bytes, checkpoint: Checkpoint) -> None:
    """Follow the path from a leaf hash to the root. Raises Malformed: `index` or `path`."""
    if proof.index >= checkpoint.size:
        raise Malformed("index")
    if not verify_inclusion(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root):
        raise Malformed("path")


def _take_extra(lines: list[str]) -> tuple[bytes | None, list[str]]:
    if lines and lines[0].startswith("extra "):
        return decode_base64(lines[0].removeprefix("extra ")), lines[1:]
    return None, lines
