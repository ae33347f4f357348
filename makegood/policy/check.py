"""What a pack must hold to be whole: every reason judged, every word there, nothing unknown."""

import re
from collections.abc import Iterator, Mapping

from makegood.policy.facts import fits
from makegood.policy.faults import Fault
from makegood.policy.inputs import OF_JUDGE, Input, inputs_of
from makegood.policy.judgement import Shares, Words
from makegood.policy.model import Finding, Pack, Reason
from makegood.policy.needed import missing_parts
from makegood.policy.remedies import ALL as REMEDIES
from makegood.policy.rules import AGREEMENT
from makegood.policy.space import TooTangled
from makegood.policy.tablecheck import first_gap
from makegood.policy.tables import Row, Table
from makegood.policy.vocabulary import FACTS

PARTIES = Shares.__struct_fields__
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
VERSION = re.compile(r"[1-9]\d{0,5}")
OUTCOMES: dict[str, dict[str, tuple[bool | str, ...] | None]] = {
    "remedies": {"remedies": None, "recommended": None, "buyer_may_choose": (True, False)},
    "auto_lane": {"auto": (True, False)},
    "lane": {"lane": ("fast", "careful")},
    "class": {"class": ("P0", "P1", "P2", "P3")},
}
"""What the rows of the judge's own tables must say; None: checked elsewhere."""
TEXTS = ("name", "clause", "for_buyer", "for_seller")
ROW_ID = re.compile(r"R-\d{2,4}\.[1-9]\d{0,3}")


def problems(pack: Pack) -> list[Fault]:
    """Everything that makes the pack unfit, each with its place; empty when whole."""
    return [
        *_head(pack),
        *_tables(pack),
        *(fault for reason in pack.reasons.values() for fault in _reason(pack, reason)),
        *(fault for finding in pack.findings.values() for fault in _finding(pack, finding)),
        *_slots(pack),
        *_remedies(pack),
        *missing_parts(pack),
    ]


def liability_tables(pack: Pack) -> list[Table]:
    """The tables that decide findings, in name order."""
    return [table for name, table in sorted(pack.tables.items()) if name not in OF_JUDGE]


def is_liability(table_id: str) -> bool:
    """Whether a table decides findings, and not what follows from them."""
    return table_id not in OF_JUDGE


def _head(pack: Pack) -> Iterator[Fault]:
    if not NAME.fullmatch(pack.head.name):
        yield Fault(code="name", file="pack.json", column="name", detail=repr(pack.head.name[:60]))
    if not VERSION.fullmatch(pack.head.version):
        detail = repr(pack.head.version[:20])
        yield Fault(code="version", file="pack.json", column="version", detail=detail)


def _tables(pack: Pack) -> Iterator[Fault]:
    for name in OF_JUDGE:
        file = f"tables/{name}.json"
        if name not in pack.tables:
            yield Fault(code="missing", file=file)
        else:
            yield from _own_table(pack, pack.tables[name], file)
    if AGREEMENT not in pack.tables:
        yield Fault(code="missing", file=f"tables/{AGREEMENT}.json")
    for table in liability_tables(pack):
        file = f"tables/{table.id}.json"
        inputs = inputs_of(pack, table.id)
        # Emotion and tier are not in the vocabulary, so no table can read them.
        for name in table.inputs:
            if name not in inputs:
                yield Fault(code="unknown_facts", file=file, column=name, detail=repr(name[:80]))
        if table.id not in pack.words.tables:
            yield Fault(code="no_title", file=file)
        for row in table.rows:
            yield from _liability_row(pack, table, row, file)
            yield from _words_of_cells(inputs, table, row, file)


def _own_table(pack: Pack, table: Table, file: str) -> Iterator[Fault]:
    """A table that the judge asks itself must know its columns and have a row for every case."""
    inputs = inputs_of(pack, table.id)
    strange = set(table.inputs) - set(inputs)
    if strange:
        yield Fault(code="unknown_inputs", file=file, detail=str(sorted(strange)))
        return
    for row in table.rows:
        yield from _words_of_cells(inputs, table, row, file)
        for column, allowed in OUTCOMES[table.id].items():
            value = row.outcome.get(column)
            if allowed is not None and value not in allowed:
                yield Fault(
                    code="outcome", file=file, row=row.id, column=column, detail=repr(value)
                )
    try:
        missed = first_gap(inputs, table)
    except TooTangled:
        yield Fault(code="tangled", file=file)
        return
    if missed is not None:
        case = ", ".join(f"{name} = {value}" for name, value in missed.items())
        yield Fault(code="falls_through", file=file, detail=case)


