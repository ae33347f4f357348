"""Receipts: the log's signed promise that an event will be merged, handed to who caused it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from makegood.base.ids import CROCKFORD
from makegood.base.time import rfc3339
from makegood.record.log.note import Note, Signer, Verifier, parse_note, sign_note, signed_by
from makegood.record.log.strict import (
    Malformed,
    decode_base64,
    decode_hash,
    decode_lines,
    decode_number,
    encode_base64,
    value_of,
)
from makegood.record.rules import PSEUDONYM_BYTES, SealedEvent

HEADER: Final = "makegood.receipt/v1"
MERGE_WITHIN: Final = timedelta(seconds=60)
NUMBER_BYTES: Final = 5
_NUMBER_LETTERS: Final = 8
_LINES: Final = 7


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What was promised: this entry, of this stream, will be in this log by then."""

    origin: str
    leaf_hash: bytes
    stream: bytes
    """The stream's pseudonym."""
    seq: int
    at: str
    merge_by: str

    @property
    def number(self) -> str:
        """The short number, for people: `7K3Q-FX2M`."""
        return number_of(self.leaf_hash)

    def __bytes__(self) -> bytes:
        """The text that is signed."""
        lines = (
            HEADER,
            self.origin,
            f"number {self.number}",
            f"entry {encode_base64(self.leaf_hash)}",
            f"stream {encode_base64(self.stream)} {self.seq}",
            f"at {self.at}",
            f"merge-by {self.merge_by}",
        )
        return "".join(f"{line}\n" for line in lines).encode()


def receipt_of(event: SealedEvent, origin: str) -> Receipt:
    """The receipt of a stored event. It follows from the event, so it need not be kept."""
    return Receipt(
        origin=origin,
        leaf_hash=event.entry_hash,
        stream=event.pseudonym,
        seq=event.version,
        at=rfc3339(event.at),
        merge_by=rfc3339(event.at + MERGE_WITHIN),
    )


def sign_receipt(receipt: Receipt, signers: Iterable[Signer]) -> bytes:
    """The receipt as a file: a note signed by the log. Only ever after the event's commit."""
    return bytes(sign_note(bytes(receipt), signers))


def parse_receipt(note: Note) -> Receipt:
    """The receipt in a note. Raises Malformed unless it is exactly what we would write."""
    lines = decode_lines(note.text)
    if len(lines) != _LINES or lines[0] != HEADER:
        raise Malformed("receipt")
    stream, _, seq = value_of(lines[4], "stream ", "receipt").partition(" ")
    found = Receipt(
        origin=lines[1],
        leaf_hash=decode_hash(value_of(lines[3], "entry ", "receipt")),
        stream=decode_base64(stream),
        seq=decode_number(seq),
        at=value_of(lines[5], "at ", "receipt"),
        merge_by=value_of(lines[6], "merge-by ", "receipt"),
    )
    if bytes(found) != note.text or len(found.stream) != PSEUDONYM_BYTES:
        raise Malformed("receipt")
    if _time(found.merge_by) - _time(found.at) != MERGE_WITHIN:
        raise Malformed("receipt")
    return found


def verify_receipt(content: bytes, keys: Sequence[Verifier]) -> Receipt:
    """The receipt in a note that one of these log keys has signed. Raises Malformed."""
    note = parse_note(content)
    receipt = parse_receipt(note)
    if not signed_by(note, [key for key in keys if key.name == receipt.origin]):
        raise Malformed("not_signed")
    return receipt


def number_of(leaf_hash: bytes) -> str:
    """The short number of an entry: its hash's first 40 bits. Two entries may share one."""
    value = int.from_bytes(leaf_hash[:NUMBER_BYTES], "big")
    letters = "".join(
        CROCKFORD[value >> 5 * place & 31] for place in reversed(range(_NUMBER_LETTERS))
    )
    return f"{letters[:4]}-{letters[4:]}"


def parse_number(text: str) -> bytes | None:
    """The first bytes of the hash behind a number as people type it; None when it is none."""
    letters = text.upper().replace("-", "").replace(" ", "")
    letters = letters.translate(str.maketrans("OIL", "011"))
    if len(letters) != _NUMBER_LETTERS or any(letter not in CROCKFORD for letter in letters):
        return None
    value = 0
    for letter in letters:
        value = value << 5 | CROCKFORD.index(letter)
    return value.to_bytes(NUMBER_BYTES, "big")


def _time(text: str) -> datetime:
    """A time as `rfc3339` writes it."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None or rfc3339(at.astimezone(UTC)) != text:
            raise Malformed("receipt")
    except (ValueError, OverflowError) as wrong:
        raise Malformed("receipt") from wrong
    return at
