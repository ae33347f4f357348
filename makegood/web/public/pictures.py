"""Where the points and boxes of an example's picture stand; templates draw them as SVG."""

from collections.abc import Sequence
from typing import Final

import msgspec

WIDTH: Final = 300
LEFT: Final = 34
MOST: Final = 5
"""Points that still have room for their words beside each other."""
GOOD: Final = ("delivered", "revealed", "done")
BAD: Final = ("opened",)
KEPT: Final = ("paid", "delivered", "revealed", "opened", "decided", "done", "seller_answered")
"""Steps by what they tell most, when there are too many for one line."""
ROWS: Final = 3
LETTERS: Final = 21


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """One point of a timeline: where, what, how long after the payment, which mark."""

    x: int
    what: str
    seconds: int
    mark: str
    """`ok`, `bad` or `plain`; the shape differs as well as the colour."""


class Fact(msgspec.Struct, frozen=True):
    """One line of a picture of facts."""

    y: int
    text: str


def spots(ticks: Sequence[tuple[str, int]]) -> list[Spot]:
    """The points of a timeline at equal distances, in the order of time."""
    known = {what for what, _ in ticks}
    kept = [what for what in KEPT if what in known][:MOST]
    shown = [(what, seconds) for what, seconds in ticks if what in kept]
    step = (WIDTH - 2 * LEFT) / max(1, len(shown) - 1)
    return [
        Spot(x=round(LEFT + place * step), what=what, seconds=seconds, mark=_mark(what))
        for place, (what, seconds) in enumerate(shown)
    ]


def fact_lines(texts: Sequence[str]) -> list[Fact]:
    """Conditions one under the other, cut to what fits; what is left out is marked."""
    shown = [_cut(text) for text in texts[:ROWS]]
    if len(texts) > ROWS:
        shown[-1] = f"{shown[-1][: LETTERS - 2]} …"
    first = 52 - 12 * (len(shown) - 1)
    return [Fact(first + 24 * place, text) for place, text in enumerate(shown)]


def _mark(what: str) -> str:
    return "ok" if what in GOOD else "bad" if what in BAD else "plain"


def _cut(text: str) -> str:
    width = 0.0
    for place, letter in enumerate(text):
        width += 1.0 if ord(letter) > 0x2E7F else 0.55
        if width > LETTERS:
            return f"{text[:place]}…"
    return text
