"""Checkpoints (C2SP tlog-checkpoint): which log, how many entries, which root."""

import msgspec

from makegood.record.log.note import checked_name
from makegood.record.log.strict import (
    Malformed,
    decode_hash,
    decode_lines,
    decode_number,
    encode_base64,
)
from makegood.record.log.tree import EMPTY_ROOT


class Checkpoint(msgspec.Struct, frozen=True):
    """The state of a log that its signature commits to."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """Further lines of other people's logs; we write none."""

    def __bytes__(self) -> bytes:
        """The text of the note that carries it."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()


def parse_checkpoint(text: bytes, origin: str | None = None) -> Checkpoint:
    """The checkpoint in a note's text; of this origin, when one is given.

    Raises Malformed for any other spelling, an empty tree with another root than the empty
    one, and a checkpoint of another log.
    """
    lines = decode_lines(text)
    if len(lines) < 3 or "" in lines:
        raise Malformed("checkpoint")
    named, size, root = lines[0], decode_number(lines[1]), decode_hash(lines[2])
    if (size == 0) != (root == EMPTY_ROOT):
        raise Malformed("checkpoint")
    if origin is not None and named != origin:
        raise Malformed("origin")
    return Checkpoint(named, size, root, tuple(lines[3:]))


def checked_origin(origin: str) -> str:
    """An origin that can also be the name of the log's key."""
    return checked_name(origin)
