"""Signed notes (C2SP signed-note): text, an empty line, and signatures by named Ed25519 keys."""

import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from makegood.record.log.strict import (
    Malformed,
    decode_base64,
    decode_lines,
    encode_base64,
)

ED25519: Final = 0x01
"""The key signs the note's text itself: a log's key."""
COSIGNATURE_V1: Final = 0x04
"""The key signs `cosignature/v1`, a time and the text (C2SP tlog-cosignature): a witness's key."""

LARGEST_NOTE: Final = 64 * 1024
MOST_SIGNATURES: Final = 64
_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_TIME_BYTES: Final = 8
_DASH: Final = "— "
_NO_NAME: Final = re.compile(r"[\s+\x00-\x20]")
_KEYS_KEPT: Final = 256


class Verifier(msgspec.Struct, frozen=True):
    """A public key with its name and kind: what somebody pins to know a log or witness again."""

    name: str
    kind: int
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that a signature line carries: they find a key and prove nothing."""
        return _key_id(self.name, self.kind, self.public_key)

    def __str__(self) -> str:
        """The verifier key as text: `name+id+key`."""
        key = encode_base64(bytes([self.kind]) + self.public_key)
        return f"{self.name}+{self.key_id.hex()}+{key}"


class Signature(msgspec.Struct, frozen=True):
    """One signature line, not checked yet."""

    name: str
    key_id: bytes
    content: bytes
    """The signature; for a cosignature eight bytes of time come first."""

    @property
    def time(self) -> int:
        """Seconds since 1970 that a cosignature states; 0 when it is none."""
        timed = len(self.content) == _TIME_BYTES + _SIGNATURE_BYTES
        return int.from_bytes(self.content[:_TIME_BYTES], "big") if timed else 0


class Note(msgspec.Struct, frozen=True):
    """A text, ending with a newline, and the signatures below it."""

    text: bytes
    signatures: tuple[Signature, ...] = ()

    def __bytes__(self) -> bytes:
        """The note as it is written."""
        lines = [
            f"{_DASH}{one.name} {encode_base64(one.key_id + one.content)}\n"
            for one in self.signatures
        ]
        return self.text + b"\n" + "".join(lines).encode()


class Signer(Protocol):
    """Holds a private key, in memory or elsewhere, and signs bytes with it."""

    @property
    def verifier(self) -> Verifier:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature."""


class Ed25519Signer:
    """A key held in memory, made from its 32 secret bytes."""

    def __init__(self, name: str, seed: bytes, kind: int = ED25519) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        public_key = self._key.public_key().public_bytes_raw()
        self._verifier = Verifier(checked_name(name), kind, public_key)

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return self._verifier

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature."""
        return self._key.sign(message)


def sign_note(text: bytes, signers: Iterable[Signer]) -> Note:
    """A note over a text, signed by log keys (kind ED25519)."""
    decode_lines(text)
    return Note(text, tuple(_signed(text, signer) for signer in signers))


def cosign(note: Note, signer: Signer, time: int) -> Note:
    """The same note with a witness's signature (kind COSIGNATURE_V1) at a time in seconds."""
    verifier = signer.verifier
    content = time.to_bytes(_TIME_BYTES, "big") + signer.sign(_cosigned(note.text, time))
    added = Signature(verifier.name, verifier.key_id, content)
    return msgspec.structs.replace(note, signatures=(*note.signatures, added))


def parse_note(content: bytes) -> Note:
    """A note as somebody handed it in. Raises Malformed unless its bytes are the only spelling."""
    if len(content) > LARGEST_NOTE:
        raise Malformed("too_large")
    text, gap, below = content.rpartition(b"\n\n")
    if not gap or not text:
        raise Malformed("note")
    decode_lines(text + b"\n")
    signatures = tuple(_parse_line(line) for line in decode_lines(below))
    if len(signatures) > MOST_SIGNATURES:
        raise Malformed("note")
    if len({(one.name, one.key_id) for one in signatures}) != len(signatures):
        raise Malformed("duplicate_signature")
    return Note(text + b"\n", signatures)


def parse_signature_lines(content: bytes) -> tuple[Signature, ...]:
    """Signature lines alone, as a witness answers them."""
    if len(content) > LARGEST_NOTE:
        raise Malformed("too_large")
    return tuple(_parse_line(line) for line in decode_lines(content))


def parse_verifier(text: str) -> Verifier:
    """A verifier key `name+id+key` of a kind that we know."""
    name, _, rest = text.partition("+")
    hexed, _, key = rest.partition("+")
    content = decode_base64(key)
    if len(content) != 1 + _KEY_BYTES or content[0] not in (ED25519, COSIGNATURE_V1):
        raise Malformed("key")
    verifier = Verifier(checked_name(name), content[0], content[1:])
    if hexed != verifier.key_id.hex():
        raise Malformed("key")
    return verifier


def signed_by(note: Note, verifiers: Iterable[Verifier]) -> dict[Verifier, Signature]:
    """Which of these keys have signed, with their signatures.

    Signatures of unknown keys are passed over. One that carries the name and id of a known key
    and does not fit raises Malformed: such a note was tampered with.
    """
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    found: dict[Verifier, Signature] = {}
    for signature in note.signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is None:
            continue
        if not fits(note.text, verifier, signature):
            raise Malformed("wrong_signature")
        found[verifier] = signature
    return found


def fits(text: bytes, verifier: Verifier, signature: Signature) -> bool:
    """Whether this is the key's signature on the text."""
    content, message = signature.content, text
    if verifier.kind == COSIGNATURE_V1:
        if len(content) != _TIME_BYTES + _SIGNATURE_BYTES:
            return False
        content, message = content[_TIME_BYTES:], _cosigned(text, signature.time)
    if len(content) != _SIGNATURE_BYTES:
        return False
    try:
        _public_key(verifier.public_key).verify(content, message)
    except InvalidSignature:
        return False
    return True


def checked_name(name: str) -> str:
    """A key name: not empty, without white space, plus or control characters."""
    if not name or _NO_NAME.search(name):
        raise Malformed("key_name")
    return name


@lru_cache(_KEYS_KEPT)
def _public_key(content: bytes) -> Ed25519PublicKey:
    """The key behind 32 bytes; whoever checks many notes meets few keys."""
    return Ed25519PublicKey.from_public_bytes(content)


@lru_cache(_KEYS_KEPT)
def _key_id(name: str, kind: int, public_key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:4]


def _signed(text: bytes, signer: Signer) -> Signature:
    verifier = signer.verifier
    return Signature(verifier.name, verifier.key_id, signer.sign(text))


def _cosigned(text: bytes, time: int) -> bytes:
    return b"cosignature/v1\ntime %d\n%b" % (time, text)


def _parse_line(line: str) -> Signature:
    if not line.startswith(_DASH):
        raise Malformed("signature_line")
    name, _, spelled = line.removeprefix(_DASH).partition(" ")
    content = decode_base64(spelled)
    if len(content) <= 4:
        raise Malformed("signature_line")
    return Signature(checked_name(name), content[:4], content[4:])