def _liability_row(pack: Pack, table: Table, row: Row, file: str) -> Iterator[Fault]:
    finding = row.outcome.get("finding")
    if finding not in pack.findings:
        yield Fault(code="unknown_finding", file=file, row=row.id, detail=repr(finding))
    if row.outcome.get("machine") not in ("yes", "person", "wait"):
        yield Fault(code="machine", file=file, row=row.id)
    if row.outcome.get("rule") != row.id:
        yield Fault(code="rule", file=file, row=row.id)
    if not ROW_ID.fullmatch(row.id) or not row.id.startswith(f"{table.id}."):
        yield Fault(code="row_id", file=file, row=row.id, detail=row.id)
    yield from _shares(row, file)


def _shares(row: Row, file: str) -> Iterator[Fault]:
    parts = {f"shares.{party}": row.outcome.get(f"shares.{party}") for party in PARTIES}
    whole = [part for part in parts.values() if type(part) is int and 0 <= part <= 100]
    for column, part in parts.items():
        if part not in whole:
            yield Fault(code="share", file=file, row=row.id, column=column)
    wanted = 0 if row.outcome.get("machine") == "wait" else 100
    if len(whole) == len(parts) and sum(whole) != wanted:
        says = f"{sum(whole)} ≠ {wanted}"
        yield Fault(code="shares", file=file, row=row.id, column="shares", detail=says)


def _words_of_cells(
    inputs: Mapping[str, Input], table: Table, row: Row, file: str
) -> Iterator[Fault]:
    for name, cell in zip(table.inputs, row.cells, strict=True):
        one = inputs.get(name)
        for value in cell.values:
            if one is not None and not fits(one.kind, one.words, value):
                yield Fault(
                    code="not_a_value", file=file, row=row.id, column=name, detail=repr(value)
                )


def _reason(pack: Pack, reason: Reason) -> Iterator[Fault]:
    def fault(code: str, detail: str = "") -> Fault:
        return Fault(code=code, file="reasons.json", row=reason.code, detail=detail)

    if reason.table not in pack.tables or not is_liability(reason.table):
        yield fault("no_table", reason.table)
    elif not pack.tables[reason.table].rows:
        yield fault("no_findings")
    if not reason.categories:
        yield fault("no_product")
    if reason.group not in pack.words.groups:
        yield fault("unknown_group", reason.group)
    for party in sorted(set(reason.opponents) - set(PARTIES)):
        yield fault("choice", repr(party[:80]))
    sides = {pack.slots[use.slot].who for use in reason.slots if use.slot in pack.slots}
    for use in reason.slots:
        if use.slot not in pack.slots:
            yield fault("unknown_slot", use.slot)
    for side in sorted({"buyer", "seller", "system"} - sides):
        yield fault("no_slot", side)


def _finding(pack: Pack, finding: Finding) -> Iterator[Fault]:
    def fault(code: str, column: str, detail: str = "") -> Fault:
        return Fault(
            code=code, file="findings.json", row=finding.code, column=column, detail=detail
        )

    if finding.recourse not in pack.words.recourse:
        yield fault("unknown_recourse", "recourse", finding.recourse)
    for key in finding.law:
        if key not in pack.words.law:
            yield fault("unknown_law", "law", key)
    total = sum(finding.shares.as_dict().values()) if finding.shares is not None else 100
    if total != 100:
        yield fault("shares", "shares", f"{total} ≠ 100")
    for column in TEXTS:
        said: Words = getattr(finding, column)
        if not said.zh.strip() or not said.en.strip():
            yield fault("empty_words", column)


def _slots(pack: Pack) -> Iterator[Fault]:
    for slot in pack.slots.values():
        for name in slot.proves:
            if name not in FACTS:
                yield Fault(code="proves_unknown", file="slots.json", row=slot.code, detail=name)


def _remedies(pack: Pack) -> Iterator[Fault]:
    table = pack.tables.get("remedies")
    if table is None:
        return
    for row in table.rows:
        codes = str(row.outcome.get("remedies", "")).split(",")
        for code in [*codes, str(row.outcome.get("recommended"))]:
            if code not in REMEDIES or code not in pack.head.rungs:
                yield Fault(
                    code="unknown_remedy",
                    file="tables/remedies.json",
                    row=row.id,
                    detail=repr(code),
                )
