"""One backtest from its first case to its result: canonical vectors, verdicts once, totals."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Final, TypeAlias

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

Verdicts: TypeAlias = tuple[Verdict | None, Verdict]
"""Of the rules in force (None where history is the comparison) and of the draft."""
Ask: TypeAlias = Callable[[Sequence[Vector]], list[Verdicts]]
"""Puts vectors to both packs: in this process, or in several."""


class Run:
    """A backtest under way. `add` may be called with any number of cases at a time."""

    def __init__(self, draft: Pack, in_force: Pack | None, ask: Ask | None = None) -> None:
        packs = [draft] if in_force is None else [in_force, draft]
        self._names = (draft.name, draft.version, in_force)
        self._reading = Reading(packs)
        self._ask = ask or asking(draft, in_force)
        self._known: dict[Vector, tuple[Verdicts, str]] = {}
        self.tally = Tally()
        self.vectors = 0

    def add(self, cases: Iterable[Case]) -> int:
        """Put the cases to the rules and count them; answers how many."""
        told = [(case, self._reading.vector(case)) for case in cases]
        fresh = list({vector: None for _, vector in told if vector not in self._known})
        self._make_room(len(fresh))
        self._learn(fresh)
        for case, vector in told:
            (before, after), digest = self._known[vector]
            self.tally.add(case, before, after, digest)
        return len(told)

    def result(self, minutes: Minutes) -> Result:
        """The figures of all that was added."""
        name, version, in_force = self._names
        old = "history" if in_force is None else f"{in_force.name}@{in_force.version}"
        return self.tally.result(f"{name}@{version}", old, minutes, self.vectors)

    def _learn(self, fresh: list[Vector]) -> None:
        self.vectors += len(fresh)
        for vector, verdicts in zip(fresh, self._ask(fresh), strict=True):
            self._known[vector] = (verdicts, digest_of(vector))

    def _make_room(self, count: int) -> None:
        if len(self._known) + count > KEPT_VECTORS:
            for vector in list(islice(self._known, len(self._known) // 2 + count)):
                del self._known[vector]


def asking(draft: Pack, in_force: Pack | None) -> Ask:
    """Puts vectors to the packs in this process."""
    new = deferring(draft)
    old = None if in_force is None else deferring(in_force)

    def ask(vectors: Sequence[Vector]) -> list[Verdicts]:
        after = verdicts_of(new, vectors)
        if old is None:
            return [(None, one) for one in after]
        return list(zip(verdicts_of(old, vectors), after, strict=True))

    return ask


def chunks(cases: Iterable[Case], size: int = CHUNK) -> Iterator[list[Case]]:
    """The cases in lists of this size; the last may be shorter."""
    rest = iter(cases)
    while chunk := list(islice(rest, size)):
        yield chunk


def digest_of(vector: Vector) -> str:
    """Twelve letters that stand for the vector."""
    return blake2b(msgspec.json.encode(vector, order="deterministic"), digest_size=6).hexdigest()
