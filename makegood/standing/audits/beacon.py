"""What an audit asks of a public beacon."""

from datetime import datetime
from typing import Protocol

import msgspec

from makegood.standing.audits.rules import Drand


class BeaconUnavailable(Exception):
    """The beacon does not answer, or what it says does not fit."""


class Future(msgspec.Struct, frozen=True):
    """A round that is not known yet, and when it will be."""

    round: int
    known_at: datetime


class Beacons(Protocol):
    """Public beacons that can be asked by network."""

    async def future(self, url: str, not_before: datetime) -> Future:
        """The first round of the chain at `url` that comes at or after a time.

        Raises BeaconUnavailable, also when the round is known already.
        """
        ...

    async def value(self, beacon: Drand) -> str:
        """The value of a round as lower-case hex. Raises BeaconUnavailable before it is known."""
        ...
