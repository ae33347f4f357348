"""What is odd in a table: cases that no row takes, rows never reached, rows that overlap.

First match wins, so a special row above a general one is as it should be; two rows that cut
across each other and differ are not: there the order decides without saying so.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from makegood.policy.inputs import Input
from makegood.policy.space import Box, Space, both, reach, space_of
from makegood.policy.tables import Row, Scalar, Table

OddKind = Literal["gap", "dead", "overlap"]


class Odd(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to look at: which row, which other rows, and a case that shows it."""

    kind: OddKind
    table: str
    row: str = ""
    others: tuple[str, ...] = ()
    example: dict[str, Scalar] = {}
    tells: tuple[str, ...] = ()
    """The facts of the example that matter; the others may be anything known."""
    new: bool = False
    """True where the table it was made from did not have it."""


def oddities(inputs: Mapping[str, Input], table: Table, before: Table | None = None) -> list[Odd]:
    """Everything odd in the table; `new` beside what the table before it had as well.

    Gaps count only where every fact is known: an unknown fact is for a person anyway.
    Raises space.TooTangled.
    """
    space = space_of(inputs, [table] if before is None else [table, before])
    decided, left = reach(space, table)
    found = [*_gaps(space, table, left, before), *_dead(space, table, decided)]
    found.extend(_overlaps(space, table, decided))
    known = set() if before is None else _marks(inputs, before)
    return [
        msgspec.structs.replace(odd, new=odd.new or (odd.kind != "gap" and _mark(odd) not in known))
        for odd in found
    ]


def first_gap(inputs: Mapping[str, Input], table: Table) -> dict[str, Scalar] | None:
    """A case, known or not, that no row takes; None when every case is taken."""
    space = space_of(inputs, [table])
    _, left = reach(space, table)
    return space.example(left[0]) if left else None


def _gaps(space: Space, table: Table, left: list[Box], before: Table | None) -> Iterator[Odd]:
    """One gap that is new, if any, and one that was there before, if any."""
    open_cases = [case for case in (both(box, space.known) for box in left) if case]
    taken = [] if before is None else [space.box_of(before, row) for row in before.rows]
    fresh = [case for box in open_cases for row in taken if (case := both(box, row))]
    old = [case for case in open_cases if not any(both(case, row) for row in taken)]
    for cases, new in ((fresh, True), (old, before is None)):
        if cases:
            near = _nearest(space, table, cases[0])
            yield Odd(
                kind="gap",
                table=table.id,
                row=near,
                example=space.example(cases[0]),
                tells=space.telling(cases[0]),
                new=new,
            )


def _nearest(space: Space, table: Table, case: Box) -> str:
    """The row that misses the case by the fewest conditions."""

    def missed(row: Row) -> int:
        box = space.box_of(table, row)
        return sum(1 for mine, theirs in zip(case, box, strict=True) if not mine & theirs)

    return min(table.rows, key=missed).id if table.rows else ""


def _dead(space: Space, table: Table, decided: list[list[Box]]) -> Iterator[Odd]:
    for place, row in enumerate(table.rows):
        if decided[place]:
            continue
        box = space.box_of(table, row)
        above = [
            earlier.id for earlier in table.rows[:place] if both(space.box_of(table, earlier), box)
        ]
        yield Odd(
            kind="dead",
            table=table.id,
            row=row.id,
            others=tuple(above),
            example=space.example(box) if all(box) else {},
            tells=space.telling(box),
        )


def _overlaps(space: Space, table: Table, decided: list[list[Box]]) -> Iterator[Odd]:
    boxes = [space.box_of(table, row) for row in table.rows]
    for later, row in enumerate(table.rows):
        if not decided[later]:
            continue
        for earlier in range(later):
            other = table.rows[earlier]
            if _alike(other, row) or _contains(boxes[later], boxes[earlier]):
                continue
            shared = next((c for b in decided[earlier] if (c := both(b, boxes[later]))), None)
            shared = both(shared, space.known) if shared else None
            if shared:
                yield Odd(
                    kind="overlap",
                    table=table.id,
                    row=row.id,
                    others=(other.id,),
                    example=space.example(shared),
                    tells=space.telling(shared),
                )


def _alike(one: Row, other: Row) -> bool:
    """Whether two rows come to the same, apart from their names."""
    return {k: v for k, v in one.outcome.items() if k != "rule"} == {
        k: v for k, v in other.outcome.items() if k != "rule"
    }


def _contains(outer: Box, inner: Box) -> bool:
    return all(mine & theirs == theirs for mine, theirs in zip(outer, inner, strict=True))


def _marks(inputs: Mapping[str, Input], table: Table) -> set[tuple[str, str, tuple[str, ...]]]:
    space = space_of(inputs, [table])
    decided, _ = reach(space, table)
    odd = [*_dead(space, table, decided), *_overlaps(space, table, decided)]
    return {_mark(one) for one in odd}


def _mark(odd: Odd) -> tuple[str, str, tuple[str, ...]]:
    return odd.kind, odd.row, odd.others if odd.kind == "overlap" else ()
