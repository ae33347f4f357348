"""What a check can find: a closed list of states, each with an exit code and words for people."""

from typing import Final, Literal, TypeAlias

import msgspec

from makegood.record.log.strict import Malformed

State: TypeAlias = Literal[
    "intact",
    "unpinned",
    "not_merged",
    "late",
    "damaged",
    "too_large",
    "other_version",
    "wrong_key",
    "wrong_origin",
    "too_few_witnesses",
    "no_timestamp",
    "not_on_chain",
    "future",
    "old_checkpoint",
    "unbound",
    "unknown",
]

EXIT_CODES: Final[dict[State, int]] = {
    "intact": 0,
    "unpinned": 3,
    "not_merged": 4,
    "late": 5,
    "damaged": 10,
    "too_large": 11,
    "other_version": 12,
    "wrong_key": 13,
    "wrong_origin": 14,
    "too_few_witnesses": 15,
    "future": 16,
    "old_checkpoint": 17,
    "unbound": 18,
    "unknown": 19,
    "no_timestamp": 20,
    "not_on_chain": 21,
}
"""Below 10: everything in the file fits, though not all is proven. From 10 on: do not rely on it.

1 and 2 are left to a program that could not run at all.
"""

Caution: TypeAlias = Literal[
    "no_checkpoint", "no_witness_named", "no_witness_seen", "anchors_not_checked", "others_signed"
]
"""What a verdict does not rest on: why no witness counts, what was only carried or passed over."""

Kind: TypeAlias = Literal["", "bundle", "receipt", "proof"]


AskedState: TypeAlias = Literal[
    "confirmed",
    "unreadable",
    "other_checkpoint",
    "not_held",
    "differs",
    "silent",
    "other_chain",
    "behind",
]


class ChainAnchor(msgspec.Struct, frozen=True, kw_only=True):
    """An anchor on a chain: what its file says, what a node was asked and answered."""

    file: str
    state: AskedState
    tx: str = ""
    chain: int = 0
    block: int = 0
    at: str = ""
    """The time of the block, once the node has confirmed it."""
    node_chain: int = 0
    newest: int = 0
    """The node's newest block."""
    wanted: int = 0
    """How many blocks the reader wants to see from the transaction's own on."""
    problem: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one check. `reason` is a short code for what exactly does not fit."""

    state: State
    reason: str = ""
    kind: Kind = ""
    origin: str = ""
    pinned: bool = False
    """Whether a key named from outside the file signed it."""
    merged: bool = False
    """Whether everything in the file is proven to be in the log."""
    number: str = ""
    """The short number of a receipt, or the claim number of a bundle."""
    at: str = ""
    merge_by: str = ""
    index: int = -1
    """The place in the log of a proof's entry; -1 where there is none."""
    size: int = 0
    """How many entries the log had at the checkpoint."""
    entries: int = 0
    fields: int = 0
    """Disclosed fields that fit their commitments."""
    closed: dict[str, int] = {}
    """How many fields stay closed to the reader, by the reason that the file gives."""
    files: int = 0
    """Evidence files that fit a disclosed fingerprint."""
    witnesses: tuple[str, ...] = ()
    """Pinned witnesses that have seen the checkpoint, by name, sorted."""
    claimed: tuple[str, ...] = ()
    """Witnesses that only the file itself names."""
    stamps: tuple[str, ...] = ()
    """Time stamps by a pinned authority: each one's time, a space, who signed it."""
    carried: tuple[str, ...] = ()
    """Anchors in the file that were not checked, by file name."""
    chain: tuple[ChainAnchor, ...] = ()
    """Anchors on a chain about which a node was asked."""
    cautions: tuple[Caution, ...] = ()

    @property
    def exit_code(self) -> int:
        """The exit status of `makegood verify`."""
        return EXIT_CODES[self.state]

    @property
    def fits(self) -> bool:
        """Whether nothing in the file contradicts anything else in it, or the pin."""
        return self.exit_code < 10


class Rejected(Exception):
    """The file does not hold what it says; `state` and `reason` say where it breaks."""

    def __init__(self, state: State, reason: str = "") -> None:
        super().__init__(f"{state} {reason}".strip())
        self.state = state
        self.reason = reason


_STATES: Final[dict[str, State]] = {
    "too_large": "too_large",
    "origin": "wrong_origin",
    "not_signed": "wrong_key",
    "unknown_signature": "wrong_key",
    "quorum": "too_few_witnesses",
}


def rejection(malformed: Malformed) -> Rejected:
    """The same finding in this package's terms."""
    reason = malformed.reason
    return Rejected(_STATES.get(reason, "damaged"), reason)
