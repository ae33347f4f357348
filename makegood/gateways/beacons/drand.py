"""drand over HTTP: when a round comes, and what it said.

`url` is a chain's address, such as https://api.drand.sh/<chain hash>; it answers `/info` and
`/public/<round>`. A round's randomness is the SHA-256 of its signature, which is compared;
whether the network signed it is for whoever audits the audit.
"""

from datetime import UTC, datetime
from hashlib import sha256
from math import ceil
from typing import TypeVar

import httpx
import msgspec

from makegood.gateways.anchors.http import get
from makegood.record.anchors.gateway import AnchorUnavailable
from makegood.standing.audits.beacon import BeaconUnavailable, Future
from makegood.standing.audits.rules import Drand

T = TypeVar("T")


class Info(msgspec.Struct, frozen=True):
    """What a chain says of itself; times in seconds since 1970."""

    period: int
    genesis_time: int


class Round(msgspec.Struct, frozen=True):
    """One round; `randomness` and `signature` in hex."""

    round: int
    randomness: str
    signature: str


class DrandBeacons:
    """Chains of drand, or of anything that answers like it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def future(self, url: str, not_before: datetime) -> Future:
        """The first round at or after a time, from the chain's own genesis and period."""
        info = await self._fetch(f"{url.rstrip('/')}/info", Info)
        if info.period < 1:
            raise BeaconUnavailable("the chain has no period")
        wait = ceil(not_before.timestamp()) - info.genesis_time
        number = max(-(-wait // info.period), 0) + 1
        at = info.genesis_time + (number - 1) * info.period
        return Future(number, datetime.fromtimestamp(at, UTC))

    async def value(self, beacon: Drand) -> str:
        """The randomness of a round, checked against its signature."""
        said = await self._fetch(f"{beacon.url.rstrip('/')}/public/{beacon.round}", Round)
        try:
            derived = sha256(bytes.fromhex(said.signature)).hexdigest()
        except ValueError:
            raise BeaconUnavailable("the signature is not hex") from None
        if said.round != beacon.round or said.randomness.lower() != derived:
            raise BeaconUnavailable("the answer is not about this round")
        return derived

    async def _fetch(self, url: str, shape: type[T]) -> T:
        try:
            answer = await get(self._client, url)
        except AnchorUnavailable as silence:
            raise BeaconUnavailable(str(silence)) from None
        if answer.status != 200:
            raise BeaconUnavailable(f"answered {answer.status}")
        try:
            return msgspec.json.decode(answer.body, type=shape)
        except msgspec.DecodeError:
            raise BeaconUnavailable("the answer cannot be read") from None
