"""What a bill says, what our book says, and where they differ. Tolerance is zero."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, Literal, TypeAlias

import msgspec

LineKind = Literal["payment", "refund", "dispute", "dispute_back", "payout", "fee"]
What = Literal["missing_here", "missing_there", "amount_differs"]
BOOKED: Final[tuple[LineKind, ...]] = ("payment", "refund", "dispute", "dispute_back")
"""Kinds that must stand in both books; payouts and fees are only told by the channel."""


class BillFault(Exception):
    """A file that cannot be taken as a bill: where, and why, as codes for words.

    `line` counts from 1 as an editor shows it; `column` is the header's own name.
    """

    def __init__(self, code: str, line: int = 0, column: str = "", value: str = "") -> None:
        super().__init__(f"{code} in line {line}, column {column!r}")
        self.code = code
        self.line = line
        self.column = column
        self.value = value[:60]


class BillLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a bill. Amounts are minor units and never negative; `kind` says the side.

    `number` names the movement at the channel: the trade number of a payment, our refund
    number (or the channel's) of a refund. `names` are all numbers it may be known by here.
    """

    line_no: int
    kind: LineKind
    number: str
    names: tuple[str, ...]
    day: date
    amount_minor: int
    currency: str
    fee_minor: int = 0
    order_no: str = ""
    trade_no: str = ""


class OurLine(msgspec.Struct, frozen=True, kw_only=True):
    """One movement in our own book that a channel's bill must list."""

    kind: LineKind
    key: str
    names: tuple[str, ...]
    day: date
    amount_minor: int
    currency: str
    order_no: str = ""
    trade_no: str = ""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Where the two books differ about one movement."""

    kind: LineKind
    number: str
    what: What
    day: date
    currency: str
    order_no: str = ""
    bill_minor: int | None = None
    book_minor: int | None = None
    line_no: int = 0


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the bill with ours, which may differ in the amount."""

    bill: BillLine
    ours: OurLine


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Both books side by side."""

    matched: list[Matched]
    only_there: list[BillLine]
    only_here: list[OurLine]


_Name: TypeAlias = tuple[LineKind, str]


def check_whole(lines: Sequence[BillLine]) -> None:
    """Refuse a bill that tells one movement twice.

    Raises:
        BillFault: `duplicate_line` with the later line and the first one's number.
    """
    seen: dict[tuple[LineKind, str], int] = {}
    for line in lines:
        first = seen.setdefault((line.kind, line.number), line.line_no)
        if first != line.line_no:
            raise BillFault("duplicate_line", line.line_no, line.number, str(first))


def compare(bill: Sequence[BillLine], ours: Sequence[OurLine]) -> Comparison:
    """Find for each line of the bill ours, by any of its numbers; each of ours serves once.

    A refund without a number of its own is found by its payment and amount.
    """
    free = {one.key: one for one in ours}
    by_name: dict[_Name, list[OurLine]] = {}
    for one in ours:
        for name in dict.fromkeys(one.names):
            by_name.setdefault((one.kind, name), []).append(one)
    matched, only_there = [], []
    for line in bill:
        if line.kind not in BOOKED:
            continue
        found = _by_number(line, by_name, free) or _by_amount(line, free.values())
        if found is None:
            only_there.append(line)
            continue
        del free[found.key]
        matched.append(Matched(bill=line, ours=found))
    return Comparison(matched=matched, only_there=only_there, only_here=list(free.values()))


def check_currencies(
    bill: Sequence[BillLine], ours: Sequence[OurLine], compared: Comparison, usual: str
) -> None:
    """Refuse a bill in money that the account does not have, or that a movement was not made in.

    The account has its `usual` currency and those that our book knows of it.

    Raises:
        BillFault: `currency_other` for the account, `currency_differs` for one movement.
    """
    kept = {usual} | {one.currency for one in ours}
    for line in bill:
        if line.currency not in kept:
            raise BillFault("currency_other", line.line_no, "、".join(sorted(kept)), line.currency)
    for one in compared.matched:
        if one.bill.currency != one.ours.currency:
            told = f"{one.bill.currency} / {one.ours.currency}"
            raise BillFault("currency_differs", one.bill.line_no, one.bill.number, told)


def differences(comparison: Comparison, covered: frozenset[date]) -> list[Difference]:
    """Everything that is not the same to the cent, and the same in both books.

    What stands only here counts on the days that the bill covers.
    """
    found = [_differs(one) for one in comparison.matched if not is_same(one)]
    found += [_missing_here(line) for line in comparison.only_there]
    found += [_missing_there(one) for one in comparison.only_here if one.day in covered]
    return sorted(found, key=lambda one: (one.day, one.line_no, one.kind, one.number))


def is_same(one: Matched) -> bool:
    """Whether both books say the same money, to the smallest unit."""
    return (one.bill.amount_minor, one.bill.currency) == (one.ours.amount_minor, one.ours.currency)


def _by_number(
    line: BillLine, by_name: dict[_Name, list[OurLine]], free: dict[str, OurLine]
) -> OurLine | None:
    for name in line.names:
        for one in by_name.get((line.kind, name), []):
            if one.key in free:
                return one
    return None


def _by_amount(line: BillLine, free: Iterable[OurLine]) -> OurLine | None:
    """Only for refunds that the channel gives no number of ours."""
    if line.kind != "refund" or line.names:
        return None
    wanted = (line.kind, line.trade_no, line.amount_minor, line.currency)
    return next(
        (one for one in free if (one.kind, one.trade_no, one.amount_minor, one.currency) == wanted),
        None,
    )


def _differs(one: Matched) -> Difference:
    return Difference(
        kind=one.bill.kind,
        number=one.bill.number,
        what="amount_differs",
        day=one.bill.day,
        currency=one.bill.currency,
        order_no=one.ours.order_no,
        bill_minor=one.bill.amount_minor,
        book_minor=one.ours.amount_minor,
        line_no=one.bill.line_no,
    )


def _missing_here(line: BillLine) -> Difference:
    return Difference(
        kind=line.kind,
        number=line.number,
        what="missing_here",
        day=line.day,
        currency=line.currency,
        order_no=line.order_no,
        bill_minor=line.amount_minor,
        line_no=line.line_no,
    )


def _missing_there(one: OurLine) -> Difference:
    return Difference(
        kind=one.kind,
        number=one.key,
        what="missing_there",
        day=one.day,
        currency=one.currency,
        order_no=one.order_no,
        book_minor=one.amount_minor,
    )
