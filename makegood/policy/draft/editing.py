"""Edits of a draft, as plain changes of its parts. Pure; what cannot be said is refused."""

import copy
from collections.abc import Mapping
from itertools import count
from typing import Any, Final, Literal, TypeAlias, assert_never, get_args

import msgspec

from makegood.base.refusal import Refused
from makegood.policy.check import PARTIES, is_liability
from makegood.policy.model import ProductClass
from makegood.policy.needed import LIMITS, fitting_minutes
from makegood.policy.packfile import Parts
from makegood.policy.tables import parse_cell

MAX_ROWS: Final = 60
MAX_COLUMNS: Final = 20
TEXT_LETTERS: Final = 600
Machine: TypeAlias = Literal["yes", "person", "wait"]
LimitName: TypeAlias = Literal[
    "reissue_eta_minutes", "high_value_minor", "interest_bp", "deposit_interest_bp"
]
TextField: TypeAlias = Literal["name", "clause", "for_buyer", "for_seller"]


class SetCell(msgspec.Struct, frozen=True, tag="set_cell"):
    """What a row asks of one column: a cell of the allow-list, "" for anything."""

    table: str
    row: str
    column: str
    cell: str


class SetResult(msgspec.Struct, frozen=True, tag="set_result"):
    """What a row of a liability table leads to. Shares in percent by party."""

    table: str
    row: str
    finding: str
    machine: Machine
    shares: dict[str, int]


class AddRow(msgspec.Struct, frozen=True, tag="add_row"):
    """A new row after another one, as a copy of it; the first row of a table has no `after`."""

    table: str
    after: str


class RemoveRow(msgspec.Struct, frozen=True, tag="remove_row"):
    """A row less."""

    table: str
    row: str


class MoveRow(msgspec.Struct, frozen=True, tag="move_row"):
    """A row one place up or down."""

    table: str
    row: str
    up: bool


class AddColumn(msgspec.Struct, frozen=True, tag="add_column"):
    """A fact more to ask about."""

    table: str
    column: str


class RemoveColumn(msgspec.Struct, frozen=True, tag="remove_column"):
    """A column less; only one that no row asks about."""

    table: str
    column: str


class SetText(msgspec.Struct, frozen=True, tag="set_text"):
    """A sentence of a finding, in both languages."""

    finding: str
    field: TextField
    zh: str
    en: str


class SetLimit(msgspec.Struct, frozen=True, tag="set_limit"):
    """A figure of the pack."""

    name: LimitName
    value: int


class SetClock(msgspec.Struct, frozen=True, tag="set_clock"):
    """How long a stage may take, in minutes; for one class of products where it is named."""

    stage: str
    default_minutes: int
    p0_minutes: int
    product: str = ""


Edit: TypeAlias = (
    SetCell
    | SetResult
    | AddRow
    | RemoveRow
    | MoveRow
    | AddColumn
    | RemoveColumn
    | SetText
    | SetLimit
    | SetClock
)


def apply(parts: Mapping[str, Any], edit: Edit) -> Parts:  # noqa: C901 - the closed list of edits
    """The parts after the edit; the given ones stay as they are.

    Raises:
        Refused: `rule_edit_impossible` with `why` for an edit that makes no sense here.
    """
    changed: Parts = copy.deepcopy(dict(parts))
    match edit:
        case SetCell():
            _set_cell(changed, edit)
        case SetResult():
            _set_result(changed, edit)
        case AddRow():
            _add_row(changed, edit)
        case RemoveRow():
            rows = _rows(changed, edit.table)
            rows.remove(_row(changed, edit.table, edit.row))
        case MoveRow():
            _move_row(changed, edit)
        case AddColumn():
            _add_column(changed, edit)
        case RemoveColumn():
            _remove_column(changed, edit)
        case SetText():
            _set_text(changed, edit)
        case SetLimit():
            _check(0 <= edit.value <= LIMITS[edit.name], "value")
            changed["pack"]["limits"][edit.name] = edit.value
        case SetClock():
            _set_clock(changed, edit)
        case _:
            assert_never(edit)
    return changed


def place_of(edit: Edit) -> str:
    """Where the edit happened, for the draft's history."""
    match edit:
        case SetCell():
            return f"{edit.row} {edit.column}"
        case SetResult() | RemoveRow() | MoveRow():
            return edit.row
        case AddRow():
            return edit.table
        case AddColumn() | RemoveColumn():
            return f"{edit.table} {edit.column}"
        case SetText():
            return f"{edit.finding} {edit.field}"
        case SetLimit():
            return edit.name
        case SetClock():
            return f"{edit.stage} {edit.product}".strip()
        case _:
            assert_never(edit)


def _set_cell(parts: Parts, edit: SetCell) -> None:
    _check(parse_cell(edit.cell) is not None, "cell")
    column = _column(parts, edit.table, "inputs", edit.column)
    _row(parts, edit.table, edit.row)[column["id"]] = edit.cell


