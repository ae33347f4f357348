"""Where checkpoints are anchored, how often, and how each place and each anchor stands."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

Url = Annotated[str, Meta(pattern="^https?://[^\\s]+$", max_length=500)]
Minutes = Annotated[int, Meta(ge=1, le=7 * 24 * 60)]
State = Literal["due", "sent", "done", "refused"]
"""`due`: nothing has left. `sent`: it left and is not final. `refused`: needs a person."""

FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(minutes=10)
QUIET_ROUNDS: Final = 3
"""A place that missed this many of its own rounds is shown as silent."""


class Timestamper(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="tsa"):
    """A time-stamping authority (RFC 3161): its address and the root its certificate leads to."""

    url: Url
    root_pem: Annotated[str, Meta(max_length=20_000)]
    intermediates_pem: Annotated[str, Meta(max_length=40_000)] = ""


class Witness(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="witness"):
    """A C2SP tlog-witness: the prefix that `add-checkpoint` is added to, and its key."""

    url: Url
    vkey: Annotated[str, Meta(max_length=300)]


class Chain(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="evm"):
    """An EVM chain reached by JSON-RPC, paid from the account of `key` (32 bytes in hex)."""

    url: Url
    key: Annotated[str, Meta(pattern="^(0x)?[0-9a-fA-F]{64}$")]
    confirmations: Annotated[int, Meta(ge=1, le=1000)] = 12


class Other(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="other"):
    """A notary or judicial chain, by an adapter that the deployer installed (docs/anchoring.md)."""

    adapter: Annotated[str, Meta(pattern="^[a-z0-9_-]{1,40}$")]
    settings: dict[str, str] = {}


Config: TypeAlias = Timestamper | Witness | Chain | Other
USUAL_MINUTES: Final = {"tsa": 60, "witness": 1, "evm": 24 * 60, "other": 60}
"""How often each kind is used unless the operator says otherwise."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One place that anchors go to. `interest` says what ties it to the operator, for readers."""

    market_id: str
    place_id: str
    name: str
    interest: str
    kind: str
    every_minutes: int
    counts: bool
    """False while a witness is on trial: its word is stored and does not count in the policy."""
    added_at: datetime
    removed_at: datetime | None = None


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """One checkpoint on its way to one place, or there."""

    market_id: str
    anchor_id: str
    place_id: str
    origin: str
    size: int
    checkpoint: bytes
    """The signed note as the log published it, without what others added."""
    state: State
    planned_at: datetime
    prepared: bytes | None = None
    """What was made before sending: a request with its nonce, a signed transaction."""
    proof: bytes | None = None
    """The answer as it came, kept for ever."""
    detail: dict[str, str | int] = {}
    failures: int = 0
    problem: str = ""
    contradicted: bool = False
    """The place holds another history of this log: the alarm."""
    tried_at: datetime | None = None
    proven_at: datetime | None = None
    """The time that the place itself states."""


def is_due(place: Place, newest: Anchor | None, size: int, now: datetime) -> bool:
    """Whether a new anchor of a log of this size shall be planned for the place.

    One at a time: an unfinished one is tried again first. Nothing new to say, nothing sent.
    """
    if place.removed_at is not None or size == 0:
        return False
    if newest is None:
        return True
    if newest.state in ("due", "sent"):
        return False
    if newest.state == "done" and newest.size >= size:
        return False
    return now >= newest.planned_at + timedelta(minutes=place.every_minutes)


def pause_after(failures: int) -> timedelta:
    """How long to wait after this many failures in a row: 10 s, 20 s … at most 10 minutes."""
    doubled: int = 2 ** min(max(failures - 1, 0), 10)
    return min(FIRST_PAUSE * doubled, LONGEST_PAUSE)


def is_silent(place: Place, done: Anchor | None, size: int, now: datetime) -> bool:
    """Whether a place owes an anchor for too long: the log moved on and it has not.

    `done` is its last finished anchor, `size` that of the log now.
    """
    if place.removed_at is not None or size == (done.size if done is not None else 0):
        return False
    since = done.planned_at if done is not None else place.added_at
    return now - since > timedelta(minutes=QUIET_ROUNDS * place.every_minutes)


def quorum(places: Sequence[Place]) -> int:
    """How many of these witnesses count at all."""
    return sum(place.counts for place in places if place.kind == "witness")
