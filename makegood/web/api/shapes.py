"""Shapes that several resources send or take."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from makegood.claims.events import Deadline
from makegood.claims.state import Claim

Text = Annotated[str, Meta(min_length=1, max_length=5000)]
MaybeText = Annotated[str, Meta(max_length=5000)]
Code = Annotated[str, Meta(min_length=1, max_length=64)]
MaybeCode = Annotated[str, Meta(max_length=64)]
Number = Annotated[str, Meta(min_length=1, max_length=128)]
AmountMinor = Annotated[int, Meta(ge=0, le=100_000_000_000)]
At = Annotated[datetime, Meta(tz=True)]


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The common form of bodies and queries: what is not known is refused."""


class Nothing(Input, frozen=True, kw_only=True):
    """A body without fields: `{}`."""


class DeadlineShown(msgspec.Struct, frozen=True):
    """A deadline with its consequence; `then` is what happens at zero."""

    kind: str
    at: datetime
    then: str


class ClaimMoved(msgspec.Struct, frozen=True, kw_only=True):
    """Where a claim stands after a step."""

    claim_no: str
    version: int
    state: str
    deadlines: list[DeadlineShown]


def deadlines_shown(deadlines: tuple[Deadline, ...]) -> list[DeadlineShown]:
    """The deadlines of a claim, soonest first."""
    return [
        DeadlineShown(one.kind, one.at, one.then) for one in sorted(deadlines, key=lambda d: d.at)
    ]


def moved(claim: Claim) -> ClaimMoved:
    """A claim as the answer to a step."""
    return ClaimMoved(
        claim_no=claim.claim_no,
        version=claim.version,
        state=claim.state,
        deadlines=deadlines_shown(claim.deadlines),
    )
