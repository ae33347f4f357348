"""Whom to believe (C2SP tlog-policy): keys of logs, keys of witnesses, and how many must sign."""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from makegood.record.log.checkpoint import Checkpoint, parse_checkpoint
from makegood.record.log.note import (
    COSIGNATURE_V1,
    ED25519,
    Note,
    Verifier,
    parse_note,
    parse_verifier,
    signed_by,
)
from makegood.record.log.strict import Malformed, decode_number

NO_QUORUM: Final = "none"
LARGEST_POLICY: Final = 64 * 1024
MOST_LINES: Final = 256


class Group(msgspec.Struct, frozen=True):
    """Witnesses or groups of which at least `least` must have seen a checkpoint."""

    least: int
    members: tuple[str, ...]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Which signatures make a checkpoint believable."""

    logs: tuple[Verifier, ...]
    witnesses: Mapping[str, Verifier] = {}
    groups: Mapping[str, Group] = {}
    quorum: str = NO_QUORUM
    urls: Mapping[str, str] = {}
    """Addresses by witness name, and of logs by the text of their key."""

    def is_met_by(self, signed: Collection[Verifier]) -> bool:
        """Whether these keys are a quorum of the witnesses."""
        return self.quorum == NO_QUORUM or self._has_seen(self.quorum, signed)

    def _has_seen(self, name: str, signed: Collection[Verifier]) -> bool:
        if name in self.witnesses:
            return self.witnesses[name] in signed
        group = self.groups[name]
        return sum(self._has_seen(one, signed) for one in group.members) >= group.least


class SeenCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint that was believed, and who signed it."""

    checkpoint: Checkpoint
    logs: tuple[Verifier, ...]
    witnesses: Mapping[str, int]
    """Name in the policy → the time of the cosignature, in seconds since 1970."""


def policy_of(*logs: Verifier) -> Policy:
    """A policy that asks for the signature of one of these keys and for no witness."""
    return Policy(logs=logs)


def check_note(note: Note, policy: Policy, *, known_only: bool = False) -> SeenCheckpoint:
    """Believe a checkpoint: a log of the policy signed it, as itself, and so did a quorum.

    Signatures of keys that the policy does not name are passed over, as the format demands;
    with `known_only` they are refused, so that no byte of the note can change unseen.
    Raises Malformed: `not_signed`, `quorum`, `wrong_signature`, `unknown_signature`, `checkpoint`.
    """
    checkpoint = parse_checkpoint(note.text)
    logs = signed_by(note, [key for key in policy.logs if key.name == checkpoint.origin])
    if not logs:
        raise Malformed("not_signed")
    seen = signed_by(note, policy.witnesses.values())
    if known_only and len(logs) + len(seen) != len(note.signatures):
        raise Malformed("unknown_signature")
    if not policy.is_met_by(seen):
        raise Malformed("quorum")
    times = {name: seen[key].time for name, key in policy.witnesses.items() if key in seen}
    return SeenCheckpoint(checkpoint, tuple(logs), times)


def check_checkpoint(content: bytes, policy: Policy, *, known_only: bool = False) -> SeenCheckpoint:
    """`check_note` from the bytes of a signed checkpoint."""
    return check_note(parse_note(content), policy, known_only=known_only)


def parse_policy(content: bytes) -> Policy:
    """A policy file. Raises Malformed `policy` for every line that the format does not allow."""
    if len(content) > LARGEST_POLICY:
        raise Malformed("too_large")
    draft = _Draft()
    for words in _lines(content):
        draft.read(words)
    return draft.finished()


def format_policy(policy: Policy) -> bytes:
    """The file that says this policy."""
    lines = [_spaced("log", str(key), policy.urls.get(str(key), "")) for key in policy.logs]
    for name, key in policy.witnesses.items():
        lines.append(_spaced("witness", name, str(key), policy.urls.get(name, "")))
    for name, group in policy.groups.items():
        lines.append(_spaced("group", name, str(group.least), *group.members))
    lines.append(_spaced("quorum", policy.quorum))
    return "".join(f"{line}\n" for line in lines).encode()


class _Draft:
    """A policy while its lines are being read; names must be known before they are used."""

    def __init__(self) -> None:
        self._logs: list[Verifier] = []
        self._witnesses: dict[str, Verifier] = {}
        self._groups: dict[str, Group] = {}
        self._quorum: str | None = None
        self._urls: dict[str, str] = {}
        self._grouped: set[str] = set()

    def read(self, words: list[str]) -> None:
        """Take one line."""
        match words:
            case ["log", key, *url] if len(url) <= 1:
                self._add_log(parse_verifier(key), url)
            case ["witness", name, key, *url] if len(url) <= 1:
                self._add_witness(name, parse_verifier(key), url)
            case ["group", name, least, *members] if members:
                self._add_group(name, least, members)
            case ["quorum", name] if self._quorum is None:
                _require(name == NO_QUORUM or self._is_known(name))
                self._quorum = name
            case _:
                raise Malformed("policy")

    def finished(self) -> Policy:
        """The whole policy; exactly one line must have named the quorum."""
        if self._quorum is None:
            raise Malformed("policy")
        return Policy(
            logs=tuple(self._logs),
            witnesses=self._witnesses,
            groups=self._groups,
            quorum=self._quorum,
            urls=self._urls,
        )

    def _add_log(self, key: Verifier, url: list[str]) -> None:
        _require(key.kind == ED25519)
        _require(key.public_key not in [known.public_key for known in self._logs])
        self._logs.append(key)
        if url:
            self._urls[str(key)] = url[0]

    def _add_witness(self, name: str, key: Verifier, url: list[str]) -> None:
        _require(key.kind == COSIGNATURE_V1 and name != NO_QUORUM and not self._is_known(name))
        known = [witness.public_key for witness in self._witnesses.values()]
        _require(key.public_key not in known)
        self._witnesses[name] = key
        if url:
            self._urls[name] = url[0]

    def _add_group(self, name: str, least: str, members: list[str]) -> None:
        _require(name != NO_QUORUM and not self._is_known(name))
        for member in members:
            _require(self._is_known(member) and member not in self._grouped)
            self._grouped.add(member)
        words = {"all": len(members), "any": 1}
        count = words[least] if least in words else decode_number(least)
        _require(1 <= count <= len(members))
        self._groups[name] = Group(count, tuple(members))

    def _is_known(self, name: str) -> bool:
        return name in self._witnesses or name in self._groups


def _lines(content: bytes) -> list[list[str]]:
    if content and not content.endswith(b"\n"):
        raise Malformed("policy")
    if any((sign < 32 and sign not in b"\t\n") or sign == 127 for sign in content):
        raise Malformed("policy")
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as wrong:
        raise Malformed("policy") from wrong
    if len(lines) > MOST_LINES:
        raise Malformed("too_large")
    spoken = [line.replace("\t", " ").strip(" ") for line in lines]
    return [
        [word for word in line.split(" ") if word]
        for line in spoken
        if line and not line.startswith("#")
    ]


def _spaced(*words: str) -> str:
    return " ".join(word for word in words if word)


def _require(holds: bool) -> None:
    if not holds:
        raise Malformed("policy")
