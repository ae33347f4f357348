"""One backtest from its first case to its result: canonical vectors, verdicts once, totals."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeAlias, TypeVar

import msgspec

from makegood.policy.backtest.case import Case
from makegood.policy.backtest.result import Result
from makegood.policy.backtest.tally import Minutes, Tally
from makegood.policy.backtest.vector import Reading, Vector
from makegood.policy.backtest.verdict import Verdict, deferring, verdicts_of
from makegood.policy.model import Pack

CHUNK: Final = 1000
KEPT_VECTORS: Final = 200_000
"""Verdicts kept at once; of more distinct vectors than this the oldest are asked again."""

T = TypeVar("T")
Verdicts: TypeAlias = tuple[Verdict | None, Verdict]
"""Of the rules in force (None where history is the comparison) and of the draft."""
Answers: TypeAlias = Callable[[], list[Verdicts]]
"""The answers when they are there; waits for them."""
Ask: TypeAlias = Callable[[Sequence[Vector]], Answers]
"""Puts vectors to both packs: in this process at once, or in several behind our back."""


class Begun(msgspec.Struct, frozen=True):
    """Cases under way: their vectors, the new ones among them, and the answers to come."""

    told: list[tuple[Case, Vector]]
    fresh: list[Vector]
    answers: Answers


class Run:
    """A backtest under way. `add` may be called with any number of cases at a time."""

    def __init__(
        self,
        draft: Pack,
        in_force: Pack | None,
        ask: Ask | None = None,
        kept_vectors: int = KEPT_VECTORS,
        currency: str = "CNY",
    ) -> None:
        packs = [draft] if in_force is None else [in_force, draft]
        self._names = (draft.name, draft.version, in_force)
        self._reading = Reading(packs)
        self._ask = ask or asking(draft, in_force)
        self._known: dict[Vector, Verdicts | None] = {}
        self._kept = kept_vectors
        self.tally = Tally(currency)
        self.vectors = 0

    @property
    def known_vectors(self) -> int:
        """How many verdicts are kept at present."""
        return len(self._known)

    def add(self, cases: Iterable[Case]) -> int:
        """Put the cases to the rules and count them; answers how many."""
        return self.finish(self.begin(cases))

    def begin(self, cases: Iterable[Case]) -> Begun:
        """Ask about what is new among the cases; the next ones may begin before these finish."""
        told = [(case, self._reading.vector(case)) for case in cases]
        fresh = list({vector: None for _, vector in told if vector not in self._known})
        self._known.update(dict.fromkeys(fresh))
        self.vectors += len(fresh)
        return Begun(told, fresh, self._ask(fresh))

    def finish(self, begun: Begun) -> int:
        """Take the answers and count the cases, in the order in which they began."""
        self._known.update(zip(begun.fresh, begun.answers(), strict=True))
        for case, vector in begun.told:
            verdicts = self._known[vector]
            assert verdicts is not None, "an earlier chunk has its answers"
            self.tally.add(case, *verdicts, vector)
        if len(self._known) > self._kept:
            self._forget()
        return len(begun.told)

    def result(self, minutes: Minutes) -> Result:
        """The figures of all that was added."""
        name, version, in_force = self._names
        old = "history" if in_force is None else f"{in_force.name}@{in_force.version}"
        return self.tally.result(f"{name}@{version}", old, minutes, self.vectors)

    def _forget(self) -> None:
        """Drop the older half of what is known; what is still asked for stays."""
        known = [vector for vector, verdicts in self._known.items() if verdicts is not None]
        for vector in known[: len(known) // 2]:
            del self._known[vector]


def add_all(run: Run, cases: Iterable[Case], size: int = CHUNK) -> Iterator[int]:
    """Add the cases chunk by chunk, one chunk ahead, so that nobody waits for anybody.

    Yields how many were added each time; a caller who stops listening cancels the rest.
    """
    begun: Begun | None = None
    for chunk in chunks(cases, size):
        ahead = run.begin(chunk)
        if begun is not None:
            yield run.finish(begun)
        begun = ahead
    if begun is not None:
        yield run.finish(begun)


def asking(draft: Pack, in_force: Pack | None) -> Ask:
    """Puts vectors to the packs in this process."""
    new = deferring(draft)
    old = None if in_force is None else deferring(in_force)

    def ask(vectors: Sequence[Vector]) -> Answers:
        after = verdicts_of(new, vectors)
        before: Sequence[Verdict | None] = [None] * len(after)
        if old is not None:
            before = verdicts_of(old, vectors)
        return lambda: list(zip(before, after, strict=True))

    return ask


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of this size; the last may be shorter."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
