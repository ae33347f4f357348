"""The law of a chargeback's reserve, for the real planner and for planted ones."""

from collections.abc import Callable

import msgspec
from hypothesis import strategies as st

from makegood.base.ids import UnitRef
from makegood.ledger.disputes.rules import Reserve, plan_reserve
from makegood.ledger.recipes import Funding


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A disputed amount, what is left of units and payment, and what escrow and seller hold."""

    amount_minor: int
    units: tuple[int, ...]
    leg_left_minor: int
    sources: tuple[int, ...]


Planner = Callable[[Case], Reserve]


def cases() -> st.SearchStrategy[Case]:
    """Small amounts, so that every shortage happens often; what was refunded may leave nothing."""
    amount = st.integers(0, 6)
    return st.builds(
        Case,
        amount_minor=st.integers(1, 12),
        units=st.lists(amount, max_size=4).map(tuple),
        leg_left_minor=st.integers(0, 14),
        sources=st.lists(st.integers(-2, 8), max_size=2).map(tuple),
    )


def planned(case: Case) -> Reserve:
    """What the product plans."""
    units = {UnitRef("O-1", 1, at + 1): left for at, left in enumerate(case.units)}
    sources = [Funding(f"account:{at}", left) for at, left in enumerate(case.sources)]
    return plan_reserve(case.amount_minor, units, case.leg_left_minor, sources)


def check(plan: Planner, case: Case) -> None:
    """Units within what is left of each and of the payment; funding and missing make the amount."""
    reserve = plan(case)
    taken = [part.amount_minor for part in reserve.units]
    given = [part.amount_minor for part in reserve.funding]
    assert all(amount > 0 for amount in [*taken, *given])
    for part in reserve.units:
        assert part.amount_minor <= case.units[part.unit_no - 1]
    for funding in reserve.funding:
        assert funding.amount_minor <= case.sources[int(funding.account.partition(":")[2])]
    possible = min(case.amount_minor, case.leg_left_minor, sum(case.units))
    assert sum(taken) == possible
    there = min(case.amount_minor, sum(max(left, 0) for left in case.sources))
    assert sum(given) == there
    assert reserve.missing_minor == case.amount_minor - there
    assert [part.unit_no for part in reserve.units] == sorted(
        part.unit_no for part in reserve.units
    )
