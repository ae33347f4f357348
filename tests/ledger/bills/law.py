"""The law of comparing: exactly what was made different is found, in every mixture."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import msgspec
from hypothesis import strategies as st

from makegood.ledger.bills.rules import (
    BillLine,
    Difference,
    LineKind,
    OurLine,
    compare,
    differences,
)

Judge = Callable[[Sequence[BillLine], Sequence[OurLine], frozenset[date]], list[Difference]]
DAY = date(2026, 11, 20)
COVERED = frozenset({DAY})
KINDS: tuple[LineKind, ...] = ("payment", "refund", "dispute")


class Twist(msgspec.Struct, frozen=True, kw_only=True):
    """One movement, and how the two books were made to differ about it."""

    number: int
    kind: LineKind
    amount_minor: int
    twist: str
    by: int
    day_apart: int
    nameless: bool


def twists() -> st.SearchStrategy[list[Twist]]:
    """A day's movements: most of them the same in both books."""
    one = st.builds(
        Twist,
        number=st.integers(1, 40),
        kind=st.sampled_from(KINDS),
        amount_minor=st.sampled_from([1, 2, 99, 100, 9800]),
        twist=st.sampled_from(["same"] * 4 + ["dropped_here", "dropped_there", "amount", "money"]),
        by=st.sampled_from([1, -1, 100]),
        day_apart=st.sampled_from([0, 0, 0, 1, -1]),
        nameless=st.booleans(),
    )
    return st.lists(one, max_size=12, unique_by=lambda twist: (twist.number, twist.kind))


def judged(
    bill: Sequence[BillLine], ours: Sequence[OurLine], covered: frozenset[date]
) -> list[Difference]:
    """What the product finds."""
    return differences(compare(bill, ours), covered)


def check(judge: Judge, made: Sequence[Twist]) -> None:
    """The differences found are those that were made, no fewer and no more."""
    bill = [_bill(one, at) for at, one in enumerate(made, 2) if one.twist != "dropped_there"]
    ours = [_ours(one) for one in made if one.twist != "dropped_here"]
    found = judge(bill, ours, COVERED)
    told = sorted((one.kind, one.number, one.what) for one in found)
    assert told == sorted(filter(None, map(_expected, made)))
    for one in found:
        assert one.what != "amount_differs" or one.bill_minor is not None
        assert one.bill_minor != one.book_minor or one.what == "amount_differs"


def _expected(one: Twist) -> tuple[str, str, str] | None:
    match one.twist:
        case "dropped_here":
            return one.kind, _number(one), "missing_here"
        case "dropped_there":
            return (one.kind, _key(one), "missing_there") if one.day_apart == 0 else None
        case "amount" | "money":
            return one.kind, _number(one), "amount_differs"
    return None


def _number(one: Twist) -> str:
    return f"{one.kind}-{one.number}"


def _key(one: Twist) -> str:
    return f"ours-{one.kind}-{one.number}"


def _without_name(one: Twist) -> bool:
    """Refunds that are the same may come without a number of ours, as epay V1's do."""
    return one.nameless and one.kind == "refund" and one.twist == "same"


def _bill(one: Twist, line_no: int) -> BillLine:
    off = one.by if one.twist == "amount" else 0
    return BillLine(
        line_no=line_no,
        kind=one.kind,
        number=_number(one),
        names=() if _without_name(one) else (_number(one),),
        day=DAY,
        amount_minor=max(one.amount_minor + off, 0),
        currency="USD" if one.twist == "money" else "CNY",
        trade_no=f"T-{one.number}",
    )


def _ours(one: Twist) -> OurLine:
    return OurLine(
        kind=one.kind,
        key=_key(one),
        names=("another", _number(one)),
        day=DAY + timedelta(days=one.day_apart),
        amount_minor=one.amount_minor,
        currency="CNY",
        trade_no=f"T-{one.number}",
    )