def _set_result(parts: Parts, edit: SetResult) -> None:
    _check(is_liability(edit.table), "table")
    _check(edit.finding in {one["code"] for one in parts["findings"]}, "finding")
    _check(set(edit.shares) <= set(PARTIES), "shares")
    _check(all(0 <= share <= 100 for share in edit.shares.values()), "shares")
    row = _row(parts, edit.table, edit.row)
    said = {"finding": f"'{edit.finding}'", "machine": f"'{edit.machine}'"}
    said |= {f"shares.{party}": str(edit.shares.get(party, 0)) for party in PARTIES}
    for name, text in said.items():
        row[_column(parts, edit.table, "outputs", name)["id"]] = text


def _add_row(parts: Parts, edit: AddRow) -> None:
    rows = _rows(parts, edit.table)
    _check(is_liability(edit.table), "table")
    _check(len(rows) < MAX_ROWS, "rows")
    above = _row(parts, edit.table, edit.after) if edit.after else rows[-1]
    fresh = copy.deepcopy(above)
    fresh["_id"] = next_row_id(parts, edit.table)
    fresh["_description"] = "新增 / New"
    fresh[_column(parts, edit.table, "outputs", "rule")["id"]] = f"'{fresh['_id']}'"
    rows.insert(rows.index(above) + 1, fresh)


def next_row_id(parts: Mapping[str, Any], table: str) -> str:
    """A row's number is never used again for another row while the table has a higher one."""
    numbers = [int(row["_id"].rpartition(".")[2]) for row in _rows(parts, table)]
    return f"{table}.{max(numbers, default=0) + 1}"


def _move_row(parts: Parts, edit: MoveRow) -> None:
    rows = _rows(parts, edit.table)
    place = rows.index(_row(parts, edit.table, edit.row))
    other = place - 1 if edit.up else place + 1
    _check(0 <= other < len(rows), "place")
    rows[place], rows[other] = rows[other], rows[place]


def _add_column(parts: Parts, edit: AddColumn) -> None:
    content = _content(parts, edit.table)
    _check(edit.column not in {one["field"] for one in content["inputs"]}, "column")
    _check(len(content["inputs"]) < MAX_COLUMNS, "columns")
    # A pack from elsewhere may call its columns anything.
    taken = {one["id"] for one in (*content["inputs"], *content["outputs"])}
    name = next(name for number in count(1) if (name := f"i{number}") not in taken)
    content["inputs"].append({"id": name, "name": edit.column, "field": edit.column})
    for row in content["rules"]:
        row[name] = ""


def _remove_column(parts: Parts, edit: RemoveColumn) -> None:
    content = _content(parts, edit.table)
    column = _column(parts, edit.table, "inputs", edit.column)
    _check(all(row[column["id"]] == "" for row in content["rules"]), "column_used")
    _check(len(content["inputs"]) > 1, "columns")
    content["inputs"].remove(column)
    for row in content["rules"]:
        del row[column["id"]]


def _set_text(parts: Parts, edit: SetText) -> None:
    found = next((one for one in parts["findings"] if one["code"] == edit.finding), None)
    _check(found is not None, "finding")
    zh, en = edit.zh.strip(), edit.en.strip()
    _check(0 < len(zh) <= TEXT_LETTERS and 0 < len(en) <= TEXT_LETTERS, "text")
    assert found is not None
    found[edit.field] = {"zh": zh, "en": en}


def _set_clock(parts: Parts, edit: SetClock) -> None:
    stage = parts["clocks"]["stages"].get(edit.stage)
    _check(stage is not None, "stage")
    _check(fitting_minutes(edit.default_minutes, edit.p0_minutes), "minutes")
    _check(edit.product in ("", *get_args(ProductClass)), "product")
    minutes = {"default_minutes": edit.default_minutes, "p0_minutes": edit.p0_minutes}
    if edit.product:
        stage["by_product"] = stage.get("by_product", {}) | {edit.product: minutes}
    else:
        stage.update(minutes)


def _content(parts: Mapping[str, Any], table: str) -> Any:
    _check(table in parts["tables"], "table")
    return parts["tables"][table]["nodes"][1]["content"]


def _rows(parts: Mapping[str, Any], table: str) -> Any:
    return _content(parts, table)["rules"]


def _row(parts: Mapping[str, Any], table: str, row_id: str) -> Any:
    found = next((row for row in _rows(parts, table) if row["_id"] == row_id), None)
    _check(found is not None, "row")
    return found


def _column(
    parts: Mapping[str, Any], table: str, side: Literal["inputs", "outputs"], field: str
) -> Any:
    columns = _content(parts, table)[side]
    found = next((one for one in columns if one["field"] == field), None)
    _check(found is not None, "column")
    return found


def _check(holds: bool, why: str) -> None:
    if not holds:
        raise Refused("rule_edit_impossible", why=why)
