"""A draft looked at from all sides: faults, void clauses, odd rows, what changes for whom."""

from collections.abc import Iterator

import msgspec

from makegood.policy.check import liability_tables
from makegood.policy.compare import Comparison, compare
from makegood.policy.draft.model import Draft
from makegood.policy.faults import Fault, PackRefused
from makegood.policy.inputs import inputs_of
from makegood.policy.jdm import table_of
from makegood.policy.lint import VoidFound, lint_pack
from makegood.policy.model import Clocks, Finding, Head, Pack, PackWords, Reason
from makegood.policy.packfile import read_pack_file, read_parts
from makegood.policy.space import TooTangled
from makegood.policy.tablecheck import Odd, oddities


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at a draft found. Without a `pack` it is half-finished and decides nothing."""

    pack: Pack | None
    faults: tuple[Fault, ...] = ()
    void: tuple[tuple[str, VoidFound], ...] = ()
    odd: tuple[Odd, ...] = ()
    """Gaps, rows never reached and overlaps of the tables that changed."""
    comparison: Comparison | None = None

    def new(self, kind: str) -> list[Odd]:
        """What the version in force does not have."""
        return [one for one in self.odd if one.kind == kind and one.new]


def inspect(draft: Draft, base: Pack) -> Inspection:
    """Everything about a draft that can be known without claims."""
    try:
        pack = read_pack_file(draft.source)
    except PackRefused as refused:
        return Inspection(pack=None, faults=refused.faults)
    try:
        comparison = compare(base, pack)
        odd = tuple(_odd(base, pack, comparison))
    except TooTangled as tangled:
        fault = Fault(code="tangled", file=f"tables/{tangled}.json")
        return Inspection(pack=pack, faults=(fault,))
    known = {(place, found.said) for place, found in lint_pack(base)}
    void = tuple(one for one in lint_pack(pack) if (one[0], one[1].said) not in known)
    return Inspection(pack=pack, void=void, odd=odd, comparison=comparison)


def blockers(draft: Draft, found: Inspection) -> list[str]:
    """What stands in the way of a review, as codes in the order a person would mend them."""
    return [*_of_rules(draft, found), *_of_reasons(draft)]


def _of_rules(draft: Draft, found: Inspection) -> Iterator[str]:
    if found.pack is None or found.faults:
        yield "faults"
        return
    if found.void:
        yield "void"
    if found.new("dead"):
        yield "dead"
    if found.new("gap") and not draft.gaps_seen:
        yield "gap"
    changes = found.comparison
    if changes is not None and not (changes.tables or changes.others):
        yield "nothing"


def _of_reasons(draft: Draft) -> Iterator[str]:
    if not draft.why.strip():
        yield "why"
    if not draft.evidence.strip():
        yield "evidence"
    if not draft.metric.strip() or not draft.metric_before.strip():
        yield "metric"


def _odd(base: Pack, pack: Pack, comparison: Comparison) -> Iterator[Odd]:
    for table in liability_tables(pack):
        if table.id in comparison.tables:
            yield from oddities(inputs_of(pack, table.id), table, base.tables.get(table.id))


def sketch(draft: Draft, base: Pack) -> Pack:
    """A draft for showing only, half-finished or not: it has no digest and judges nothing."""
    parts = read_parts(draft.source)
    tables = {
        name: table_of(document, f"tables/{name}.json")
        for name, document in parts["tables"].items()
    }
    return msgspec.structs.replace(
        base,
        head=msgspec.convert(parts["pack"], Head),
        digest="",
        source=b"",
        findings={one.code: one for one in msgspec.convert(parts["findings"], list[Finding])},
        reasons={one.code: one for one in msgspec.convert(parts["reasons"], list[Reason])},
        clocks=msgspec.convert(parts["clocks"], Clocks),
        words=msgspec.convert(parts["words"], PackWords),
        tables=tables,
    )
