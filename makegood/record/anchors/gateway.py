"""What the record asks of a place outside: prepare, submit, and a proof that others can check."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol, TypeAlias

import msgspec


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What is anchored: one signed checkpoint. Only its hash or the note itself leaves."""

    origin: str
    size: int
    root: bytes
    body: bytes
    """The text that the log's key signed, its last newline included."""
    checkpoint: bytes
    """The signed note."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The place's own answer, final: `data` is kept as it came."""

    data: bytes
    at: datetime
    """The time that the place states."""
    detail: dict[str, str | int] = {}


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """It left and is not final yet: ask again after so many seconds."""

    seconds: float
    detail: dict[str, str | int] = {}


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """What was prepared can never arrive any more; prepare anew, from the newest checkpoint.

    `seen` is the size that a witness holds already: a log that has none of that size was rewound.
    """

    why: str
    seen: int = 0


Submitted: TypeAlias = Proof | Waiting | Lost


class AnchorUnavailable(Exception):
    """No answer, or one that says nothing: the same is tried again later."""


class AnchorRefused(Exception):
    """The place said no, or its answer does not verify: trying again would not help."""


class AnchorContradicted(AnchorRefused):
    """The place holds another history of this log than we do: an alarm, not a nuisance."""


class Anchorer(Protocol):
    """One place outside. Every call may be repeated: the worker may die between any two.

    The worker stores what `prepare` returned, commits, and only then calls `submit`, so that
    nothing leaves that is not on record.
    """

    async def prepare(self, statement: Statement) -> bytes:
        """Everything that must be the same in every attempt: a nonce, a signed transaction."""
        ...

    async def submit(self, statement: Statement, prepared: bytes) -> Submitted:
        """Send, or find out what became of it. The proof was verified before it is returned.

        Raises:
            AnchorUnavailable: silence or an outage.
            AnchorRefused: a definitive no, or a proof that does not verify.
        """
        ...

    def verify(self, statement: Statement, prepared: bytes, data: bytes) -> Proof:
        """Check a stored proof again, without the network. Raises AnchorRefused."""
        ...


Consistency: TypeAlias = Callable[[str, int, int], Awaitable[list[bytes]]]
"""(market id, old size, new size) → the hashes that prove the old tree to be a prefix."""
