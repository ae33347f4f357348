"""Reading what strangers hand in: one spelling of everything, and a reason when it is refused."""

import binascii
import re
from typing import Final

from makegood.record.log.tree import HASH_BYTES

LARGEST_SIZE: Final = 2**63 - 1
"""The largest tree size or index that the text formats may name."""

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


class Malformed(Exception):
    """Bytes that are not exactly what their format says; `reason` is a short code for people.

    The reasons are a closed list (`REASONS`), so that every reader can be told in words.
    """

    def __init__(self, reason: str) -> None:
        assert reason in REASONS, reason
        super().__init__(REASONS[reason])
        self.reason = reason


REASONS: Final = {
    "base64": "not canonical base64",
    "hash": "not a hash of 32 bytes",
    "number": "not a decimal number without leading zeros",
    "text": "not UTF-8 text in lines that end with a newline",
    "note": "not a signed note: text, an empty line, signatures",
    "signature_line": "not a signature line",
    "key": "not a verifier key",
    "key_name": "not a key name",
    "duplicate_signature": "two signatures of one key",
    "unknown_signature": "a signature of a key that nobody named",
    "wrong_signature": "a signature of a known key that does not fit",
    "checkpoint": "not a checkpoint: origin, size, root",
    "origin": "a checkpoint of another log",
    "proof": "not a proof file",
    "path_length": "more hashes than a path can have",
    "path": "the path does not lead to the signed root",
    "index": "an index outside the tree",
    "policy": "not a policy file",
    "not_signed": "not signed by the log",
    "quorum": "too few witnesses have signed",
    "tile": "not a tile or entry bundle",
    "receipt": "not a receipt",
    "statement": "not a statement of the log",
    "too_large": "larger than anything we would write",
}
"""Every reason in plain words, for logs and the command line."""


def decode_base64(text: str) -> bytes:
    """Standard base64 in its one canonical spelling, padding included."""
    try:
        content = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as wrong:
        raise Malformed("base64") from wrong
    if encode_base64(content) != text:
        raise Malformed("base64")
    return content


def encode_base64(content: bytes) -> str:
    """Standard base64 with padding."""
    return binascii.b2a_base64(content, newline=False).decode("ascii")


def decode_hash(text: str) -> bytes:
    """A SHA-256 hash in base64."""
    content = decode_base64(text)
    if len(content) != HASH_BYTES:
        raise Malformed("hash")
    return content


def decode_number(text: str) -> int:
    """A decimal from 0 to 2**63 - 1 without sign, leading zeros or other digits than ASCII."""
    if not _DECIMAL.fullmatch(text) or int(text) > LARGEST_SIZE:
        raise Malformed("number")
    return int(text)


def value_of(line: str, word: str, reason: str) -> str:
    """What follows a line's first word, which must be this one."""
    if not line.startswith(word):
        raise Malformed(reason)
    return line.removeprefix(word)


def decode_lines(content: bytes) -> list[str]:
    """The lines of a text: UTF-8, no control characters, each line ended by one newline."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as wrong:
        raise Malformed("text") from wrong
    if not text.endswith("\n") or _CONTROL.search(text):
        raise Malformed("text")
    return text[:-1].split("\n")
