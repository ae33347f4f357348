"""Figures of a seller, computed from public rows alone: the same for the operator and anyone else.

Reads nothing but rows, so that a copy of the file is enough. Every figure comes with the number
of claims it rests on; a rate of fewer than thirty is not a rate yet.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from makegood.insight.rows.rules import LONGER, NEVER, STEPS, PublicRow
from makegood.record.rules import NO_ENTRY, Entry, hash_of, parse_entry

EVENT: Final = "public_row"
ORDER: Final = (*(name for name, _ in STEPS), LONGER, NEVER)
WITHIN_24H: Final = frozenset(ORDER[: ORDER.index("24h") + 1])
FEWEST_FOR_A_RATE: Final = 30


class RowFault(msgspec.Struct, frozen=True):
    """A line that does not fit: which line, and what is wrong with it."""

    line: int
    what: str


class ReadRows(msgspec.Struct, frozen=True):
    """All rows of a file with every fault; figures count only what has none."""

    rows: tuple[PublicRow, ...]
    faults: tuple[RowFault, ...]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One seller's claims in a span of days. Shares are given as (count, of how many)."""

    seller: str
    claims: int
    outcomes: dict[str, int]
    done_within_24h: tuple[int, int]
    """Claims whose remedy was carried out within 24 hours, of those that were decided."""
    median_done: str
    """The step within which half of the decided claims were done."""
    before_ruling: tuple[int, int]
    """Settled by the seller or by agreement, of those that were decided."""
    blamed: tuple[int, int]
    """The seller bore a share, of those that were decided."""
    withdrawn: tuple[int, int]
    appealed: tuple[int, int]
    stars: tuple[int, int]
    """Sum of stars, and how many buyers gave any."""


def read_rows(lines: Iterable[bytes]) -> ReadRows:
    """Rows as published, one entry a line, checked: spelling, chain, dense numbers.

    A gap in a seller's numbers, or a row cut out, breaks the chain of hashes and is a fault.
    """
    series = _Series()
    rows: list[PublicRow] = []
    faults: list[RowFault] = []
    for place, line in enumerate(lines, start=1):
        row, fault = series.take(line.rstrip(b"\n"))
        if fault:
            faults.append(RowFault(place, fault))
        elif row is not None:
            rows.append(row)
    return ReadRows(tuple(rows), tuple(faults))


class _Series:
    """Where each seller's series stands: its last number and the hash of its last entry."""

    def __init__(self) -> None:
        self._last: dict[bytes, tuple[int, bytes]] = {}
        self._streams: dict[str, bytes] = {}

    def take(self, line: bytes) -> tuple[PublicRow | None, str]:
        """The row on a line, and what is wrong with it."""
        entry = parse_entry(line)
        row = _row(entry)
        if entry is None or row is None:
            return None, "cannot be read"
        number, prev = self._last.get(entry.stream, (0, NO_ENTRY))
        self._last[entry.stream] = (entry.seq, hash_of(line))
        if self._streams.setdefault(row.seller, entry.stream) != entry.stream:
            return row, f"begins a second series of {row.seller}"
        if (row.number, entry.seq) != (number + 1, number + 1):
            return row, f"{row.seller} has no row {number + 1}"
        return row, "" if entry.prev == prev else f"{row.seller}: not the row that followed"


def newest(rows: Sequence[PublicRow]) -> list[PublicRow]:
    """Rows without those that later ones replace."""
    replaced = {(row.seller, row.replaces) for row in rows if row.replaces}
    return [row for row in rows if (row.seller, row.number) not in replaced]


def figures(rows: Sequence[PublicRow], since: str = "", until: str = "9999-12-31") -> list[Figures]:
    """Every seller's figures over days `since` to `until`, both included."""
    by_seller: dict[str, list[PublicRow]] = defaultdict(list)
    for row in newest(rows):
        if since <= row.day <= until:
            by_seller[row.seller].append(row)
    return [_of_seller(seller, by_seller[seller]) for seller in sorted(by_seller)]


def _of_seller(seller: str, rows: Sequence[PublicRow]) -> Figures:
    decided = [row for row in rows if row.decided != NEVER]
    return Figures(
        seller=seller,
        claims=len(rows),
        outcomes=dict(sorted(Counter(row.outcome for row in rows).items())),
        done_within_24h=_share(decided, lambda row: row.done in WITHIN_24H),
        median_done=_median([row.done for row in decided]),
        before_ruling=_share(decided, lambda row: row.decider in ("seller", "agreement")),
        blamed=_share(decided, lambda row: row.blame in ("part", "all")),
        withdrawn=_share(rows, lambda row: row.outcome == "withdrawn"),
        appealed=_share(decided, lambda row: row.appealed),
        stars=(sum(row.stars for row in rows), sum(row.stars > 0 for row in rows)),
    )


def as_text(found: Sequence[Figures]) -> str:
    """A plain table for a terminal."""
    lines = [
        f"{one.seller}: {one.claims} claims; done within 24 h {_said(one.done_within_24h)}; "
        f"half done within {one.median_done or 'n/a'}; seller bore a share {_said(one.blamed)}; "
        f"withdrawn {_said(one.withdrawn)}; stars {_mean(one.stars)}"
        for one in found
    ]
    return "\n".join(lines)


def row_in(entry: bytes) -> PublicRow | None:
    """The row that an entry of the log is, or None for any other entry."""
    return _row(parse_entry(entry))


def _row(entry: Entry | None) -> PublicRow | None:
    if entry is None or entry.name != EVENT:
        return None
    try:
        return msgspec.convert({"type": EVENT, **entry.public}, PublicRow)
    except msgspec.ValidationError:
        return None


def _share(rows: Sequence[PublicRow], holds: Callable[[PublicRow], bool]) -> tuple[int, int]:
    return sum(holds(row) for row in rows), len(rows)


def _median(steps: Sequence[str]) -> str:
    """The lower median by order of steps; nothing for none."""
    ordered = sorted(steps, key=ORDER.index)
    return ordered[(len(ordered) - 1) // 2] if ordered else ""


def _said(share: tuple[int, int]) -> str:
    count, of = share
    rate = f" ({100 * count / of:.1f} %)" if of >= FEWEST_FOR_A_RATE else ""
    return f"{count} of {of}{rate}"


def _mean(stars: tuple[int, int]) -> str:
    total, count = stars
    return f"{total / count:.2f} ({count})" if count else "none"
