"""Queue order: classes first, then a key that never has to be computed again."""

import math
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.policy.judgement import Class
from makegood.policy.priority import aged, class_of, queue_key
from tests.policy.given import NOW, PACK


@pytest.mark.parametrize(
    ("reason", "amount", "repeats", "left", "expected"),
    [
        ("PAY02", 100, 0, 100, "P0"),
        ("PAY04", 100, 0, None, "P0"),
        ("SEC04", 100, 0, None, "P0"),
        ("ACC02", 100, 0, None, "P0"),
        ("SEC02", 100, 0, None, "P1"),
        ("KEY01", 100, 0, 100, "P2"),
        ("KEY01", 50_000, 0, 100, "P1"),
        ("KEY01", 100, 3, 100, "P1"),
        ("KEY01", 100, 0, 19, "P1"),
        ("KEY08", 100, 0, 100, "P3"),
    ],
)
def test_the_class_follows_reason_amount_repeats_and_deadline(
    reason: str, amount: int, repeats: int, left: int | None, expected: str
) -> None:
    got = class_of(PACK, reason, amount_minor=amount, repeats=repeats, deadline_left_percent=left)
    assert got == expected


def test_fund_safety_is_ahead_of_every_other_class_whatever_else() -> None:
    due = NOW + timedelta(hours=24)
    calm = queue_key("P0", NOW, due + timedelta(days=9), amount_minor=1)
    loud = queue_key("P1", NOW, due, amount_minor=9_999_999, emotion=1, repeats=9, tier=1)
    assert calm < loud


def test_anger_moves_a_claim_ahead_within_its_class_only() -> None:
    due = NOW + timedelta(hours=24)
    calm = queue_key("P2", NOW, due, amount_minor=9_800)
    angry = queue_key("P2", NOW, due, amount_minor=9_800, emotion=0.9)
    assert angry < calm
    assert queue_key("P1", NOW, due, amount_minor=9_800) < angry


def test_ageing_moves_one_class_up_and_never_into_p0() -> None:
    classes: tuple[Class, ...] = get_args(Class)
    assert [aged(one) for one in classes] == ["P0", "P1", "P1", "P2"]


claims = st.tuples(
    st.integers(0, 86_400),
    st.integers(0, 1_000_000),
    st.floats(0, 1),
    st.integers(0, 5),
    st.floats(0, 1),
)


def _score(claim: tuple[int, int, float, int, float], after: timedelta) -> float:
    opened, amount, emotion, repeats, tier = claim
    elapsed = (after - timedelta(seconds=opened)).total_seconds() / 86_400
    size = min(1.0, math.log(1 + amount / 100) / math.log(5_001))
    return 40 * elapsed + 20 * size + 15 * emotion + 15 * (repeats >= 3) + 10 * tier


@given(claims, claims)
def test_the_static_key_orders_as_the_moving_score_does(
    one: tuple[int, int, float, int, float], other: tuple[int, int, float, int, float]
) -> None:
    keys = [
        queue_key(
            "P2",
            NOW + timedelta(seconds=opened),
            NOW + timedelta(seconds=opened + 86_400),
            amount_minor=amount,
            emotion=emotion,
            repeats=repeats,
            tier=tier,
        )
        for opened, amount, emotion, repeats, tier in (one, other)
    ]
    later = timedelta(days=3)
    gap = _score(one, later) - _score(other, later)
    # Keys are whole seconds: scores closer than two seconds' worth may tie either way.
    if abs(gap) > 2 * 40 / 86_400:
        assert (keys[0] < keys[1]) == (gap > 0)


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 98), ("KWD", 98_000)])
def test_an_amount_weighs_by_whole_units_of_its_currency(currency: str, minor: int) -> None:
    due = NOW + timedelta(days=1)
    here = queue_key("P2", NOW, due, amount_minor=9_800)
    assert queue_key("P2", NOW, due, amount_minor=minor, currency=currency) == here
