"""How sure a figure is: Wilson for shares of claims, a bootstrap for sums of money."""

import sys
from array import array
from collections.abc import Sequence
from functools import cache
from hashlib import shake_128
from math import sqrt
from typing import Final

import msgspec

Z: Final = 1.959964
"""The 97.5 % point of the normal distribution: two sides of 95 %."""
GROUPS: Final = 200
"""Claims are put into so many random groups, whose sums are drawn instead of single claims.

So the memory does not grow with the claims. Below that many claims a group holds one or none,
and this is the ordinary bootstrap.
"""
DRAWS: Final = 1000
SEED: Final = b"makegood backtest"


class Interval(msgspec.Struct, frozen=True):
    """From, to: 95 %."""

    low: float
    high: float


def wilson(part: int, whole: int) -> Interval:
    """Wilson's interval of a share; everything is possible where nothing was counted."""
    if whole <= 0:
        return Interval(0.0, 1.0)
    share, square = part / whole, Z * Z
    middle = share + square / (2 * whole)
    reach = Z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    return Interval(max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale))


def bootstrap(sums: Sequence[int]) -> Interval:
    """The interval of a total, from the sums of equally likely random groups; minor units.

    Groups are drawn with replacement, as many as there are; the middle 95 % of the totals is the
    interval. The draws are seeded: equal sums, equal interval.
    """
    if not any(sums):
        return Interval(0.0, 0.0)
    totals = sorted(sum(sums[place] for place in draw) for draw in _draws(len(sums)))
    return Interval(totals[int(DRAWS * 0.025)], totals[int(DRAWS * 0.975) - 1])


@cache
def _draws(count: int) -> list[list[int]]:
    """The draws of so many groups: hashed, not random, so that every machine draws the same."""
    drawn = array("H", shake_128(SEED).digest(2 * count * DRAWS))
    if sys.byteorder == "big":
        drawn.byteswap()
    places = [place % count for place in drawn]
    return [places[at : at + count] for at in range(0, len(places), count)]
