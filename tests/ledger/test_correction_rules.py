"""Shifts between bearers: nothing is lost on the way, and what the fund lacks waits."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from makegood.ledger.corrections.covers import cash_needed, quota_needed, within
from makegood.ledger.corrections.rules import (
    BEARERS,
    Case,
    Line,
    Owing,
    Piece,
    by_line,
    pieces,
    shifts,
)
from makegood.ledger.recipes import Funding

CASE = Case(
    claim_no="C",
    order_no="o",
    seller_id="s",
    supplier_id="u",
    currency="CNY",
    rule="R@1",
    key="k",
)
HELD = [Funding("escrow:o", 300), Funding("seller_balance:s", 100)]
parts = st.tuples(*[st.integers(0, 900)] * len(BEARERS))
owings = st.fixed_dictionaries(
    {
        party: st.builds(Owing, open_minor=st.integers(0, 500), lost_minor=st.integers(0, 200))
        for party in ("seller", "supplier", "channel")
    }
)


def named(amounts: tuple[int, ...]) -> dict[str, int]:
    """Who bears which amount."""
    return dict(zip(BEARERS, amounts, strict=True))


def spread(whole: int, weights: tuple[int, ...]) -> dict[str, int]:
    """The same whole over the bearers in other parts."""
    total = sum(weights) or 1
    found = {party: whole * weight // total for party, weight in named(weights).items()}
    found["platform"] += whole - sum(found.values())
    return found


def moved(found: list[Piece]) -> Counter[str]:
    """By how much each bears more, or less."""
    sums = Counter[str]()
    for piece in found:
        sums[piece.shift.giver] -= piece.amount_minor
        sums[piece.shift.taker] += piece.amount_minor
    return sums


@given(parts, parts, owings)
def test_after_the_shifts_everybody_bears_what_they_ought_to(
    first: tuple[int, ...], second: tuple[int, ...], owing: dict[str, Owing]
) -> None:
    bears = named(first)
    ought = spread(sum(first), second)
    half = {party: minor // 2 for party, minor in bears.items()}
    rest = {party: minor - half[party] for party, minor in bears.items()}
    lines = [Line(number="r1", borne=half), Line(number="r2", borne=rest)]

    cut = by_line(shifts(bears, ought), lines)
    found = pieces(CASE, cut, owing, HELD)

    after = Counter(bears) + Counter()
    after.update(moved(found))
    assert {party: after[party] for party in BEARERS} == ought
    for line in lines:
        for party in BEARERS:
            given_off = sum(
                one.amount_minor for one in cut if one.line == line.number and one.giver == party
            )
            assert given_off <= line.borne[party], "no line gives more than it has"


@given(parts, parts, owings, st.integers(0, 1200), st.integers(0, 1200))
def test_debts_grow_only_as_far_as_quota_and_fund_reach_and_nobody_else_waits(
    first: tuple[int, ...], second: tuple[int, ...], owing: dict[str, Owing], quota: int, cash: int
) -> None:
    bears = named(first)
    ought = spread(sum(first), second)
    moves = by_line(shifts(bears, ought), [Line(number="r", borne=bears)])
    found = pieces(CASE, moves, owing, HELD)
    lacking = max(0, quota_needed(found) - quota, cash_needed(found) - cash)

    kept, waits = within(CASE, found, lacking)

    assert waits == lacking
    assert quota_needed(kept) <= max(quota, min(0, quota_needed(found)))
    assert cash_needed(kept) <= max(cash, min(0, cash_needed(found)))
    before, after = moved(found), moved(kept)
    for party in BEARERS[:-1]:
        if before[party] < 0:
            assert after[party] == before[party], "who is to get something back gets it"
    assert before["platform"] <= after["platform"] <= before["platform"] + waits
