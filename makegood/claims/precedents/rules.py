"""When two claims are alike: fingerprints, what is the same, what differs, what most ended in."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Literal

import msgspec

from makegood.policy.backtest.case import Said
from makegood.policy.backtest.intervals import Interval, wilson
from makegood.policy.backtest.vector import between
from makegood.policy.model import Pack
from makegood.policy.tables import Table

Assist = Literal["alone", "followed", "departed", "unaided", "agreed"]
"""The rules' part in a decision: made it, their suggestion was followed or departed from, they had
none, or the sides agreed."""

BANDS: Final = (1_000, 5_000, 20_000, 50_000, 200_000)
"""Upper ends of amount bands in minor units; the last band is open."""
LOOK_BACK: Final = timedelta(days=180)
SHOWN: Final = 5
TABLES_KEPT: Final = 512
BINDING: Final = 3
"""So many like claims that ended alike bind: ruling otherwise needs a written difference."""
BINDING_SHARE: Final = 80
"""… and at least this percentage of all like claims."""


class Precedent(msgspec.Struct, frozen=True, kw_only=True):
    """One standing or overturned decision, with the facts that the rules read."""

    claim_no: str
    decision_no: int
    reason: str
    product_class: str
    amount_band: int
    finding: str
    outcome: str
    remedy: str
    amount_minor: int
    currency: str
    shares: dict[str, int]
    rule_id: str
    rule_version: str
    by_whom: str
    assist: Assist
    overturned: bool
    decided_at: datetime
    seller_id: str
    case_hash: str
    said: tuple[Said, ...]


class Point(msgspec.Struct, frozen=True):
    """One fact of two claims side by side; None where nobody stated it."""

    fact: str
    here: bool | int | str | None
    there: bool | int | str | None
    same: bool


class Like(msgspec.Struct, frozen=True, kw_only=True):
    """A precedent with what it shares with the claim at hand and what it does not."""

    precedent: Precedent
    points: tuple[Point, ...]
    same_band: bool
    same_seller: bool

    @property
    def differs(self) -> tuple[Point, ...]:
        """The facts that differ."""
        return tuple(point for point in self.points if not point.same)

    @property
    def shares(self) -> tuple[Point, ...]:
        """The known facts that are the same."""
        return tuple(point for point in self.points if point.same and point.here is not None)


class Ended(msgspec.Struct, frozen=True):
    """How many like claims ended with one finding."""

    finding: str
    claims: int


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """The like claims of a claim: the nearest, and how all with the same facts ended."""

    nearest: tuple[Like, ...] = ()
    ended: tuple[Ended, ...] = ()
    """Of the last 180 days with the same decisive facts, most frequent first."""

    @property
    def claims(self) -> int:
        """How many claims have the same decisive facts."""
        return sum(one.claims for one in self.ended)

    @property
    def binding(self) -> str:
        """The finding that like claims bind to; empty where they are few or not of one mind."""
        if not self.ended or self.ended[0].claims < BINDING:
            return ""
        first = self.ended[0]
        return first.finding if first.claims * 100 >= BINDING_SHARE * self.claims else ""


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How many pairs of like claims there are, and how many of them ended alike."""

    claims: int
    groups: int
    pairs: int
    agreeing: int

    @property
    def share(self) -> float | None:
        """Agreeing over all pairs; None without a pair."""
        return self.agreeing / self.pairs if self.pairs else None

    @property
    def interval(self) -> Interval:
        """Wilson's, with the claims as the count: pairs of one claim are not independent."""
        if self.pairs == 0:
            return wilson(0, 0)
        return wilson(round(self.claims * self.agreeing / self.pairs), self.claims)


def band_of(amount_minor: int) -> int:
    """The amount band, from 0."""
    return sum(1 for end in BANDS if amount_minor > end)


def decisive(pack: Pack, reason: str, said: Iterable[Said]) -> dict[str, bool | int | str | None]:
    """The known facts that the reason's table reads, numbers as the side of limits they lie on."""
    if reason not in pack.reasons:
        return {}
    table = pack.tables[pack.reasons[reason].table]
    limits: dict[str, set[int]] = {}
    for row in table.rows:
        for place, cell in row.asked:
            numbers = {v for v in cell.values if isinstance(v, int) and not isinstance(v, bool)}
            limits.setdefault(table.inputs[place], set()).update(numbers)
    known = {one.name: one.value for one in said if one.name in table.inputs}
    return {
        name: _plain(value, sorted(limits.get(name, ())))
        for name, value in sorted(known.items())
        if value is not None
    }


def fact_print(
    reason: str,
    product_class: str,
    facts: Mapping[str, bool | int | str | None],
    judged_by: str = "",
) -> bytes:
    """Sixteen bytes, equal for claims of equal reason, product class and facts under equal rows.

    `judged_by` is `rows_print` of the table that judges: where the rows have changed, what ended
    under the earlier ones is no like case any more.
    """
    whole = msgspec.json.encode((reason, product_class, judged_by, sorted(facts.items())))
    return blake2b(whole, digest_size=16).digest()


@lru_cache(maxsize=TABLES_KEPT)
def rows_print(table: Table) -> str:
    """What a table asks and what it gives, as a short digest; notes and words do not count."""
    rows = [(row.cells, sorted(row.outcome.items())) for row in table.rows]
    return blake2b(msgspec.json.encode((table.inputs, rows)), digest_size=8).hexdigest()


def alike(
    facts: Mapping[str, bool | int | str | None],
    amount_minor: int,
    seller_id: str,
    others: Sequence[tuple[Precedent, Mapping[str, bool | int | str | None]]],
) -> tuple[Like, ...]:
    """The nearest first: fewest differing facts, nearest amount, same seller, newest."""
    band = band_of(amount_minor)
    found = [
        (
            Like(
                precedent=other,
                points=compare(facts, theirs),
                same_band=other.amount_band == band,
                same_seller=other.seller_id == seller_id,
            ),
            abs(other.amount_band - band),
        )
        for other, theirs in others
    ]
    found.sort(
        key=lambda one: (
            len(one[0].differs),
            one[1],
            not one[0].same_seller,
            -one[0].precedent.decided_at.timestamp(),
            one[0].precedent.claim_no,
        )
    )
    return tuple(like for like, _ in found[:SHOWN])


def compare(
    here: Mapping[str, bool | int | str | None], there: Mapping[str, bool | int | str | None]
) -> tuple[Point, ...]:
    """Every fact that one of the two knows, in the order of names."""
    return tuple(
        Point(name, here.get(name), there.get(name), here.get(name) == there.get(name))
        for name in sorted({*here, *there})
    )


def agreement(groups: Iterable[Mapping[str, int]]) -> Agreement:
    """Pairs within each group of like claims, and the pairs that ended alike.

    A group maps an end to how many of its claims ended so; groups of one have no pair.
    """
    claims = count = pairs = agreeing = 0
    for ends in groups:
        size = sum(ends.values())
        if size < 2:
            continue
        claims, count = claims + size, count + 1
        pairs += _pairs(size)
        agreeing += sum(map(_pairs, ends.values()))
    return Agreement(claims=claims, groups=count, pairs=pairs, agreeing=agreeing)


def assisted(assists: Counter[str]) -> tuple[int, int]:
    """How many decisions the machine made or helped with, and how many there were."""
    helped = sum(assists[kind] for kind in ("alone", "followed", "departed"))
    return helped, sum(assists.values())


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _plain(value: bool | int | str | None, limits: Sequence[int]) -> bool | int | str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    return between(value, limits)
