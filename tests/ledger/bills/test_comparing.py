"""Two books side by side: every difference is found, and nothing else."""

from hypothesis import given, settings

from makegood.ledger.bills.rules import BillLine, OurLine, compare, differences
from tests.ledger.bills.law import COVERED, DAY, Twist, check, judged, twists


@settings(max_examples=400)
@given(twists())
def test_exactly_what_was_made_different_is_found(made: list[Twist]) -> None:
    check(judged, made)


def test_two_refunds_without_numbers_are_found_once_each() -> None:
    line = BillLine(
        line_no=2,
        kind="refund",
        number="a",
        names=(),
        day=DAY,
        amount_minor=500,
        currency="CNY",
        trade_no="T-1",
    )
    second = BillLine(
        line_no=3,
        kind="refund",
        number="b",
        names=(),
        day=DAY,
        amount_minor=500,
        currency="CNY",
        trade_no="T-1",
    )
    ours = OurLine(
        kind="refund",
        key="MG1",
        names=("MG1",),
        day=DAY,
        amount_minor=500,
        currency="CNY",
        trade_no="T-1",
    )
    [found] = differences(compare([line, second], [ours]), COVERED)
    assert (found.what, found.number) == ("missing_here", "b")


def test_what_stands_only_here_counts_on_covered_days_only() -> None:
    ours = OurLine(
        kind="payment", key="T-1", names=("T-1",), day=DAY, amount_minor=500, currency="CNY"
    )
    assert differences(compare([], [ours]), frozenset()) == []
    assert [one.what for one in differences(compare([], [ours]), COVERED)] == ["missing_there"]
