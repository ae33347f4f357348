"""A supplier's statement of one month, and whether every line of it is a line of the ledger."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

LineKind: TypeAlias = Literal[
    "borne",
    "sla",
    "paid",
    "written_off",
    "reassigned",
    "corrected",
    "netted",
    "returned",
    "paid_out",
    "other",
]
Side: TypeAlias = Literal["debt", "sla", "credit"]
"""Owed for a refund, owed for a late promise, or given back and not yet set off."""

GROWING: Final[dict[str, LineKind]] = {
    "refund": "borne",
    "corrected": "corrected",
    "netted": "netted",
    "payout": "paid_out",
}
SHRINKING: Final[dict[str, LineKind]] = {
    "recovery": "paid",
    "write_off": "written_off",
    "reassigned": "reassigned",
    "corrected": "corrected",
    "netted": "netted",
}
DOCUMENTED: Final[frozenset[LineKind]] = frozenset(
    {"borne", "paid", "reassigned", "corrected", "paid_out"}
)
"""Lines that our books outside the ledger must know too; the others the ledger alone makes."""
WEEK: Final = timedelta(days=7)
MONTH: Final = timedelta(days=30)


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True):
    """One posted transfer on an account of this supplier; `amount_minor` grows the debt.

    What an appeal gave back of a payment is a credit; set off against another claim's debt it is
    a line of each, and a line without a claim when it is paid out.
    """

    transfer_id: str
    claim_no: str
    amount_minor: int
    recipe: str
    posted_at: datetime
    side: Side = "debt"


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What our own books outside the ledger say moved: a refund that arrived, a settlement."""

    kind: LineKind
    number: str
    claim_no: str
    amount_minor: int
    """Signed as on the statement: positive grows the debt."""
    at: datetime


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it is shown; `matched` is False where only one of the two books has it."""

    kind: LineKind
    claim_no: str
    number: str
    amount_minor: int
    at: datetime
    transfer_id: str
    matched: bool
    finding: str = ""
    sku: str = ""
    order_no: str = ""
    refunded_minor: int = 0
    percent: int = 0
    corrects: str = ""
    """The number of the line that this one corrects."""
    appeal_no: int = 0
    decision_no: int = 0
    corrected_by: tuple[str, ...] = ()
    """Lines of the same month that take this one's place, or a part of it."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is in one book only. `missing` names the book that lacks it."""

    claim_no: str
    amount_minor: int
    missing: Literal["ledger", "documents"]
    number: str


class Ageing(msgspec.Struct, frozen=True, kw_only=True):
    """What is still owed, by how long ago it was borne, in minor units."""

    week_minor: int = 0
    month_minor: int = 0
    older_minor: int = 0

    @property
    def total_minor(self) -> int:
        """All of it."""
        return self.week_minor + self.month_minor + self.older_minor


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Opening + borne - recovered + paid out = due: every column of the statement adds up to it."""

    opening_minor: int = 0
    borne_minor: int = 0
    recovered_minor: int = 0
    paid_out_minor: int = 0
    due_minor: int = 0


def kind_of(line: LedgerLine) -> LineKind:
    """What a transfer on a receivable means; money that went back to the supplier is `returned`."""
    if line.amount_minor > 0:
        return GROWING.get(line.recipe, "sla" if line.side == "sla" else "returned")
    return SHRINKING.get(line.recipe, "other")


def totals(lines: Iterable[LedgerLine], since: datetime, until: datetime) -> Totals:
    """The figures of the month from `since` up to, not including, `until`."""
    opening = borne = recovered = paid_out = 0
    for line in lines:
        if line.posted_at >= until:
            continue
        if line.posted_at < since:
            opening += line.amount_minor
        elif kind_of(line) == "paid_out":
            paid_out += line.amount_minor
        elif line.amount_minor > 0:
            borne += line.amount_minor
        else:
            recovered -= line.amount_minor
    return Totals(
        opening_minor=opening,
        borne_minor=borne,
        recovered_minor=recovered,
        paid_out_minor=paid_out,
        due_minor=opening + borne - recovered + paid_out,
    )


def match(
    lines: Sequence[LedgerLine], documents: Sequence[Document]
) -> tuple[dict[str, Document], list[Difference]]:
    """Pair every transfer with its document, one to one, by kind, claim and signed amount.

    Answers the document of each transfer id, and what is left over in either book. A transfer
    that is its own document (a netting, a write-off: the ledger alone made it) needs none.
    """
    waiting: dict[tuple[LineKind, str, int], list[Document]] = {}
    for document in sorted(documents, key=lambda one: (one.at, one.number), reverse=True):
        key = (document.kind, document.claim_no, document.amount_minor)
        waiting.setdefault(key, []).append(document)
    paired: dict[str, Document] = {}
    found: list[Difference] = []
    for line in sorted(lines, key=lambda one: (one.posted_at, one.transfer_id)):
        fitting = waiting.get((kind_of(line), line.claim_no, line.amount_minor))
        if fitting:
            paired[line.transfer_id] = fitting.pop()
        elif kind_of(line) in DOCUMENTED:
            found.append(_lacks(line))
    left = [document for group in waiting.values() for document in group]
    return paired, found + [
        Difference(
            claim_no=one.claim_no,
            amount_minor=one.amount_minor,
            missing="ledger",
            number=one.number,
        )
        for one in sorted(left, key=lambda one: (one.claim_no, one.number))
    ]


def ageing(lines: Sequence[LedgerLine], until: datetime) -> Ageing:
    """What is owed at a time, by age: what came back pays the oldest of its claim first.

    What the supplier has to its credit is no debt, of no age; it is set off by itself.
    """
    buckets: Counter[str] = Counter()
    lines = [line for line in lines if line.side != "credit"]
    for claim_no in {line.claim_no for line in lines}:
        own = [line for line in lines if line.claim_no == claim_no and line.posted_at < until]
        paid = -sum(line.amount_minor for line in own if line.amount_minor < 0)
        for line in sorted(own, key=lambda one: one.posted_at):
            if line.amount_minor <= 0:
                continue
            settled = min(paid, line.amount_minor)
            paid -= settled
            buckets[_bucket(until - line.posted_at)] += line.amount_minor - settled
    return Ageing(
        week_minor=buckets["week"], month_minor=buckets["month"], older_minor=buckets["older"]
    )


def spread(amount_minor: int, owed_minor: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """A payment over claims in the order given, each up to what it owes; the rest is left over."""
    parts = []
    for claim_no, owed in owed_minor:
        part = min(amount_minor, owed)
        if part > 0:
            parts.append((claim_no, part))
            amount_minor -= part
    return parts


def _lacks(line: LedgerLine) -> Difference:
    return Difference(
        claim_no=line.claim_no,
        amount_minor=line.amount_minor,
        missing="documents",
        number=line.transfer_id,
    )


def _bucket(age: timedelta) -> str:
    if age <= WEEK:
        return "week"
    return "month" if age <= MONTH else "older"
