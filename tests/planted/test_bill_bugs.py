"""Bugs planted in the comparison of bills: the law must find each of them."""

from collections.abc import Sequence
from datetime import date

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from makegood.ledger.bills.rules import (
    BillLine,
    Comparison,
    Difference,
    OurLine,
    compare,
    differences,
)
from tests.ledger.bills.law import Judge, Twist, check, twists


def _with(made: Comparison, covered: frozenset[date]) -> list[Difference]:
    return differences(made, covered)


def one_cent_is_nothing(
    bill: Sequence[BillLine], ours: Sequence[OurLine], covered: frozenset[date]
) -> list[Difference]:
    return [
        one
        for one in _with(compare(bill, ours), covered)
        if one.what != "amount_differs"
        or abs((one.bill_minor or 0) - (one.book_minor or 0)) > 1
        or one.currency != "CNY"
    ]


def only_the_bill_is_looked_through(
    bill: Sequence[BillLine], ours: Sequence[OurLine], covered: frozenset[date]
) -> list[Difference]:
    return _with(msgspec.structs.replace(compare(bill, ours), only_here=[]), covered)


def only_our_book_is_looked_through(
    bill: Sequence[BillLine], ours: Sequence[OurLine], covered: frozenset[date]
) -> list[Difference]:
    return _with(msgspec.structs.replace(compare(bill, ours), only_there=[]), covered)


def the_currency_is_forgotten(
    bill: Sequence[BillLine], ours: Sequence[OurLine], covered: frozenset[date]
) -> list[Difference]:
    same = [msgspec.structs.replace(line, currency="CNY") for line in bill]
    return _with(compare(same, ours), covered)


def every_day_is_covered(
    bill: Sequence[BillLine], ours: Sequence[OurLine], covered: frozenset[date]
) -> list[Difference]:
    return _with(compare(bill, ours), covered | {one.day for one in ours})


def no_day_is_covered(
    bill: Sequence[BillLine], ours: Sequence[OurLine], covered: frozenset[date]
) -> list[Difference]:
    return _with(compare(bill, ours), frozenset())


def only_the_first_number_counts(
    bill: Sequence[BillLine], ours: Sequence[OurLine], covered: frozenset[date]
) -> list[Difference]:
    first = [msgspec.structs.replace(one, names=one.names[:1]) for one in ours]
    return _with(compare(bill, first), covered)


def refunds_without_a_number_are_missing(
    bill: Sequence[BillLine], ours: Sequence[OurLine], covered: frozenset[date]
) -> list[Difference]:
    made_up = [msgspec.structs.replace(one, names=one.names or ("?",)) for one in bill]
    return _with(compare(made_up, ours), covered)


def kinds_are_mixed_up(
    bill: Sequence[BillLine], ours: Sequence[OurLine], covered: frozenset[date]
) -> list[Difference]:
    return _with(
        compare([msgspec.structs.replace(one, kind="payment") for one in bill], ours), covered
    )


def the_last_line_is_lost(
    bill: Sequence[BillLine], ours: Sequence[OurLine], covered: frozenset[date]
) -> list[Difference]:
    return _with(compare(bill[:-1], ours), covered)


def sums_are_compared_and_not_lines(
    bill: Sequence[BillLine], ours: Sequence[OurLine], covered: frozenset[date]
) -> list[Difference]:
    if sum(one.amount_minor for one in bill) == sum(one.amount_minor for one in ours):
        return []
    return _with(compare(bill, ours), covered)


BUGS: list[Judge] = [
    one_cent_is_nothing,
    only_the_bill_is_looked_through,
    only_our_book_is_looked_through,
    the_currency_is_forgotten,
    every_day_is_covered,
    no_day_is_covered,
    only_the_first_number_counts,
    refunds_without_a_number_are_missing,
    kinds_are_mixed_up,
    the_last_line_is_lost,
    sums_are_compared_and_not_lines,
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_the_law_finds_the_bug(bug: Judge) -> None:
    @settings(
        max_examples=2000,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(twists())
    def hunt(made: list[Twist]) -> None:
        check(bug, made)

    with pytest.raises(AssertionError):
        hunt()
