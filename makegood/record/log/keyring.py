"""The log's keys: one file for each market, beside the database but never in it."""

import os
import secrets
from pathlib import Path
from typing import Final, Protocol

import msgspec

from makegood.record.log.guard import Trouble
from makegood.record.log.note import Ed25519Signer, Signer, Verifier, parse_verifier
from makegood.record.log.strict import Malformed

SEED_BYTES: Final = 32
_ACTIVE, _RETIRED = "key", "retired"


class LogKeys(msgspec.Struct, frozen=True):
    """Keys of one log, newest last. Every active one signs; retired ones are only recognised."""

    active: tuple[Signer, ...]
    retired: tuple[Verifier, ...] = ()

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """All public halves, oldest first."""
        return (*self.retired, *(signer.verifier for signer in self.active))


class KeyBook(Protocol):
    """Where signers come from: files here, a key service elsewhere."""

    def open(self, market_id: str, origin: str) -> LogKeys:
        """The keys of a log. Raises Trouble `key_missing`."""

    def ensure(self, market_id: str, origin: str) -> LogKeys:
        """The keys of a log that has signed nothing yet, made now if there are none."""


class FileKeyBook:
    """Keys in `{folder}/{market}.keys`, readable by their owner alone.

    Lines: `key {verifier key} {seed in hex}` for a key that signs, `retired {verifier key}`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, market_id: str) -> Path:
        """The file of a market."""
        return self._folder / f"{market_id}.keys"

    def open(self, market_id: str, origin: str) -> LogKeys:
        """The keys in the file; all must bear the log's origin as their name."""
        try:
            keys = _parse(self.path(market_id).read_text("utf-8"))
        except (OSError, Malformed, ValueError) as missing:
            raise Trouble("key_missing") from missing
        if not keys.active or any(key.name != origin for key in keys.verifiers):
            raise Trouble("key_missing")
        return keys

    def ensure(self, market_id: str, origin: str) -> LogKeys:
        """The keys in the file, with a first one made when there is no file."""
        if not self.path(market_id).exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(market_id, [_key_line(origin)], fresh=True)
        return self.open(market_id, origin)

    def rotate(self, market_id: str, origin: str) -> LogKeys:
        """Add a new key; the older ones go on signing beside it until they are retired."""
        self.open(market_id, origin)
        self._write(market_id, [*self._lines(market_id), _key_line(origin)])
        return self.open(market_id, origin)

    def retire(self, market_id: str, origin: str, key_id: str) -> LogKeys:
        """Forget the secret half of an active key; the newest one cannot be retired."""
        keys = self.open(market_id, origin)
        older = [signer.verifier for signer in keys.active[:-1]]
        if key_id not in [verifier.key_id.hex() for verifier in older]:
            raise KeyError(key_id)
        self._write(market_id, [_retired(line, key_id) for line in self._lines(market_id)])
        return self.open(market_id, origin)

    def _lines(self, market_id: str) -> list[str]:
        return self.path(market_id).read_text("utf-8").splitlines()

    def _write(self, market_id: str, lines: list[str], *, fresh: bool = False) -> None:
        path = self.path(market_id)
        draft = path.with_suffix(".draft")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        if fresh:
            # Two processes may start at once: whoever links first has made the key.
            try:
                os.link(draft, path)
            except FileExistsError:
                return
            finally:
                draft.unlink(missing_ok=True)
        else:
            draft.replace(path)


def _parse(text: str) -> LogKeys:
    active: list[Signer] = []
    retired: list[Verifier] = []
    for line in text.splitlines():
        match line.split():
            case ["key", spelled, seed]:
                verifier = parse_verifier(spelled)
                signer = Ed25519Signer(verifier.name, bytes.fromhex(seed), verifier.kind)
                if signer.verifier != verifier:
                    raise Malformed("key")
                active.append(signer)
            case ["retired", spelled]:
                retired.append(parse_verifier(spelled))
            case _:
                raise Malformed("key")
    return LogKeys(tuple(active), tuple(retired))


def _key_line(origin: str) -> str:
    seed = secrets.token_bytes(SEED_BYTES)
    return f"{_ACTIVE} {Ed25519Signer(origin, seed).verifier} {seed.hex()}"


def _retired(line: str, key_id: str) -> str:
    kind, spelled = line.split()[:2]
    own = parse_verifier(spelled).key_id.hex() == key_id
    return f"{_RETIRED} {spelled}" if own and kind == _ACTIVE else line
