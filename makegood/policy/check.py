"""What a pack must hold to be whole: every reason judged, every word there, nothing unknown."""

from collections.abc import Iterator

from makegood.policy.judgement import Shares
from makegood.policy.model import Finding, Pack, Reason
from makegood.policy.tables import Row, Table
from makegood.policy.vocabulary import FACTS

# What the judge adds to the facts when it asks the tables that are not about liability.
OWN_INPUTS = {
    "remedies": {
        "finding.kind",
        "finding.refund_rule",
        "order.category",
        "stock.available",
        "stock.in_time",
        "claim.failed_repairs",
        "claim.wants",
        "claim.auto_lane",
    },
    "auto_lane": {
        "claim.reason",
        "claim.certain",
        "claim.buyer_bears",
        "claim.system_evidence",
        "claim.within_cap",
        "claim.trust_ok",
        "claim.cluster_claims",
        "claim.risk_ok",
        "claim.human_asked",
        "supplier.status",
        "key.tracked",
        "key.revealed",
        "key.withdrawn",
    },
    "lane": {
        "reason.careful",
        "claim.high_value",
        "claim.repeats",
        "order.category",
        "evidence.reused",
        "evidence.edited",
    },
    "class": {
        "reason.base_class",
        "reason.group",
        "claim.high_value",
        "claim.repeats",
        "claim.deadline_left_percent",
    },
}
PARTIES = Shares.__struct_fields__


def problems(pack: Pack) -> list[str]:
    """Everything that makes the pack unfit, each as one line with its place; empty when whole."""
    return [
        *_tables(pack),
        *(line for reason in pack.reasons.values() for line in _reason(pack, reason)),
        *(line for finding in pack.findings.values() for line in _finding(pack, finding)),
        *_slots(pack),
        *_remedies(pack),
    ]


def liability_tables(pack: Pack) -> list[Table]:
    """The tables that decide findings, in name order."""
    return [table for name, table in sorted(pack.tables.items()) if name not in OWN_INPUTS]


def _tables(pack: Pack) -> Iterator[str]:
    for name in OWN_INPUTS:
        if name not in pack.tables:
            yield f"tables/{name}.json: missing"
        else:
            strange = set(pack.tables[name].inputs) - OWN_INPUTS[name]
            if strange:
                yield f"tables/{name}.json: unknown inputs {sorted(strange)}"
    for table in liability_tables(pack):
        # Emotion and tier are not in the vocabulary, so no table can read them.
        strange = set(table.inputs) - set(FACTS)
        if strange:
            yield f"tables/{table.id}.json: unknown facts {sorted(strange)}"
        if table.id not in pack.words.tables:
            yield f"tables/{table.id}.json: no title in words.json"
        yield from (line for row in table.rows for line in _liability_row(pack, table, row))


def _liability_row(pack: Pack, table: Table, row: Row) -> Iterator[str]:
    place = f"tables/{table.id}.json: row {row.id}"
    if row.outcome.get("finding") not in pack.findings:
        yield f"{place}: unknown finding {row.outcome.get('finding')!r}"
    if row.outcome.get("machine") not in ("yes", "person", "wait"):
        yield f"{place}: machine must be yes, person or wait"
    if row.outcome.get("rule") != row.id:
        yield f"{place}: rule must equal the row's id"
    total = sum(int(row.outcome.get(f"shares.{party}", 0)) for party in PARTIES)
    wanted = 0 if row.outcome.get("machine") == "wait" else 100
    if total != wanted:
        yield f"{place}: shares sum to {total}, not {wanted}"
    yield from _words_of_cells(table, row, place)


def _words_of_cells(table: Table, row: Row, place: str) -> Iterator[str]:
    for name, cell in zip(table.inputs, row.cells, strict=True):
        spec = FACTS.get(name)
        for value in cell.values:
            fits = spec is None or _fits(spec.kind, spec.words, value)
            if not fits:
                yield f"{place}, column {name}: {value!r} is not a value of this fact"


def _fits(kind: str, words: tuple[str, ...], value: bool | int | str) -> bool:
    match kind:
        case "yes_no":
            return isinstance(value, bool)
        case "count":
            return isinstance(value, int) and not isinstance(value, bool)
        case "word":
            return value in words
        case _:
            return False


def _reason(pack: Pack, reason: Reason) -> Iterator[str]:
    place = f"reasons.json: {reason.code}"
    if reason.table not in pack.tables:
        yield f"{place}: no table {reason.table}"
    elif not pack.tables[reason.table].rows:
        yield f"{place}: its table has no findings"
    if not reason.categories:
        yield f"{place}: applies to no product"
    if reason.group not in pack.words.groups:
        yield f"{place}: unknown group {reason.group}"
    sides = {pack.slots[use.slot].who for use in reason.slots if use.slot in pack.slots}
    for use in reason.slots:
        if use.slot not in pack.slots:
            yield f"{place}: unknown slot {use.slot}"
    for side in sorted({"buyer", "seller", "system"} - sides):
        yield f"{place}: no {side} slot"


def _finding(pack: Pack, finding: Finding) -> Iterator[str]:
    place = f"findings.json: {finding.code}"
    if finding.recourse not in pack.words.recourse:
        yield f"{place}: unknown recourse {finding.recourse}"
    for key in finding.law:
        if key not in pack.words.law:
            yield f"{place}: unknown law {key}"
    if finding.shares is not None and sum(finding.shares.as_dict().values()) != 100:
        yield f"{place}: shares do not sum to 100"


def _slots(pack: Pack) -> Iterator[str]:
    for slot in pack.slots.values():
        for name in slot.proves:
            if name not in FACTS:
                yield f"slots.json: {slot.code} proves an unknown fact {name}"


def _remedies(pack: Pack) -> Iterator[str]:
    table = pack.tables.get("remedies")
    if table is None:
        return
    for row in table.rows:
        codes = str(row.outcome.get("remedies", "")).split(",")
        for code in [*codes, str(row.outcome.get("recommended"))]:
            if code not in pack.head.rungs or code not in pack.words.remedies:
                yield f"tables/remedies.json: row {row.id}: unknown remedy {code!r}"
