"""A posted form of the rule page as edits; what cannot be read is refused in words."""

from collections.abc import Iterator
from typing import get_args

from makegood.base.refusal import Refused
from makegood.ledger.amounts import read_minor
from makegood.policy.check import PARTIES
from makegood.policy.draft.actions import Described
from makegood.policy.draft.editing import (
    AddColumn,
    AddRow,
    Edit,
    LimitName,
    Machine,
    MoveRow,
    RemoveColumn,
    RemoveRow,
    SetCell,
    SetClock,
    SetLimit,
    SetResult,
    SetText,
    TextField,
)
from makegood.policy.inputs import Input, inputs_of, is_amount
from makegood.policy.model import Pack
from makegood.policy.tables import Cell, Table
from makegood.web.desk.forms import Form

RATES: dict[str, LimitName] = {
    "interest": "interest_bp",
    "deposit_interest": "deposit_interest_bp",
}
"""Percentages in hundredths, by the field that holds them."""
SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def edits_of(form: Form, pack: Pack, currency: str) -> list[Edit]:
    """What the form asks for, by its button; amounts are read in the market's currency."""
    do, table, row = form.text("do", 20), form.text("table", 40), form.text("row", 40)
    match do:
        case "row":
            return list(_row_edits(form, pack, _table(pack, table), row, currency))
        case "add_row":
            return [AddRow(table, row)]
        case "remove_row":
            return [RemoveRow(table, row)]
        case "up" | "down":
            return [MoveRow(table, row, do == "up")]
        case "add_column":
            return [AddColumn(table, form.text("column", 80))]
        case "remove_column":
            return [RemoveColumn(table, form.text("column", 80))]
        case "texts":
            return list(_texts(form))
        case "limits":
            return list(_limits(form, currency))
        case "clock":
            return [
                SetClock(
                    form.text("stage", 40),
                    form.whole("usual"),
                    form.whole("urgent"),
                    form.text("product", 20),
                )
            ]
        case _:
            raise Refused("rule_edit_impossible", why="do")


def described(form: Form) -> Described:
    """Why the rules should change."""
    return Described(
        title=form.text("title", 120),
        why=form.text("why"),
        evidence=form.text("evidence"),
        metric=form.text("metric", 200),
        metric_before=form.text("metric_before", 200),
        metric_after=form.text("metric_after", 200),
        gaps_seen=form.text("gaps_seen") == "yes",
    )


def cell_text(op: str, words: list[str], number: str) -> str:
    """A cell of the allow-list from what a person chose."""
    match op:
        case "any":
            return ""
        case "unknown":
            return "null"
        case "true" | "false":
            return op
        case "one_of":
            return ", ".join(f"'{word}'" for word in words)
        case "lt" | "le" | "gt" | "ge":
            return f"{SIGNS[op]} {number}"
        case _:
            raise Refused("rule_edit_impossible", why="cell")


def chosen(cell: Cell, one: Input) -> str:
    """What a cell's field shows as chosen; the reverse of `cell_text`."""
    if cell.op == "one_of" and one.kind == "yes_no":
        return "true" if cell.values[0] is True else "false"
    return cell.op


def _row_edits(form: Form, pack: Pack, table: Table, row: str, currency: str) -> Iterator[Edit]:
    known = inputs_of(pack, table.id)
    for name in table.inputs:
        if name in known and form.text(f"op.{name}"):
            number = _number(form, name, currency)
            text = cell_text(form.text(f"op.{name}", 10), form.many(f"w.{name}"), number)
            yield SetCell(table.id, row, name, text)
    if form.text("finding"):
        yield SetResult(
            table.id,
            row,
            form.text("finding", 80),
            _machine(form.text("machine", 10)),
            {party: form.whole(f"share.{party}") for party in PARTIES},
        )


def _number(form: Form, name: str, currency: str) -> str:
    """The figure of a condition: as it is typed, an amount in minor units."""
    typed = form.text(f"n.{name}", 20)
    return str(read_minor(typed, currency)) if typed and is_amount(name) else typed


def _machine(text: str) -> Machine:
    match text:
        case "yes" | "person" | "wait":
            return text
        case _:
            raise Refused("rule_edit_impossible", why="machine")


def _texts(form: Form) -> Iterator[Edit]:
    finding = form.text("finding", 80)
    for field in get_args(TextField):
        yield SetText(finding, field, form.text(f"{field}.zh", 601), form.text(f"{field}.en", 601))


def _limits(form: Form, currency: str) -> Iterator[Edit]:
    yield SetLimit("reissue_eta_minutes", form.whole("reissue_eta_minutes"))
    yield SetLimit("high_value_minor", read_minor(form.text("high_value", 20), currency))
    for field, name in RATES.items():
        value = form.hundredths(field)
        if value is None:
            raise Refused("rule_edit_impossible", why="value")
        yield SetLimit(name, value)


def _table(pack: Pack, table_id: str) -> Table:
    if table_id not in pack.tables:
        raise Refused("rule_edit_impossible", why="table")
    return pack.tables[table_id]
