"""Bugs planted in what a chargeback reserves: the law must find each of them."""

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from makegood.ledger.disputes.rules import Reserve, UnitPart
from tests.ledger.dispute_law import Case, Planner, cases, check, planned


def the_payments_limit_is_forgotten(case: Case) -> Reserve:
    return planned(msgspec.structs.replace(case, leg_left_minor=10**6))


def only_the_first_unit_is_held(case: Case) -> Reserve:
    return planned(msgspec.structs.replace(case, units=case.units[:1]))


def every_unit_is_held_whole(case: Case) -> Reserve:
    parts = tuple(UnitPart(1, at + 1, left) for at, left in enumerate(case.units) if left)
    return msgspec.structs.replace(planned(case), units=parts)


def the_seller_gives_nothing(case: Case) -> Reserve:
    return planned(msgspec.structs.replace(case, sources=case.sources[:1]))


def what_is_overdrawn_gives_too(case: Case) -> Reserve:
    return planned(msgspec.structs.replace(case, sources=tuple(abs(left) for left in case.sources)))


def nobody_bears_what_is_missing(case: Case) -> Reserve:
    return msgspec.structs.replace(planned(case), missing_minor=0)


def the_last_cent_is_left_free(case: Case) -> Reserve:
    return planned(msgspec.structs.replace(case, leg_left_minor=max(case.leg_left_minor - 1, 0)))


BUGS: list[Planner] = [
    the_payments_limit_is_forgotten,
    only_the_first_unit_is_held,
    every_unit_is_held_whole,
    the_seller_gives_nothing,
    what_is_overdrawn_gives_too,
    nobody_bears_what_is_missing,
    the_last_cent_is_left_free,
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_the_law_finds_the_bug(bug: Planner) -> None:
    @settings(
        max_examples=2000,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(cases())
    def hunt(case: Case) -> None:
        check(bug, case)

    with pytest.raises(AssertionError):
        hunt()
