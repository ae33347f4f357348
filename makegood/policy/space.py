"""The space of cases a table speaks about, cut into boxes: exact, without trying single cases.

A column's values fall into classes that no cell of the tables tells apart; a box holds one bit
per class for each column. Unknown is a class of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from makegood.policy.inputs import Input
from makegood.policy.tables import Cell, Row, Scalar, Table

Box = tuple[int, ...]
MAX_BOXES: Final = 50_000
"""More pieces than this and a table is too tangled for anybody to check."""


class TooTangled(Exception):
    """A table's rows cut the space into more boxes than a check may take."""


class Column(msgspec.Struct, frozen=True):
    """One column: its name, and one value of each class (None is unknown)."""

    name: str
    values: tuple[Scalar, ...]

    @property
    def everything(self) -> int:
        """All classes."""
        return (1 << len(self.values)) - 1

    @property
    def known(self) -> int:
        """All classes but unknown."""
        return sum(1 << place for place, one in enumerate(self.values) if one is not None)

    def mask(self, cell: Cell) -> int:
        """The classes that satisfy a cell."""
        return sum(1 << place for place, one in enumerate(self.values) if cell.state(one) == "met")


class Space(msgspec.Struct, frozen=True):
    """All columns that one or several tables ask about."""

    columns: tuple[Column, ...]

    @property
    def whole(self) -> Box:
        """Every case."""
        return tuple(column.everything for column in self.columns)

    @property
    def known(self) -> Box:
        """Every case in which all facts are known."""
        return tuple(column.known for column in self.columns)

    def box_of(self, table: Table, row: Row) -> Box:
        """The cases in which every cell of the row is met."""
        cells = dict(zip(table.inputs, row.cells, strict=True))
        return tuple(
            column.mask(cells[column.name]) if column.name in cells else column.everything
            for column in self.columns
        )

    def example(self, box: Box) -> dict[str, Scalar]:
        """One case of the box, with unknown only where nothing else is left."""
        found: dict[str, Scalar] = {}
        for column, mask in zip(self.columns, box, strict=True):
            inside = [one for place, one in enumerate(column.values) if mask >> place & 1]
            known = [one for one in inside if one is not None]
            found[column.name] = known[0] if known else None
        return found

    def telling(self, box: Box) -> tuple[str, ...]:
        """The columns that make the box what it is: in the others every known value is inside."""
        return tuple(
            column.name
            for column, mask in zip(self.columns, box, strict=True)
            if column.known & ~mask
        )


def space_of(inputs: Mapping[str, Input], tables: Iterable[Table]) -> Space:
    """The space in which all these tables can be compared."""
    cells: dict[str, list[Cell]] = {}
    for table in tables:
        for place, name in enumerate(table.inputs):
            cells.setdefault(name, []).extend(row.cells[place] for row in table.rows)
    return Space(tuple(_column(name, inputs[name], found) for name, found in cells.items()))


def both(one: Box, other: Box) -> Box | None:
    """What two boxes share; None for nothing."""
    shared = tuple(left & right for left, right in zip(one, other, strict=True))
    return shared if all(shared) else None


def minus(one: Box, other: Box) -> Iterator[Box]:
    """What is left of a box without another one, in disjoint boxes."""
    if both(one, other) is None:
        yield one
        return
    head: list[int] = []
    for place, (mine, theirs) in enumerate(zip(one, other, strict=True)):
        rest = mine & ~theirs
        if rest:
            yield (*head, rest, *one[place + 1 :])
        head.append(mine & theirs)


def reach(space: Space, table: Table) -> tuple[list[list[Box]], list[Box]]:
    """For each row the cases it decides, first match wins; and the cases nobody decides.

    Raises TooTangled.
    """
    left: list[Box] = [space.whole]
    decided: list[list[Box]] = []
    for row in table.rows:
        box = space.box_of(table, row)
        decided.append([one for one in (both(piece, box) for piece in left) if one])
        left = [rest for piece in left for rest in minus(piece, box)]
        if len(left) > MAX_BOXES:
            raise TooTangled(table.id)
    return decided, left


def _column(name: str, spec: Input, cells: Sequence[Cell]) -> Column:
    values: list[Scalar]
    match spec.kind:
        case "yes_no":
            values = [True, False]
        case "count":
            values = list(_counts(cells, spec.least))
        case _:
            values = list(spec.words)
    return Column(name, (*values, None) if spec.may_be_unknown else tuple(values))


def _counts(cells: Sequence[Cell], least: int | None) -> Iterator[int]:
    """The first number of each stretch that no cell tells apart."""
    cuts: set[int] = set()
    for cell in cells:
        for value in cell.values:
            if isinstance(value, int) and not isinstance(value, bool):
                cuts.add(value if cell.op in ("lt", "ge") else value + 1)
    inside = sorted(cut for cut in cuts if least is None or cut > least)
    yield least if least is not None else (inside[0] - 1 if inside else 0)
    yield from inside
