"""A pack's rules by kind of problem: what a reader jumps to, and where a word is found."""

from collections.abc import Iterable

import msgspec

from makegood.policy.check import liability_tables
from makegood.policy.inwords import RuleLine, rule_lines
from makegood.policy.judgement import Words as Both
from makegood.policy.model import Pack, Reason
from makegood.policy.tables import Table


class TableRead(msgspec.Struct, frozen=True, kw_only=True):
    """A table in words, and the reasons it is used for."""

    table_id: str
    title: Both
    reasons: tuple[Reason, ...]
    lines: tuple[RuleLine, ...]


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """The tables of one kind of problem; of every kind where `group` is empty."""

    group: str
    name: Both | None
    tables: tuple[TableRead, ...]

    @property
    def reasons(self) -> list[tuple[Reason, str]]:
        """What a buyer may complain about, each with its table."""
        return [(reason, table.table_id) for table in self.tables for reason in table.reasons]


def chapters(pack: Pack, currency: str = "") -> list[Chapter]:
    """Every liability table once, in the order of the taxonomy; what serves every reason first."""
    read = [_read(pack, table, currency) for table in liability_tables(pack)]
    groups = dict.fromkeys(["", *(reason.group for reason in pack.reasons.values())])
    found = [
        Chapter(
            group=group,
            name=pack.words.groups.get(group),
            tables=tuple(one for one in read if _group_of(one) == group),
        )
        for group in groups
    ]
    return [one for one in found if one.tables]


def that_say(found: Iterable[Chapter], word: str) -> list[Chapter]:
    """The chapters with only those rows that speak of the word."""
    narrowed = [
        msgspec.structs.replace(one, tables=tuple(_narrowed(one.tables, word.casefold())))
        for one in found
    ]
    return [one for one in narrowed if one.tables]


def speaks_of(line: RuleLine, title: Both, reasons: Iterable[Reason], word: str) -> bool:
    """Whether a rule, its table or a reason it serves holds the word (case folded)."""
    finding = line.finding
    texts = [finding.name, finding.clause, finding.for_buyer, title]
    texts += [reason.name for reason in reasons]
    said = " ".join(f"{text.zh} {text.en}" for text in texts).casefold()
    return word in said or word in line.rule.casefold()


def _read(pack: Pack, table: Table, currency: str) -> TableRead:
    return TableRead(
        table_id=table.id,
        title=pack.words.tables[table.id],
        reasons=tuple(one for one in pack.reasons.values() if one.table == table.id),
        lines=tuple(rule_lines(pack, table, currency)),
    )


def _group_of(table: TableRead) -> str:
    return table.reasons[0].group if table.reasons else ""


def _narrowed(tables: Iterable[TableRead], word: str) -> Iterable[TableRead]:
    for table in tables:
        lines = tuple(
            line for line in table.lines if speaks_of(line, table.title, table.reasons, word)
        )
        if lines:
            yield msgspec.structs.replace(table, lines=lines)
