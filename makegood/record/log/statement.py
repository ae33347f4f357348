"""Signed statements of the log about itself: a restart after an honest restore."""

from datetime import datetime
from typing import Final

import msgspec

from makegood.base.time import rfc3339
from makegood.record.log.checkpoint import Checkpoint
from makegood.record.log.guard import Restarted
from makegood.record.log.note import Note, Verifier, parse_note, signed_by
from makegood.record.log.strict import (
    Malformed,
    decode_hash,
    decode_lines,
    decode_number,
    encode_base64,
    value_of,
)
from makegood.record.log.tree import EMPTY_ROOT

HEADER: Final = "makegood.restart/v1"
LONGEST_REASON: Final = 500
_LINES: Final = 7


class Restart(msgspec.Struct, frozen=True, kw_only=True):
    """The operator gives up a checkpoint: which, for which state, when and why."""

    origin: str
    epoch: int
    """The epoch that begins; the first one of a log is 1."""
    old: Checkpoint | None
    """The last checkpoint that was signed before; None when nobody knows it any more."""
    new: Checkpoint
    at: str
    reason: str

    def __bytes__(self) -> bytes:
        """The text that is signed."""
        lines = (
            HEADER,
            self.origin,
            f"epoch {self.epoch}",
            f"old {_state(self.old)}",
            f"new {_state(self.new)}",
            f"at {self.at}",
            f"reason {self.reason}",
        )
        return "".join(f"{line}\n" for line in lines).encode()

    @property
    def stated_at(self) -> datetime:
        """When it was signed."""
        return datetime.fromisoformat(self.at)

    @property
    def restarted(self) -> Restarted:
        """What the guard needs of it."""
        return Restarted(self.old, self.new)


def restart_of(
    epoch: int, old: Checkpoint | None, new: Checkpoint, at: datetime, reason: str
) -> Restart:
    """A statement to sign. The reason is one line of public text."""
    assert is_reason(reason), "one printable line"
    return Restart(origin=new.origin, epoch=epoch, old=old, new=new, at=rfc3339(at), reason=reason)


def is_reason(text: str) -> bool:
    """Whether a text can stand in a statement: one printable line."""
    return text.isprintable() and 0 < len(text.strip()) <= LONGEST_REASON


def parse_restart(note: Note) -> Restart:
    """The statement in a note. Raises Malformed unless it is exactly what we would write."""
    lines = decode_lines(note.text)
    if len(lines) != _LINES or lines[0] != HEADER:
        raise Malformed("statement")
    origin = lines[1]
    found = Restart(
        origin=origin,
        epoch=decode_number(value_of(lines[2], "epoch ", "statement")),
        old=_parse_state(origin, value_of(lines[3], "old ", "statement")),
        new=_known_state(origin, value_of(lines[4], "new ", "statement")),
        at=value_of(lines[5], "at ", "statement"),
        reason=value_of(lines[6], "reason ", "statement"),
    )
    if bytes(found) != note.text:
        raise Malformed("statement")
    return found


def verify_restart(content: bytes, keys: tuple[Verifier, ...]) -> Restart:
    """The statement in a signed note of one of these log keys."""
    note = parse_note(content)
    restart = parse_restart(note)
    if not signed_by(note, [key for key in keys if key.name == restart.origin]):
        raise Malformed("not_signed")
    return restart


def _state(checkpoint: Checkpoint | None) -> str:
    if checkpoint is None:
        return "unknown"
    return f"{checkpoint.size} {encode_base64(checkpoint.root)}"


def _parse_state(origin: str, text: str) -> Checkpoint | None:
    return None if text == "unknown" else _known_state(origin, text)


def _known_state(origin: str, text: str) -> Checkpoint:
    size, _, root = text.partition(" ")
    found = Checkpoint(origin, decode_number(size), decode_hash(root))
    if (found.size == 0) != (found.root == EMPTY_ROOT):
        raise Malformed("statement")
    return found
