"""What must hold before the log signs: pure comparison of the database with the second place."""

from collections.abc import Callable, Collection
from typing import Final, Literal

import msgspec

from makegood.record.log.checkpoint import Checkpoint, parse_checkpoint
from makegood.record.log.note import Verifier, parse_note, signed_by
from makegood.record.log.strict import Malformed

TroubleKind = Literal[
    "rewound",
    "forked",
    "tiles_changed",
    "head_changed",
    "copy_missing",
    "copy_damaged",
    "copy_unreachable",
    "key_missing",
    "demo_origin",
]

ADVICE: Final[dict[str, str]] = {
    "rewound": "the database holds fewer entries than the last checkpoint in the second place: "
    "it was set back. Restore the newest state, or state the loss with `makegood log restart`",
    "forked": "the database holds other entries than the last checkpoint in the second place: "
    "history was changed. Run `makegood log fsck`, restore, or `makegood log restart`",
    "tiles_changed": "the tree in the database does not lead to its own head: run "
    "`makegood log fsck`, and restore what it names",
    "head_changed": "the head of the log in the database is not what was signed: run "
    "`makegood log fsck`, and restore",
    "copy_missing": "the last checkpoint is not in the second place (MAKEGOOD_LOG_COPY): put the "
    "file back, or state the loss with `makegood log restart`",
    "copy_damaged": "the checkpoint in the second place is not one of this log: put the right "
    "file back",
    "copy_unreachable": "the second place (MAKEGOOD_LOG_COPY) cannot be read or written",
    "key_missing": "the log's key file is missing: put it back from your backup",
    "demo_origin": "invented history must not be continued as a real log: use another data folder",
}
"""What each trouble means and what to do, for the operator's page, doctor and logs."""


class Trouble(Exception):
    """The log must not be signed; nothing else of the business stops."""

    def __init__(self, kind: TroubleKind) -> None:
        super().__init__(ADVICE[kind])
        self.kind = kind


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The log as the database tells it."""

    origin: str
    size: int
    root: bytes
    signed_size: int
    note: bytes | None


class Restarted(msgspec.Struct, frozen=True):
    """A restart that was stated and signed: the checkpoint given up, and what follows it."""

    old: Checkpoint | None
    """None when the second place was empty."""
    new: Checkpoint


RootAt = Callable[[int], bytes]
"""The root of the first so many entries, from the stored tiles."""


def require_signable(
    state: State,
    copy: bytes | None,
    root_at: RootAt,
    keys: Collection[Verifier],
    restarted: Restarted | None = None,
) -> None:
    """Raise Trouble unless the stored tree continues everything that was ever signed.

    `copy` is what the second place holds. Until the first checkpoint after a signed restart,
    the copy that it gave up counts as the state with which it began.
    """
    if _root(root_at, state.size, "tiles_changed") != state.root:
        raise Trouble("tiles_changed")
    if state.note is not None:
        signed = _read(state.note, state.origin, keys, "head_changed")
        if signed.size != state.signed_size or not _continues(signed, state, root_at):
            raise Trouble("head_changed")
    elif state.signed_size:
        raise Trouble("head_changed")
    _require_copy(state, copy, root_at, keys, restarted)


def trusted_copy(copy: bytes | None, origin: str, keys: Collection[Verifier]) -> Checkpoint | None:
    """The checkpoint in the second place; None when it is missing or not one of this log."""
    try:
        return None if copy is None else _read(copy, origin, keys, "copy_damaged")
    except Trouble:
        return None


def _require_copy(
    state: State,
    copy: bytes | None,
    root_at: RootAt,
    keys: Collection[Verifier],
    restarted: Restarted | None,
) -> None:
    known = None if copy is None else _read(copy, state.origin, keys, "copy_damaged")
    if restarted is not None and state.note is None and known == restarted.old:
        known = restarted.new
    if known is None:
        if state.note is not None:
            raise Trouble("copy_missing")
    elif known.size > state.size:
        raise Trouble("rewound")
    elif not _continues(known, state, root_at):
        raise Trouble("forked")


def _continues(earlier: Checkpoint, state: State, root_at: RootAt) -> bool:
    """Whether the stored tree begins with what this checkpoint signed."""
    if earlier.size > state.size:
        return False
    return _root(root_at, earlier.size, "tiles_changed") == earlier.root


def _root(root_at: RootAt, size: int, otherwise: TroubleKind) -> bytes:
    try:
        return root_at(size)
    except (KeyError, Malformed) as missing:
        raise Trouble(otherwise) from missing


def _read(
    note: bytes, origin: str, keys: Collection[Verifier], otherwise: TroubleKind
) -> Checkpoint:
    """The checkpoint of a note that a key of this log has signed."""
    try:
        parsed = parse_note(note)
        checkpoint = parse_checkpoint(parsed.text, origin)
        known = signed_by(parsed, [key for key in keys if key.name == origin])
    except Malformed as wrong:
        raise Trouble(otherwise) from wrong
    if not known:
        raise Trouble(otherwise)
    return checkpoint
