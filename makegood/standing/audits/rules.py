"""Which claims an audit looks at, how many, and what its result says.

The population is fixed and announced in the public log before the beacon is known; the beacon
then decides alone. Whoever holds the announcement, the beacon's value and a claim's number can
check whether that claim had to be drawn.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil, log
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

CONFIDENCE_LEFT: Final = 0.05
"""The chance that a sample shows no mismatch although the accepted rate is reached."""
SHORTEST_NOTICE: Final = timedelta(minutes=10)
MISS_CHOICES_BPS: Final = (200, 500, 1000)

Result = Literal["matches", "mismatch", "unreachable"]
Cause = Literal["", "seller", "platform"]


class Drand(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="drand"):
    """A round of a drand chain that lies in the future when the audit is announced."""

    url: Annotated[str, Meta(pattern="^https?://[^\\s]+$", max_length=300)]
    round: int


class Typed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="typed"):
    """A public drawing that a person will read and type: a lottery, a closing index."""

    name: Annotated[str, Meta(min_length=3, max_length=200)]


Beacon: TypeAlias = Drand | Typed


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """One audit. `value` is empty until the beacon was read."""

    market_id: str
    audit_no: int
    beacon: Beacon
    known_at: datetime
    miss_bps: int
    since: datetime
    until: datetime
    population: int
    sample: int
    announced_at: datetime
    event_no: int
    value: str = ""
    drawn_at: datetime | None = None
    finished_at: datetime | None = None


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """One claim of a sample, and what the auditor found."""

    claim_no: str
    seller_id: str
    rank: int
    result: Result | None = None
    cause: Cause = ""
    note: str = ""
    recorded_at: datetime | None = None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What a sample shows. The rate counts mismatches among those who could be reached."""

    sample: int
    matches: int
    mismatches: int
    unreachable: int

    @property
    def open(self) -> int:
        """How many the auditor has not recorded yet."""
        return self.sample - self.matches - self.mismatches - self.unreachable

    @property
    def audited(self) -> int:
        """How many the rate rests on."""
        return self.matches + self.mismatches


def sample_size(miss_bps: int, population: int) -> int:
    """How many claims must match before a rate of `miss_bps` can be ruled out with 95 %.

    n = ln(0.05) / ln(1 − q), rounded up, and never more than there are: q 5 % → 59, 2 % → 149.
    """
    needed = ceil(log(CONFIDENCE_LEFT) / log(1 - miss_bps / 10_000))
    return min(needed, population)


def score(beacon_value: str, claim_no: str) -> bytes:
    """A claim's place in the draw: SHA-256 over the beacon's value, a newline and the number."""
    return sha256(f"{beacon_value}\n{claim_no}".encode()).digest()


def draw(beacon_value: str, population: Collection[str], size: int) -> list[str]:
    """The claims with the lowest scores, lowest first."""
    return sorted(population, key=lambda one: score(beacon_value, one))[:size]


def tally(drawn: Sequence[Drawn]) -> Tally:
    """Count what was recorded."""
    results = [one.result for one in drawn]
    return Tally(
        sample=len(drawn),
        matches=results.count("matches"),
        mismatches=results.count("mismatch"),
        unreachable=results.count("unreachable"),
    )


def is_value(text: str) -> bool:
    """Whether a text can be a beacon's value: printable, not empty, at most 200 signs."""
    return 0 < len(text) <= 200 and text.isprintable() and text == text.strip()
