"""What differs between two versions, and whether any buyer could lose by it: against every case."""

import json
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from makegood.base.refusal import Refused
from makegood.policy.compare import Comparison, compare, row_diffs
from makegood.policy.draft.editing import (
    AddRow,
    Edit,
    MoveRow,
    RemoveRow,
    SetCell,
    SetClock,
    SetLimit,
    SetResult,
    SetText,
    apply,
)
from makegood.policy.jdm import read_table
from makegood.policy.model import Pack
from makegood.policy.packfile import read_pack_file, read_parts, write_parts
from makegood.policy.tables import Scalar, Table, first_met
from makegood.policy.vocabulary import FACTS
from tests.policy.given import PACK

PARTS = read_parts(PACK.source)
QUICK = settings(
    max_examples=50, phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False
)
SMALL = ("R-20", "R-27")
"""Tables of few columns: every case of theirs can be tried."""


def changed(*edits: Edit) -> Pack:
    """The shipped pack after some edits."""
    parts: Mapping[str, Any] = PARTS
    for edit in edits:
        parts = apply(parts, edit)
    return read_pack_file(write_parts(parts))


def result(row: str, finding: str, machine: Any = "yes", **shares: int) -> SetResult:
    return SetResult(row.partition(".")[0], row, finding, machine, shares)


LATE_IS_OURS = result("R-04.1", "delivered_late", platform=100)
KINDER: list[tuple[str, list[Edit]]] = [
    ("what was refused is refunded", [LATE_IS_OURS]),
    ("a refusal becomes a person's", [result("R-20.3", "account_works", "person", buyer=100)]),
    ("who pays behind the buyer's back", [result("R-13.1", "wrong_value_seller", seller=100)]),
    ("a refusal is taken out and a person looks", [RemoveRow("R-20", "R-20.3")]),
]
HARSHER: list[tuple[str, list[Edit]]] = [
    ("a refund is refused", [result("R-20.2", "account_works", buyer=100)]),
    ("a refund waits for a person", [result("R-20.2", "rebind_failed", "person", seller=100)]),
    ("a wider refusal", [SetCell("R-04", "R-04.1", "delivery.minutes_late", "<= 10")]),
    ("a full refund becomes a rest", [result("R-20.2", "term_short_seller", seller=100)]),
    ("a time limit", [LATE_IS_OURS, SetClock("decision", 2880, 720)]),
    ("a figure", [SetLimit("high_value_minor", 1)]),
    ("a sentence", [SetText("delivered_late", "clause", "改了。", "Changed.")]),
    ("nothing", []),
]


@pytest.mark.parametrize("edits", [one[1] for one in KINDER], ids=[one[0] for one in KINDER])
def test_a_change_that_no_buyer_loses_by_may_begin_early(edits: list[Edit]) -> None:
    found = compare(PACK, changed(*edits))
    assert found.favours_buyers, found
    assert found.shifts


@pytest.mark.parametrize("edits", [one[1] for one in HARSHER], ids=[one[0] for one in HARSHER])
def test_any_other_change_needs_its_notice(edits: list[Edit]) -> None:
    assert not compare(PACK, changed(*edits)).favours_buyers


def test_a_shift_names_both_rows_and_a_case_that_shows_it() -> None:
    after = changed(SetCell("R-04", "R-04.1", "delivery.minutes_late", "<= 10"))
    for shift in compare(PACK, after).shifts:
        for pack, row in ((PACK, shift.old_row), (after, shift.new_row)):
            table = pack.tables[shift.table]
            case = [shift.example.get(name) for name in table.inputs]
            index = first_met(table.rows, case)
            assert (table.rows[index].id if index is not None else "") == row


def test_rows_are_shown_beside_their_earlier_form() -> None:
    after = changed(
        SetCell("R-20", "R-20.1", "account.rebind_works", "false"),
        AddRow("R-20", "R-20.1"),
        RemoveRow("R-20", "R-20.2"),
        MoveRow("R-20", "R-20.3", True),
    )
    found = {one.row.id: one for one in row_diffs(PACK.tables["R-20"], after.tables["R-20"])}
    assert found["R-20.1"].state == "changed"
    assert set(found["R-20.1"].cells) == {"account.rebind_works"}
    assert found["R-20.2"].state == "gone"
    assert found["R-20.4"].state == "new"


def test_a_version_beside_itself_has_no_difference() -> None:
    assert compare(PACK, PACK) == Comparison(tables=(), shifts=(), others=())


def values(name: str) -> list[Scalar]:
    spec = FACTS[name]
    return [True, False, None] if spec.kind == "yes_no" else [*spec.words, None]


def outcome(table: Table, case: list[Scalar]) -> tuple[int, bool]:
    """What the buyer bears (100 for certain, -1 for a person), and whether a machine says so."""
    index = first_met(table.rows, case)
    if index is None:
        return -1, False
    said = table.rows[index].outcome
    return int(said["shares.buyer"]), said["machine"] == "yes"


def some_edits(table: str) -> st.SearchStrategy[list[Edit]]:
    rows = [row.id for row in PACK.tables[table].rows]
    findings = st.sampled_from(["account_works", "rebind_failed", "charged_no_order_platform"])
    machine: st.SearchStrategy[Any] = st.sampled_from(["yes", "person"])
    shares = st.sampled_from([{"buyer": 100}, {"seller": 100}, {"platform": 100}])
    cells = st.sampled_from(["", "true", "false", "null"])
    yes_no = [name for name in PACK.tables[table].inputs if FACTS[name].kind == "yes_no"]
    one = st.one_of(
        st.builds(SetResult, st.just(table), st.sampled_from(rows), findings, machine, shares),
        st.builds(SetCell, st.just(table), st.sampled_from(rows), st.sampled_from(yes_no), cells),
        st.builds(RemoveRow, st.just(table), st.sampled_from(rows)),
    )
    return st.lists(one, min_size=1, max_size=2)


Judge = Callable[[Pack, Pack], bool]


def with_table(table: str, edits: list[Edit]) -> Pack | None:
    """The shipped pack with one table edited and compiled; None where an edit made no sense."""
    parts: Mapping[str, Any] = {**PARTS, "tables": {table: PARTS["tables"][table]}}
    try:
        for edit in edits:
            parts = apply(parts, edit)
    except Refused:
        return None
    compiled = read_table(json.dumps(parts["tables"][table]).encode(), f"tables/{table}.json")
    return msgspec.structs.replace(PACK, tables={**PACK.tables, table: compiled})


def never_calls_a_loss_favourable(favours: Judge, table: str = "R-20") -> None:
    """Property: where a change is called favourable, no case at all costs a buyer more."""

    @QUICK
    @given(some_edits(table))
    def run(edits: list[Edit]) -> None:
        after = with_table(table, edits)
        if after is None or not favours(PACK, after):
            return
        old, new = PACK.tables[table], after.tables[table]
        for case in product(*(values(name) for name in old.inputs)):
            before, now = outcome(old, list(case)), outcome(new, list(case))
            if before == (100, True):
                continue
            assert now[0] <= max(before[0], 0), case
            assert now[1] or not before[1] or before[0] == 100, case

    run()


@pytest.mark.parametrize("table", SMALL)
def test_what_is_called_favourable_costs_no_buyer_anything(table: str) -> None:
    never_calls_a_loss_favourable(lambda old, new: compare(old, new).favours_buyers, table)
