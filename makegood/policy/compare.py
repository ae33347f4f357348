"""What differs between two packs: row by row for a reader, and case by case for the buyers.

Cases are compared exactly over the space of facts, not by trying claims: every stretch of facts
in which another row decides with another outcome is found, with one example of it.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec

from makegood.policy.check import is_liability, liability_tables
from makegood.policy.inputs import inputs_of
from makegood.policy.model import Finding, Pack
from makegood.policy.space import Box, both, reach, space_of
from makegood.policy.tables import Cell, Row, Scalar, Table

RowState = Literal["same", "new", "gone", "changed"]
ANY: Final = Cell("any")


class RowDiff(msgspec.Struct, frozen=True, kw_only=True):
    """One row beside its earlier form: which cells and which results changed."""

    row: Row
    before: Row | None
    state: RowState
    cells: dict[str, Cell] = {}
    """Changed conditions by column, with what they were."""
    outcome: dict[str, bool | int | str | None] = {}
    """Changed results by column, with what they were; None for a column that is new."""
    moved: bool = False


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """Cases that another row decides now, with another outcome; "" is "no row: a person"."""

    table: str
    old_row: str
    new_row: str
    example: dict[str, Scalar]
    tells: tuple[str, ...]
    """The facts of the example that matter."""
    worse: bool
    """Whether a buyer in this case could be worse off, or wait longer, than before."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that differs between two packs."""

    tables: tuple[str, ...]
    """Liability tables whose rows differ."""
    shifts: tuple[Shift, ...]
    others: tuple[str, ...]
    """Other parts that differ, by file and code."""

    @property
    def favours_buyers(self) -> bool:
        """Nobody who buys is worse off in any case, and somebody is better off.

        Anything but rows of liability tables needs a reader, so it never counts as favourable.
        """
        return bool(self.shifts) and not self.others and not any(s.worse for s in self.shifts)


def row_diffs(before: Table | None, after: Table) -> list[RowDiff]:
    """The rows of a table beside their earlier form, rows that are gone at their old place."""
    old = {row.id: row for row in before.rows} if before else {}
    order = [row.id for row in before.rows] if before else []
    kept = [name for name in order if name in {row.id for row in after.rows}]
    stays = iter(kept)
    found = [_diff(before, after, row, old.get(row.id), stays) for row in after.rows]
    for name in order:
        if name not in {row.id for row in after.rows}:
            place = min(order.index(name), len(found))
            found.insert(place, RowDiff(row=old[name], before=old[name], state="gone"))
    return found


def compare(before: Pack, after: Pack) -> Comparison:
    """Everything that differs. Raises space.TooTangled."""
    names = sorted(
        {table.id for table in liability_tables(before)}
        | {table.id for table in liability_tables(after)}
    )
    changed = tuple(name for name in names if _table_differs(before, after, name))
    shifts = [shift for name in names for shift in _shifts(before, after, name)]
    return Comparison(tables=changed, shifts=tuple(shifts), others=tuple(_others(before, after)))


def _diff(
    before: Table | None, after: Table, row: Row, old: Row | None, stays: Iterator[str]
) -> RowDiff:
    if before is None or old is None:
        return RowDiff(row=row, before=None, state="new")
    was = dict(zip(before.inputs, old.cells, strict=True))
    cells = {
        name: was.get(name, ANY)
        for name, cell in zip(after.inputs, row.cells, strict=True)
        if was.get(name, ANY) != cell
    }
    outcome = {
        name: old.outcome.get(name)
        for name, value in row.outcome.items()
        if old.outcome.get(name) != value
    }
    moved = next(stays, "") != row.id
    state: RowState = "changed" if cells or outcome or moved else "same"
    return RowDiff(row=row, before=old, state=state, cells=cells, outcome=outcome, moved=moved)


def _table_differs(before: Pack, after: Pack, name: str) -> bool:
    old, new = before.tables.get(name), after.tables.get(name)
    if old is None or new is None:
        return True
    return (old.inputs, old.rows) != (new.inputs, new.rows)


