"""Whether a witness signs a checkpoint: the request, the checks in their order, the answer."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from makegood.record.log.checkpoint import Checkpoint, parse_checkpoint
from makegood.record.log.note import Note, Signature, Verifier, parse_note, signed_by
from makegood.record.log.strict import Malformed, decode_hash, decode_lines, decode_number
from makegood.record.log.tree import verify_consistency

MOST_PROOF_LINES: Final = 63
LARGEST_REQUEST: Final = 64 * 1024

Logs: TypeAlias = Mapping[str, Sequence[Verifier]]
"""Origin → the keys that are trusted to sign for it."""


class AddCheckpoint(msgspec.Struct, frozen=True):
    """A request: the size that the sender believes we saw last, a proof, and the checkpoint."""

    old_size: int
    path: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


class Sign(msgspec.Struct, frozen=True):
    """All is well: keep this checkpoint, then sign it."""

    note: Note
    checkpoint: Checkpoint


class Refuse(msgspec.Struct, frozen=True):
    """The HTTP status, words for a person, and the size that a 409 states."""

    status: Literal[400, 403, 404, 409, 422]
    why: str
    latest_size: int | None = None


def parse_request(body: bytes) -> AddCheckpoint:
    """A request as it came in. Raises Malformed for any other spelling."""
    if len(body) > LARGEST_REQUEST:
        raise Malformed("too_large")
    head, gap, note = body.partition(b"\n\n")
    if not gap:
        raise Malformed("note")
    first, *proof = decode_lines(head + b"\n")
    word, _, size = first.partition(" ")
    if word != "old" or len(proof) > MOST_PROOF_LINES:
        raise Malformed("proof")
    parsed = parse_note(note)
    return AddCheckpoint(
        decode_number(size),
        tuple(decode_hash(line) for line in proof),
        parsed,
        parse_checkpoint(parsed.text),
    )


def origin_of(body: bytes) -> str:
    """The origin that a request names, or nothing when it cannot be read."""
    try:
        return parse_request(body).checkpoint.origin
    except Malformed:
        return ""


def judge(body: bytes, logs: Logs, latest: Checkpoint | None) -> Sign | Refuse:
    """The answer to a request, `latest` being the last checkpoint signed for its origin."""
    try:
        asked = parse_request(body)
    except Malformed as wrong:
        return Refuse(400, f"the request cannot be read: {wrong.reason}")
    keys = logs.get(asked.checkpoint.origin)
    if not keys:
        return Refuse(404, "this witness does not watch a log of this origin")
    signed = _signatures(asked.note, keys)
    if not signed:
        return Refuse(403, "no key that we trust has signed this checkpoint")
    believed = Sign(Note(asked.note.text, signed), asked.checkpoint)
    return _unfitting(asked, latest) or _inconsistent(asked, latest) or believed


def _signatures(note: Note, keys: Sequence[Verifier]) -> tuple[Signature, ...]:
    """The log's own signatures; what others put below the checkpoint is not kept."""
    try:
        return tuple(signed_by(note, keys).values())
    except Malformed:
        return ()


def _unfitting(asked: AddCheckpoint, latest: Checkpoint | None) -> Refuse | None:
    if asked.old_size > asked.checkpoint.size:
        return Refuse(400, "the old size is larger than the checkpoint's")
    known = latest.size if latest is not None else 0
    if asked.old_size != known:
        return Refuse(409, "another size was seen last", known)
    new = asked.checkpoint
    if latest is not None and latest.size == new.size and latest.root != new.root:
        return Refuse(409, "another root of the same size was seen", known)
    return None


def _inconsistent(asked: AddCheckpoint, latest: Checkpoint | None) -> Refuse | None:
    new, path = asked.checkpoint, list(asked.path)
    if asked.old_size == 0 or latest is None:
        holds = not path
    else:
        holds = verify_consistency(latest.size, latest.root, new.size, new.root, path)
    return None if holds else Refuse(422, "the checkpoint does not contain what was seen before")
