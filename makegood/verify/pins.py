"""What a reader knows from elsewhere: the log's key, witnesses, a checkpoint kept from before."""

from collections.abc import Iterable

import msgspec

from makegood.record.log.checkpoint import Checkpoint, parse_checkpoint
from makegood.record.log.note import ED25519, Note, Verifier, parse_note, parse_verifier, signed_by
from makegood.record.log.policy import (
    NO_QUORUM,
    Policy,
    SeenCheckpoint,
    parse_policy,
    policy_of,
)
from makegood.record.log.strict import Malformed
from makegood.verify.verdict import Rejected


class Authority(msgspec.Struct, frozen=True):
    """Certificates of a time-stamping authority, in PEM."""

    roots_pem: str
    intermediates_pem: str = ""


class Pin(msgspec.Struct, frozen=True):
    """Whom the reader believes. Never taken from the file that is being checked."""

    policy: Policy | None = None
    seen: Checkpoint | None = None
    """A checkpoint of the same log that the reader has kept; what is older is refused."""
    authority: Authority | None = None
    """Whose time stamp a bundle must bear; without one, stamps are carried and not checked."""


NO_PIN = Pin()


def parse_pin(text: bytes) -> Policy:
    """A policy file (C2SP tlog-policy), or verifier keys, one in a line, as receipts print them.

    Raises Malformed for anything else.
    """
    lines = [line.strip() for line in text.decode("utf-8", "replace").splitlines()]
    said = [line for line in lines if line and not line.startswith("#")]
    if said and all(" " not in line and "+" in line for line in said):
        return policy_of(*_log_keys(said))
    return parse_policy(text if text.endswith(b"\n") else text + b"\n")


def _log_keys(lines: list[str]) -> list[Verifier]:
    keys = [parse_verifier(line) for line in lines]
    if any(key.kind != ED25519 for key in keys) or len(set(keys)) != len(keys):
        raise Malformed("policy")
    return keys


def parse_seen(content: bytes, policy: Policy | None) -> Checkpoint:
    """A signed checkpoint kept from before; its signature must be the pinned log's, if one is."""
    note = parse_note(content)
    checkpoint = parse_checkpoint(note.text)
    if policy is not None:
        keys = [key for key in policy.logs if key.name == checkpoint.origin]
        if not signed_by(note, keys):
            raise Malformed("not_signed")
    return checkpoint


def known_with(pin: Pin, claimed: Policy) -> Policy:
    """Every key to look for: those of the pin, and those that only the file names.

    The file's keys are known so that no signature line can change unseen; they count for
    nothing where a key is pinned (see `require_pinned`), and its witnesses never do.
    """
    if pin.policy is None:
        return msgspec.structs.replace(claimed, quorum=NO_QUORUM, groups={})
    pinned = pin.policy
    keys = set(pinned.witnesses.values())
    names = pinned.witnesses.keys() | pinned.groups.keys()
    more = {
        name: key
        for name, key in claimed.witnesses.items()
        if key not in keys and name not in names
    }
    logs = tuple(key for key in claimed.logs if key not in pinned.logs)
    return msgspec.structs.replace(
        pinned, logs=(*pinned.logs, *logs), witnesses={**pinned.witnesses, **more}
    )


def require_pinned(pin: Pin, signed: Iterable[Verifier]) -> None:
    """Refuse what none of the pinned log keys has signed."""
    if pin.policy is not None and not set(pin.policy.logs) & set(signed):
        raise Rejected("wrong_key", "not_signed")


def require_signed(
    note: Note, logs: Iterable[Verifier], origin: str, *, known_only: bool
) -> list[Verifier]:
    """Which of these logs' keys signed a note: at least one; with `known_only`, nobody else did."""
    signed = signed_by(note, [key for key in logs if key.name == origin])
    if not signed:
        raise Rejected("wrong_key", "not_signed")
    if known_only and len(signed) != len(note.signatures):
        raise Rejected("wrong_key", "unknown_signature")
    return list(signed)


def require_origin(pin: Pin, origin: str) -> None:
    """Refuse what another log than the pinned one has signed."""
    if pin.policy is not None and all(key.name != origin for key in pin.policy.logs):
        raise Rejected("wrong_origin", "origin")


def check_old(seen: SeenCheckpoint, pin: Pin) -> None:
    """Refuse what is older than a checkpoint that the reader has kept."""
    if pin.seen is None:
        return
    if pin.seen.origin != seen.checkpoint.origin:
        raise Rejected("wrong_origin", "seen")
    if seen.checkpoint.size < pin.seen.size:
        raise Rejected("old_checkpoint", "seen")
    if seen.checkpoint.size == pin.seen.size and seen.checkpoint.root != pin.seen.root:
        raise Rejected("damaged", "forked")


def witnesses_of(seen: SeenCheckpoint | None, pin: Pin, *, pinned: bool) -> tuple[str, ...]:
    """Names of witnesses that signed: those of the pin, or those that only the file names."""
    known = pin.policy.witnesses if pin.policy else {}
    names = seen.witnesses if seen else {}
    return tuple(sorted(name for name in names if (name in known) == pinned))
