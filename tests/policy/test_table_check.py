"""The checker of tables: exact over every case, and it finds each of twenty planted faults."""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from makegood.policy.check import liability_tables
from makegood.policy.draft.editing import (
    AddRow,
    Edit,
    MoveRow,
    RemoveRow,
    SetCell,
    SetResult,
    apply,
)
from makegood.policy.inputs import Input, inputs_of
from makegood.policy.jdm import read_table
from makegood.policy.judgement import Words
from makegood.policy.packfile import read_parts, write_parts
from makegood.policy.space import reach, space_of
from makegood.policy.tablecheck import Odd, OddKind, first_gap, oddities
from makegood.policy.tables import Cell, Row, Scalar, Table, first_met
from tests.policy.given import PACK

PARTS = read_parts(PACK.source)


def edited(table: str, *edits: Edit) -> Table:
    """A shipped table after some edits."""
    parts: Mapping[str, Any] = PARTS
    for edit in edits:
        parts = apply(parts, edit)
    raw = write_parts({"x": parts["tables"][table]})
    return read_table(raw.split(b'"x": ', 1)[1].rstrip()[:-1], f"tables/{table}.json")


def found(table: str, *edits: Edit) -> list[Odd]:
    """What the checker says of the edited table that it did not say of the shipped one."""
    after = edited(table, *edits)
    odd = oddities(inputs_of(PACK, table), after, PACK.tables[table])
    return [one for one in odd if one.new]


def result(row: str, finding: str, **shares: int) -> SetResult:
    return SetResult(row.partition(".")[0], row, finding, "yes", shares)


PLANTED: list[tuple[str, OddKind, str, list[Edit]]] = [
    ("the last row is gone", "gap", "R-20", [RemoveRow("R-20", "R-20.3")]),
    ("the seller's row is gone", "gap", "R-13", [RemoveRow("R-13", "R-13.2")]),
    ("late by exactly nothing falls through", "gap", "R-04",
     [SetCell("R-04", "R-04.1", "delivery.minutes_late", "< 0")]),
    ("late by one to ten minutes falls through", "gap", "R-04",
     [SetCell("R-04", "R-04.2", "delivery.minutes_late", "> 10"),
      SetCell("R-04", "R-04.3", "delivery.minutes_late", "> 10")]),
    ("a general row asks for more than before", "gap", "R-20",
     [SetCell("R-20", "R-20.2", "account.changed_by_buyer", "false")]),
    ("a no becomes a yes", "gap", "R-31", [SetCell("R-31", "R-31.1", "payment.auth", "'strong'")]),
    ("an unknown is asked for where a value was", "gap", "R-36",
     [SetCell("R-36", "R-36.2", "service.promise_kept", "null")]),
    ("a word is dropped from a list", "gap", "R-29",
     [SetCell("R-29", "R-29.3", "payment.amount_matches", "false")]),
    ("a row for everything stands first", "dead", "R-20",
     [SetCell("R-20", "R-20.1", "account.changed_by_buyer", ""),
      SetCell("R-20", "R-20.1", "account.rebind_works", "")]),
    ("a general row moved above a special one", "dead", "R-04", [MoveRow("R-04", "R-04.3", True)]),
    ("a copy of a row", "dead", "R-07", [AddRow("R-07", "R-07.12")]),
    ("a row that another one contains", "dead", "R-18",
     [SetCell("R-18", "R-18.1", "goods.source", "")]),
    ("two rows together take a third one's cases", "dead", "R-41",
     [SetCell("R-41", "R-41.3", "leak.by", "'platform', 'seller'"),
      SetCell("R-41", "R-41.1", "leak.found", ""),
      SetCell("R-41", "R-41.2", "leak.found", "")]),
    ("a limit that swallows the next row", "dead", "R-33",
     [SetCell("R-33", "R-33.1", "service.minutes_over_promise", ">= 0")]),
    ("no number is both", "dead", "R-40",
     [SetCell("R-40", "R-40.1", "minor.is_minor", "")]),
    ("a narrower row above makes one below useless", "dead", "R-43",
     [SetCell("R-43", "R-43.2", "listing.change_of_mind", "")
      , SetCell("R-43", "R-43.2", "key.revealed", "")]),
    ("two rows cut across each other", "overlap", "R-20",
     [SetCell("R-20", "R-20.1", "account.rebind_works", "")]),
    ("a widened row crosses a special one", "overlap", "R-18",
     [SetCell("R-18", "R-18.1", "supplier.term_matches", "")]),
    ("limits that overlap with other results", "overlap", "R-04",
     [SetCell("R-04", "R-04.1", "delivery.minutes_late", "<= 10"),
      SetCell("R-04", "R-04.1", "delivery.delivered", "")]),
    ("the same case with another result", "overlap", "R-40",
     [SetCell("R-40", "R-40.3", "minor.is_minor", ""),
      result("R-40.3", "minor_gate_failed", platform=100)]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "table", "edits"), [p[1:] for p in PLANTED],
                         ids=[p[0] for p in PLANTED])  # fmt: skip
