"""A decision table as its page shows it: rows with what changed, columns in words."""

import msgspec

from makegood.policy.compare import RowDiff, row_diffs
from makegood.policy.explain import label_without_unit
from makegood.policy.inputs import OF_JUDGE, Input, inputs_of
from makegood.policy.inwords import (
    MACHINE,
    bearers_of,
    cell_words,
    label_of,
    note_of,
)
from makegood.policy.judgement import Words as Both
from makegood.policy.model import Finding, Pack
from makegood.policy.ownwords import outcome_words, own_cell_words
from makegood.policy.tables import Cell, Row, Table
from makegood.web.words import Words


class CellShown(msgspec.Struct, frozen=True, kw_only=True):
    """A condition; None is "does not matter". `before` only where it changed."""

    now: str | None
    before: str | None = None
    changed: bool = False


class RowShown(msgspec.Struct, frozen=True, kw_only=True):
    """A row; `result` and the like are in words, their `before` only where they changed."""

    row_id: str
    state: str
    moved: bool
    note: str
    cells: tuple[CellShown, ...]
    finding: Finding | None
    result: CellShown
    bearers: CellShown
    machine: CellShown


class TableShown(msgspec.Struct, frozen=True, kw_only=True):
    """A table with its columns' names in words."""

    table_id: str
    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[RowShown, ...]
    changed: bool


def table_shown(pack: Pack, table: Table, before: Table | None, words: Words) -> TableShown:
    """The table beside its earlier form, if there is one."""
    diffs = row_diffs(before or table, table)
    labels = {name: label_without_unit(label_of(pack, table.id, name)) for name in table.inputs}
    columns = tuple((name, _pick(words, label)) for name, label in labels.items())
    return TableShown(
        table_id=table.id,
        title=title_of(pack, table.id, words),
        columns=columns,
        rows=tuple(_row(pack, table, diff, words) for diff in diffs),
        changed=any(diff.state != "same" for diff in diffs),
    )


def title_of(pack: Pack, table_id: str, words: Words) -> str:
    """A table's name."""
    if table_id in pack.words.tables:
        return _pick(words, pack.words.tables[table_id])
    return words.text(f"rules.own.{table_id}")


def columns_to_add(pack: Pack, table: Table) -> list[Input]:
    """Facts that the table does not ask about yet."""
    return [one for name, one in inputs_of(pack, table.id).items() if name not in table.inputs]


def _row(pack: Pack, table: Table, diff: RowDiff, words: Words) -> RowShown:
    row, gone = diff.row, diff.state == "gone"
    cells = dict(zip(table.inputs, row.cells, strict=False)) if not gone else {}
    finding = pack.findings.get(str(row.outcome.get("finding")))
    old = diff.before if diff.state == "changed" else None
    return RowShown(
        row_id=row.id,
        state=diff.state,
        moved=diff.moved,
        note=_pick(words, note_of(row)),
        cells=tuple(
            _cell(pack, cells.get(name), diff, name, words, own=table.id in OF_JUDGE)
            for name in table.inputs
        ),
        finding=finding,
        result=_result(pack, row, old, words),
        bearers=_changed(
            _pick(words, bearers_of(pack, row.outcome)),
            _pick(words, bearers_of(pack, old.outcome)) if old else None,
        ),
        machine=_changed(_machine(row, words), _machine(old, words) if old else None),
    )


def _cell(
    pack: Pack, cell: Cell | None, diff: RowDiff, column: str, words: Words, *, own: bool
) -> CellShown:
    def in_words(one: Cell) -> Both | None:
        return own_cell_words(pack, one) if own else cell_words(pack, one, column, words.currency)

    now = in_words(cell) if cell is not None else None
    text = _pick(words, now) if now else None
    if column not in diff.cells:
        return CellShown(now=text)
    was = in_words(diff.cells[column])
    return CellShown(now=text, before=_pick(words, was) if was else None, changed=True)


def _result(pack: Pack, row: Row, old: Row | None, words: Words) -> CellShown:
    return _changed(_said(pack, row, words), _said(pack, old, words) if old else None)


def _said(pack: Pack, row: Row, words: Words) -> str:
    """What a row says: its finding, or what the judge's own tables give."""
    if "finding" in row.outcome:
        code = str(row.outcome["finding"])
        known = pack.findings.get(code)
        return _pick(words, known.name) if known else code
    return _pick(words, outcome_words(pack, row))


def _machine(row: Row, words: Words) -> str:
    said = MACHINE.get(str(row.outcome.get("machine")))
    return _pick(words, said) if said else ""


def _changed(now: str, before: str | None) -> CellShown:
    changed = before is not None and before != now
    return CellShown(now=now, before=before if changed else None, changed=changed)


def _pick(words: Words, both: Both) -> str:
    return words.pick(both.zh, both.en)
