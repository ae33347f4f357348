"""Secrets at rest: sealed values, keyed hashes and seekable sealed files under keys outside the
database."""

import hmac
import os
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ROOT_KEY_BYTES: Final = 32
FILE_CHUNK_BYTES: Final = 64 * 1024
FILE_HEADER_BYTES: Final = 24

_SEAL_VERSION: Final = b"\x01"
_FILE_MAGIC: Final = b"MGF1"
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_SALT_BYTES: Final = 16
_TAG_BYTES: Final = 16
_NONCE_START: Final = len(_SEAL_VERSION) + _KEY_ID_BYTES
_BODY_START: Final = _NONCE_START + _NONCE_BYTES


class SealBroken(Exception):
    """The sealed bytes were changed, moved to another row, or need a key we do not hold."""


class Vault:
    """Seals values with AES-256-GCM and hashes them with HMAC-SHA-256.

    Every key is derived (HKDF) from root keys of 32 bytes, oldest first: the newest one seals,
    all of them open, and the oldest one alone hashes, so that a rotation does not lose the
    hashes that are stored already.
    """

    def __init__(self, root_keys: Sequence[bytes]) -> None:
        if not root_keys or any(len(key) != ROOT_KEY_BYTES for key in root_keys):
            raise ValueError(f"a vault needs root keys of {ROOT_KEY_BYTES} bytes each")
        self._sealers = {_key_id(key): AESGCM(_derived(key, b"seal")) for key in root_keys}
        self._file_keys = {_key_id(key): _derived(key, b"file") for key in root_keys}
        self._newest = _key_id(root_keys[-1])
        self._hash_key = _derived(root_keys[0], b"hash")

    @classmethod
    def from_key(cls, root_key: bytes) -> "Vault":
        """A vault with one root key of 32 random bytes."""
        return cls([root_key])

    @classmethod
    def from_file_text(cls, text: str) -> "Vault":
        """A vault from a key file: one root key per line in hex, the newest last."""
        return cls([bytes.fromhex(line) for line in text.split()])

    def seal(self, market_id: str, purpose: str, row_id: str, plain: bytes) -> bytes:
        """`plain` encrypted and bound to its market, purpose and row: it opens nowhere else."""
        nonce = os.urandom(_NONCE_BYTES)
        bound_to = _bound_to(market_id, purpose, row_id)
        body = self._sealers[self._newest].encrypt(nonce, plain, bound_to)
        return _SEAL_VERSION + self._newest + nonce + body

    def open_sealed(self, market_id: str, purpose: str, row_id: str, sealed: bytes) -> bytes:
        """The plain bytes of `seal`; raises SealBroken when anything about them differs."""
        sealer = self._sealers.get(sealed[len(_SEAL_VERSION) : _NONCE_START])
        if sealed[: len(_SEAL_VERSION)] != _SEAL_VERSION or sealer is None:
            raise SealBroken("sealed with a key that is not in the key file")
        nonce, body = sealed[_NONCE_START:_BODY_START], sealed[_BODY_START:]
        try:
            return sealer.decrypt(nonce, body, _bound_to(market_id, purpose, row_id))
        except (InvalidTag, ValueError) as broken:
            raise SealBroken("the sealed value does not belong here") from broken

    def keyed_hash(self, purpose: str, text: str) -> bytes:
        """32 bytes by which a secret can be found again, but not guessed without the key."""
        return hmac.digest(self._hash_key, f"{purpose}\x1f{text}".encode(), "sha256")

    def file_cipher(self) -> "FileCipher":
        """The cipher of evidence files under the same key file."""
        return FileCipher(self._file_keys, self._newest)


class FileCipher:
    """Encrypts files in chunks, so that any byte range opens without the rest.

    The form is a header (`MGF1`, key id, salt) and chunks of 64 KiB, each followed by its
    16-byte tag. The nonce of a chunk is its index and whether it is the last one (the STREAM
    construction, Hoang et al. 2015), so chunks can be neither moved, dropped nor cut off.
    """

    def __init__(self, file_keys: dict[bytes, bytes], newest: bytes) -> None:
        self._file_keys = file_keys
        self._newest = newest

    def start(self, context: str) -> "FileSealer":
        """Begin one file. `context` (market and content hash) must be given again to open it."""
        salt = os.urandom(_SALT_BYTES)
        return FileSealer(
            header=_FILE_MAGIC + self._newest + salt,
            cipher=AESGCM(_file_key(self._file_keys[self._newest], salt)),
            context=context.encode(),
        )

    def opener(self, context: str, header: bytes, sealed_bytes: int) -> "FileOpener":
        """Open a file of `sealed_bytes` in all, whose first FILE_HEADER_BYTES are `header`."""
        key_id, salt = header[4:8], header[8:FILE_HEADER_BYTES]
        root = self._file_keys.get(key_id)
        if header[:4] != _FILE_MAGIC or len(salt) != _SALT_BYTES or root is None:
            raise SealBroken("not a file of this vault")
        return FileOpener(AESGCM(_file_key(root, salt)), context.encode(), sealed_bytes)


