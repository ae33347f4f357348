"""What a version of the rules holds beside its tables, for its public page."""

from collections.abc import Iterator
from typing import Final

import msgspec

from makegood.policy.inputs import OF_JUDGE
from makegood.policy.inwords import label_of
from makegood.policy.judgement import Words as Both
from makegood.policy.model import MinutesOf, Pack, StageClock
from makegood.policy.ownwords import outcome_words, own_cell_words
from makegood.policy.tables import Row, Table
from makegood.web.words import Words

ANCHORS: Final = {"reasons": "evidence", "slots": "evidence", "clocks": "clocks", "pack": "figures"}
"""Where on the page the other parts of a pack are shown."""


class ClockRow(msgspec.Struct, frozen=True, kw_only=True):
    """One time limit, for all goods or one class, and what it was in the version before."""

    stage: str
    product: str
    usual: int
    """Minutes."""
    urgent: int
    was: MinutesOf | None
    """None where it is as it was, or where there is no version before."""
    then: Both


class EvidenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one reason asks for; required items first."""

    name: Both
    required: list[Both]
    optional: list[Both]


class OwnLine(msgspec.Struct, frozen=True):
    """One row of a table of the judge's own: what it asks for, and what it says."""

    asked: list[tuple[Both, Both]]
    said: Both


def own_tables(pack: Pack) -> dict[str, list[OwnLine]]:
    """What follows from a finding, by table: remedies, lane, class, the automatic lane."""
    return {
        name: [_own_line(pack, pack.tables[name], row) for row in pack.tables[name].rows]
        for name in OF_JUDGE
        if name in pack.tables
    }


def _own_line(pack: Pack, table: Table, row: Row) -> OwnLine:
    asked = [
        (label_of(pack, table.id, table.inputs[place]), wanted)
        for place, cell in row.asked
        if (wanted := own_cell_words(pack, cell)) is not None
    ]
    return OwnLine(asked, outcome_words(pack, row))


class PartChanged(msgspec.Struct, frozen=True):
    """A part that differs from the version before, in words, and where it is shown."""

    name: str
    anchor: str


def clock_rows(pack: Pack, before: Pack | None) -> list[ClockRow]:
    """Every time limit in the pack's order, each class of goods under its stage."""
    return [
        ClockRow(
            stage=stage,
            product=product,
            usual=minutes.default_minutes,
            urgent=minutes.p0_minutes,
            was=_was(minutes, before, stage, product),
            then=clock.consequence,
        )
        for stage, clock in pack.clocks.stages.items()
        for product, minutes in _by_product(clock).items()
    ]


def evidence_rows(pack: Pack) -> list[EvidenceRow]:
    """What each reason asks a side for."""
    rows = []
    for reason in pack.reasons.values():
        uses = [(use, pack.slots[use.slot]) for use in reason.slots]
        asked = [(use.required, slot.name) for use, slot in uses if slot.who != "system"]
        rows.append(
            EvidenceRow(
                name=reason.name,
                required=[name for required, name in asked if required],
                optional=[name for required, name in asked if not required],
            )
        )
    return rows


def parts_changed(pack: Pack, others: tuple[str, ...], words: Words) -> Iterator[PartChanged]:
    """Changed parts in words; a part that this version no longer has keeps its code."""
    for code in others:
        kind, _, name = code.partition("/")
        known = _named(pack, kind, name)
        part = words.pick(known.zh, known.en) if known else name
        label = words.text(f"rules.public.part.{kind}")
        yield PartChanged(f"{label} {part}".strip(), name if kind == "tables" else _anchor(kind))


def _named(pack: Pack, kind: str, name: str) -> Both | None:
    found = {
        "findings": pack.findings.get(name),
        "reasons": pack.reasons.get(name),
        "slots": pack.slots.get(name),
    }.get(kind)
    return found.name if found is not None else pack.words.tables.get(name)


def _anchor(kind: str) -> str:
    return ANCHORS.get(kind, "")


def _by_product(clock: StageClock) -> dict[str, MinutesOf]:
    """The minutes for all goods under "", then those of single classes."""
    usual = MinutesOf(default_minutes=clock.default_minutes, p0_minutes=clock.p0_minutes)
    return {"": usual, **clock.by_product}


def _was(now: MinutesOf, before: Pack | None, stage: str, product: str) -> MinutesOf | None:
    """The minutes before, where they differ; a new class had those of all goods."""
    clock = before.clocks.stages.get(stage) if before else None
    if clock is None:
        return None
    known = _by_product(clock)
    was = known.get(product, known[""])
    return was if was != now else None