def test_each_planted_fault_is_found_with_its_row_and_an_example(
    kind: OddKind, table: str, edits: list[Edit]
) -> None:
    odd = [one for one in found(table, *edits) if one.kind == kind]
    assert odd, found(table, *edits)
    after = edited(table, *edits)
    for one in odd:
        case = [one.example.get(name) for name in after.inputs]
        taken = first_met(after.rows, case)
        match one.kind:
            case "gap":
                assert taken is None
                assert one.row in {row.id for row in after.rows}
            case "dead":
                assert taken is None or after.rows[taken].id != one.row
            case "overlap":
                assert taken is not None
                assert after.rows[taken].id in (*one.others, *(row.id for row in after.rows))


def test_twenty_faults_are_planted() -> None:
    assert len(PLANTED) == 20


@pytest.mark.parametrize("table", [table.id for table in liability_tables(PACK)])
def test_the_shipped_tables_have_no_row_that_is_never_reached(table: str) -> None:
    odd = oddities(inputs_of(PACK, table), PACK.tables[table])
    assert [one for one in odd if one.kind == "dead"] == []


@pytest.mark.parametrize("table", ["remedies", "lane", "class", "auto_lane"])
def test_the_judges_own_tables_take_every_case_known_or_not(table: str) -> None:
    assert first_gap(inputs_of(PACK, table), PACK.tables[table]) is None


COLUMNS = ("a", "b", "n")
INPUTS = {
    "a": Input(name="a", kind="yes_no", label=Words("a", "a")),
    "b": Input(name="b", kind="word", label=Words("b", "b"), words=("x", "y", "z")),
    "n": Input(name="n", kind="count", label=Words("n", "n"), least=None),
}
VALUES: dict[str, list[Scalar]] = {
    "a": [True, False, None],
    "b": ["x", "y", "z", None],
    "n": [*range(-4, 5), None],
}
ANY = Cell("any")
CELLS = {
    "a": st.sampled_from([ANY, Cell("unknown"), Cell("one_of", (True,)), Cell("one_of", (False,))]),
    "b": st.sampled_from(
        [ANY, Cell("unknown"), Cell("one_of", ("x",)), Cell("one_of", ("x", "z"))]
    ),
    "n": st.one_of(
        st.just(ANY),
        st.builds(
            lambda op, limit: Cell(op, (limit,)),
            st.sampled_from(["lt", "le", "gt", "ge"]),
            st.integers(-3, 3),
        ),
    ),
}


class Rows:
    """Rows without an engine: only what the checker reads."""

    def __init__(self, rows: list[tuple[Cell, ...]]) -> None:
        self.id, self.inputs = "T", COLUMNS
        self.rows = tuple(
            Row(f"T.{n}", "", cells, {"finding": str(n)}, ()) for n, cells in enumerate(rows, 1)
        )


def by_trying(rows: tuple[Row, ...]) -> tuple[set[str], bool]:
    """Rows that are reached, and whether a known case falls through, by trying every case."""
    reached: set[str] = set()
    falls = False
    for case in product(*(VALUES[name] for name in COLUMNS)):
        hit = next(
            (
                row.id
                for row in rows
                if all(c.state(v) == "met" for c, v in zip(row.cells, case, strict=True))
            ),
            None,
        )
        if hit is None:
            falls = falls or None not in case
        else:
            reached.add(hit)
    return reached, falls


Check = Callable[[Table], list[Odd]]


def agrees_with_trying_every_case(check: Check) -> None:
    """Property: dead rows and gaps are exactly those that trying every case shows."""

    @settings(
        max_examples=100,
        phases=[Phase.explicit, Phase.generate],
        report_multiple_bugs=False,
    )
    @given(st.lists(st.tuples(*(CELLS[name] for name in COLUMNS)), min_size=1, max_size=6))
    def run(rows: list[tuple[Cell, ...]]) -> None:
        table: Any = Rows(rows)
        reached, falls = by_trying(table.rows)
        odd = check(table)
        dead = {one.row for one in odd if one.kind == "dead"}
        assert dead == {row.id for row in table.rows} - reached
        assert any(one.kind == "gap" for one in odd) == falls

    run()


def test_the_checker_is_exact() -> None:
    agrees_with_trying_every_case(lambda table: oddities(INPUTS, table))


def test_boxes_never_overlap_and_cover_everything() -> None:
    table = PACK.tables["R-07"]
    space = space_of(inputs_of(PACK, "R-07"), [table])
    decided, left = reach(space, table)

    def size(box: tuple[int, ...]) -> int:
        whole = 1
        for mask in box:
            whole *= mask.bit_count()
        return whole

    pieces = [box for boxes in decided for box in boxes]
    assert sum(map(size, (*pieces, *left))) == size(space.whole)