def _shifts(before: Pack, after: Pack, name: str) -> Iterator[Shift]:
    old, new = before.tables.get(name), after.tables.get(name)
    if old is None or new is None:
        return
    same_findings = all(
        _pays(before, row) == _pays(after, row) for row in old.rows if row in new.rows
    )
    if same_findings and not _table_differs(before, after, name):
        return
    space = space_of({**inputs_of(before, name), **inputs_of(after, name)}, [old, new])
    was, was_open = reach(space, old)
    now, now_open = reach(space, new)
    for old_row, old_boxes in [*zip(old.rows, was, strict=True), (None, was_open)]:
        for new_row, new_boxes in [*zip(new.rows, now, strict=True), (None, now_open)]:
            said_before, said_now = _outcome(before, old_row), _outcome(after, new_row)
            if said_before == said_now:
                continue
            case = _first_shared(old_boxes, new_boxes)
            if case is not None:
                yield Shift(
                    table=name,
                    old_row=old_row.id if old_row else "",
                    new_row=new_row.id if new_row else "",
                    example=space.example(case),
                    tells=space.telling(case),
                    worse=_worse(said_before, said_now),
                )


def _first_shared(old: list[Box], new: list[Box]) -> Box | None:
    return next((c for one in old for other in new if (c := both(one, other))), None)


class _Outcome(msgspec.Struct, frozen=True):
    """What a row means for the buyer; a missing row is a person, with nothing decided."""

    decided: bool
    machine: str
    buyer: int
    pays: str
    finding: str
    shares: tuple[int, ...]


_PERSON: Final = _Outcome(False, "person", 0, "", "", ())


def _outcome(pack: Pack, row: Row | None) -> _Outcome:
    if row is None:
        return _PERSON
    shares = tuple(int(v) for k, v in sorted(row.outcome.items()) if k.startswith("shares."))
    machine = str(row.outcome["machine"])
    return _Outcome(
        machine != "wait",
        machine,
        int(row.outcome["shares.buyer"]),
        _pays(pack, row),
        str(row.outcome["finding"]),
        shares,
    )


def _pays(pack: Pack, row: Row) -> str:
    finding = pack.findings.get(str(row.outcome["finding"]))
    return f"{finding.refund_rule}/{finding.cause}/{finding.kind}" if finding else ""


def _worse(before: _Outcome, now: _Outcome) -> bool:
    """Whether a buyer could be worse off: bears more, gets less, or waits where none waited."""
    if now == before:
        return False
    if before.decided and before.buyer == 100:
        # A claim that failed before cannot get worse; a person may look where a machine refused.
        return now.machine == "wait" or (now.buyer == 100 and now.pays != before.pays)
    if not now.decided or now.buyer > before.buyer:
        return True
    if before.machine == "yes" and now.machine != "yes":
        return True
    return before.decided and now.pays != before.pays and not now.pays.startswith("full/")


def _others(before: Pack, after: Pack) -> Iterator[str]:
    """Every other part that differs; a finding that is new changes nothing by itself."""
    old_names = {one.id for one in liability_tables(before)}
    for table in liability_tables(after):
        if table.id not in old_names:
            yield f"tables/{table.id}"
    yield from (f"tables/{name}" for name in sorted(old_names - set(after.tables)))
    for name in after.tables:
        if not is_liability(name) and _table_differs(before, after, name):
            yield f"tables/{name}"
    yield from _changed("findings", before.findings, after.findings, additions_count=False)
    yield from _changed("reasons", before.reasons, after.reasons)
    yield from _changed("slots", before.slots, after.slots)
    for part in ("clocks", "words"):
        if getattr(before, part) != getattr(after, part):
            yield part
    if _without_version(before) != _without_version(after):
        yield "pack"


def _changed(
    part: str,
    before: Mapping[str, object],
    after: Mapping[str, object],
    *,
    additions_count: bool = True,
) -> Iterator[str]:
    for code in sorted({*before, *after}):
        added = code not in before
        if before.get(code) != after.get(code) and (additions_count or not added):
            yield f"{part}/{code}"


def _without_version(pack: Pack) -> object:
    return msgspec.structs.replace(pack.head, version="1")


def changed_texts(before: Finding, after: Finding) -> tuple[str, ...]:
    """Which sentences of a finding differ."""
    names = ("name", "clause", "for_buyer", "for_seller")
    return tuple(name for name in names if getattr(before, name) != getattr(after, name))