class FileSealer:
    """One file on its way in: `header`, then what `add` and at last `finish` return."""

    def __init__(self, *, header: bytes, cipher: AESGCM, context: bytes) -> None:
        self.header = header
        self._cipher = cipher
        self._context = context
        self._waiting = bytearray()
        self._index = 0

    def add(self, data: bytes) -> bytes:
        """Take plain bytes; return the sealed chunks that are complete (often none)."""
        self._waiting += data
        sealed = bytearray()
        # The last chunk carries a mark, so one full chunk always waits for what follows it.
        while len(self._waiting) > FILE_CHUNK_BYTES:
            sealed += self._seal_chunk(FILE_CHUNK_BYTES, last=False)
        return bytes(sealed)

    def finish(self) -> bytes:
        """The last chunk, which may be empty."""
        return self._seal_chunk(len(self._waiting), last=True)

    def _seal_chunk(self, size: int, *, last: bool) -> bytes:
        plain = bytes(self._waiting[:size])
        del self._waiting[:size]
        nonce = _chunk_nonce(self._index, last=last)
        self._index += 1
        return self._cipher.encrypt(nonce, plain, self._context)


class FileOpener:
    """One file on its way out, chunk by chunk in any order."""

    def __init__(self, cipher: AESGCM, context: bytes, sealed_bytes: int) -> None:
        body = sealed_bytes - FILE_HEADER_BYTES
        if body < _TAG_BYTES:
            raise SealBroken("the file was cut off")
        self.chunk_count = -(-body // (FILE_CHUNK_BYTES + _TAG_BYTES))
        self.plain_bytes = body - self.chunk_count * _TAG_BYTES
        self._cipher = cipher
        self._context = context

    def chunks_of(self, start: int, stop: int) -> range:
        """The indexes of the chunks that hold plain bytes `start` up to, without, `stop`."""
        stop = min(stop, self.plain_bytes)
        if start >= stop:
            return range(0)
        return range(start // FILE_CHUNK_BYTES, (stop - 1) // FILE_CHUNK_BYTES + 1)

    def span(self, index: int) -> tuple[int, int]:
        """Where the sealed chunk lies in the stored file: offset and length in bytes."""
        plain = min(FILE_CHUNK_BYTES, self.plain_bytes - index * FILE_CHUNK_BYTES)
        offset = FILE_HEADER_BYTES + index * (FILE_CHUNK_BYTES + _TAG_BYTES)
        return offset, plain + _TAG_BYTES

    def open_chunk(self, index: int, sealed: bytes) -> bytes:
        """The plain bytes of one chunk; raises SealBroken when it was changed or moved."""
        nonce = _chunk_nonce(index, last=index == self.chunk_count - 1)
        try:
            return self._cipher.decrypt(nonce, sealed, self._context)
        except (InvalidTag, ValueError) as broken:
            raise SealBroken(f"chunk {index} was changed") from broken


def _derived(root_key: bytes, use: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"makegood " + use).derive(root_key)


def _key_id(root_key: bytes) -> bytes:
    return _derived(root_key, b"id")[:_KEY_ID_BYTES]


def _file_key(root: bytes, salt: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=salt, info=b"makegood one file").derive(root)


def _bound_to(market_id: str, purpose: str, row_id: str) -> bytes:
    # Hashing each part keeps ("a|b", "c") and ("a", "b|c") apart without escaping.
    return b"".join(sha256(part.encode()).digest() for part in (market_id, purpose, row_id))


def _chunk_nonce(index: int, *, last: bool) -> bytes:
    return index.to_bytes(_NONCE_BYTES - 1, "big") + (b"\x01" if last else b"\x00")
