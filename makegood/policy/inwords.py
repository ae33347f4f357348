"""Rules in words: what a row asks for, what it leads to, and who bears what, in both languages."""

from collections.abc import Mapping
from typing import Final

import msgspec

from makegood.base.money import money_text
from makegood.policy.explain import label_without_unit, wanted_words
from makegood.policy.inputs import Input, inputs_of, is_amount
from makegood.policy.judgement import Words
from makegood.policy.model import Finding, Pack
from makegood.policy.tables import Cell, Row, Scalar, Table

MACHINE: Final = {
    "yes": Words("自动", "by machine"),
    "person": Words("人工裁定", "a person decides"),
    "wait": Words("等答复", "waits for an answer"),
}
ALWAYS: Final = Words("总是", "always")
NOBODY: Final = Words("待定", "open")


class Asked(msgspec.Struct, frozen=True):
    """One condition: the fact and what is wanted of it."""

    column: str
    label: Words
    wanted: Words


class RuleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a liability table for a reader."""

    rule: str
    note: Words
    asked: tuple[Asked, ...]
    finding: Finding
    bearers: Words
    machine: Words
    law: tuple[Words, ...]


def rule_lines(pack: Pack, table: Table, currency: str = "") -> list[RuleLine]:
    """A liability table in words, in its order; amounts in minor units where no currency is."""
    return [_line(pack, table, row, currency) for row in table.rows]


def bearers_of(pack: Pack, outcome: Mapping[str, bool | int | str]) -> Words:
    """Who bears what: `供货商 100%`."""
    parts = [
        (pack.words.parties.get(name.removeprefix("shares."), _same(name)), share)
        for name, share in outcome.items()
        if name.startswith("shares.") and isinstance(share, int) and share
    ]
    if not parts:
        return NOBODY
    return Words(
        "，".join(f"{party.zh} {share}%" for party, share in parts),
        ", ".join(f"{party.en} {share}%" for party, share in parts),
    )


def cell_words(pack: Pack, cell: Cell, column: str, currency: str) -> Words | None:
    """What a cell of a column asks for; None where the column does not matter."""
    of = currency if is_amount(column) else ""
    return None if cell.op == "any" else wanted_words(pack, cell, of)


def case_words(
    pack: Pack, inputs: Mapping[str, Input], case: Mapping[str, Scalar], currency: str
) -> list[Asked]:
    """An example case as facts in words; what is unknown is said to be."""
    return [
        Asked(
            name,
            label_without_unit(inputs[name].label),
            _value(pack, value, currency if is_amount(name) else ""),
        )
        for name, value in case.items()
        if name in inputs
    ]


def label_of(pack: Pack, table_id: str, column: str) -> Words:
    """What a column asks about."""
    known = inputs_of(pack, table_id).get(column)
    return known.label if known else _same(column)


def note_of(row: Row) -> Words:
    """A row's note in both languages, written `zh / en`."""
    zh, _, en = row.note.partition(" / ")
    return Words(zh, en or zh)


def _line(pack: Pack, table: Table, row: Row, currency: str) -> RuleLine:
    finding = pack.findings[str(row.outcome["finding"])]
    return RuleLine(
        rule=row.id,
        note=note_of(row),
        asked=tuple(
            _asked(pack, table, table.inputs[place], cell, currency) for place, cell in row.asked
        ),
        finding=finding,
        bearers=bearers_of(pack, row.outcome),
        machine=MACHINE[str(row.outcome["machine"])],
        law=tuple(pack.words.law[key] for key in finding.law),
    )


def _asked(pack: Pack, table: Table, column: str, cell: Cell, currency: str) -> Asked:
    label = label_of(pack, table.id, column)
    of = currency if is_amount(column) else ""
    return Asked(column, label_without_unit(label) if of else label, wanted_words(pack, cell, of))


def _value(pack: Pack, value: Scalar, currency: str) -> Words:
    if currency and isinstance(value, int):
        return _same(money_text(value, currency))
    if value is None:
        return pack.words.values["unknown_value"]
    if isinstance(value, bool):
        return pack.words.values["true" if value else "false"]
    text = str(value)
    return pack.words.values.get(text, _same(text)) if isinstance(value, str) else _same(text)


def _same(text: str) -> Words:
    return Words(text, text)
