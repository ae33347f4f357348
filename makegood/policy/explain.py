"""Explanations: conditions in words with actual value and source, and what would change them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from makegood.base.money import money_text
from makegood.base.time import rfc3339
from makegood.policy.facts import EVERYONE, Fact, Value
from makegood.policy.judgement import Change, Condition, TriedRule, Words
from makegood.policy.model import Pack, Reason
from makegood.policy.tables import Cell, Row, Scalar, Table
from makegood.policy.vocabulary import FACTS


def label_without_unit(label: Words) -> Words:
    """A label where amounts are shown as money, so that their unit need not be named."""
    zh = label.zh.removesuffix("（最小货币单位）")
    return Words(zh, label.en.replace(", minor units", " amount"))


LABELS = {name: label_without_unit(Words(spec.zh, spec.en)) for name, spec in FACTS.items()}
MAX_CHANGES = 6
MAX_DIFFERENT = 2
LIMIT_WORDS = {
    "lt": ("少于 {}", "less than {}"),
    "le": ("不超过 {}", "at most {}"),
    "gt": ("大于 {}", "more than {}"),
    "ge": ("不少于 {}", "at least {}"),
}


def conditions(
    pack: Pack, table: Table, row: Row, facts: Mapping[str, Fact], credible: Sequence[Scalar]
) -> tuple[Condition, ...]:
    """The row's conditions as a reader sees them.

    A cell that only an interested source satisfies is `held`: a person looks at it.
    """
    return tuple(
        _condition(pack, table.inputs[place], cell, facts, credible[place])
        for place, cell in row.asked
    )


def tried(
    pack: Pack,
    table: Table,
    facts: Mapping[str, Fact],
    credible: Sequence[Scalar],
    without: Row | None,
) -> tuple[TriedRule, ...]:
    """Every other row of the table in its order, with how far it was met."""
    return tuple(
        TriedRule(
            rule=row.id,
            finding=str(row.outcome["finding"]),
            met=row.state(credible),
            because=_first_against(pack, table, row, facts, credible),
        )
        for row in table.rows
        if row is not without
    )


def would_change(
    pack: Pack,
    reason: Reason,
    table: Table,
    credible: Sequence[Scalar],
    buyer_share: int | None,
) -> tuple[Change, ...]:
    """Facts that would lead to a finding that bears differently on the buyer."""
    found: dict[tuple[str, str], Change] = {}
    for row in table.rows:
        if buyer_share is not None and row.outcome["shares.buyer"] == buyer_share:
            continue
        for change in _changes_to(pack, reason, table, row, credible):
            found.setdefault((change.fact, change.wanted.en), change)
    return tuple(found.values())[:MAX_CHANGES]


def wanted_words(pack: Pack, cell: Cell, currency: str = "") -> Words:
    """What a cell asks for, in words; `currency` is that of a cell that asks for an amount."""
    if cell.op == "unknown":
        return pack.words.values["unknown_value"]
    if cell.op == "one_of":
        words = [_scalar_words(pack, value) for value in cell.values]
        if len(words) == 1:
            return words[0]
        return Words("或".join(word.zh for word in words), " or ".join(word.en for word in words))
    zh, en = LIMIT_WORDS[cell.op]
    limit = cell.values[0]
    said = money_text(int(limit), currency) if currency else str(limit)
    return Words(zh.format(said), en.format(said))


def value_words(pack: Pack, value: Value) -> Words:
    """A fact's value in words; times as RFC 3339 for the page to format."""
    if value is None:
        return pack.words.values["unknown_value"]
    if isinstance(value, datetime):
        return Words(rfc3339(value), rfc3339(value))
    return _scalar_words(pack, value)


def _first_against(
    pack: Pack, table: Table, row: Row, facts: Mapping[str, Fact], credible: Sequence[Scalar]
) -> Condition | None:
    """The condition that failed, or else the first that is unknown."""
    states = [(cell.state(credible[place]), place, cell) for place, cell in row.asked]
    for wanted in ("not_met", "held"):
        for state, place, cell in states:
            if state == wanted:
                return _condition(pack, table.inputs[place], cell, facts, credible[place])
    return None


def _condition(
    pack: Pack, name: str, cell: Cell, facts: Mapping[str, Fact], believed: Scalar
) -> Condition:
    said = facts.get(name)
    value = said.value if said is not None else None
    return Condition(
        fact=name,
        label=LABELS[name],
        wanted=wanted_words(pack, cell),
        actual=value,
        actual_words=value_words(pack, value),
        source=said.source if said is not None else None,
        source_id=said.source_id if said is not None else "",
        interest=said.interest if said is not None else "none",
        audience=said.audience if said is not None else EVERYONE,
        met=cell.state(believed),
    )


def _scalar_words(pack: Pack, value: bool | int | str) -> Words:
    if isinstance(value, bool):
        return pack.words.values["true" if value else "false"]
    if isinstance(value, int):
        return Words(str(value), str(value))
    return pack.words.values.get(value, Words(value, value))


def _changes_to(
    pack: Pack, reason: Reason, table: Table, row: Row, credible: Sequence[Scalar]
) -> Iterator[Change]:
    open_cells = [
        (table.inputs[place], cell)
        for place, cell in row.asked
        if cell.state(credible[place]) != "met"
    ]
    if len(open_cells) > MAX_DIFFERENT:
        return
    for name, cell in open_cells:
        slots = tuple(use.slot for use in reason.slots if name in pack.slots[use.slot].proves)
        yield Change(
            fact=name,
            label=LABELS[name],
            wanted=wanted_words(pack, cell),
            finding=str(row.outcome["finding"]),
            slots=slots,
        )
