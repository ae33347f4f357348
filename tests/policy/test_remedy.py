"""Amounts to the cent: the published vectors, and what must hold for any numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.policy.judgement import Shares
from makegood.policy.remedy import (
    Cause,
    UnitValue,
    Usage,
    interest,
    late_coupon,
    price_reduction,
    refund_amount,
    refund_balance_based,
    refund_full,
    refund_time_based,
    refund_unit_based,
    reissue_coupon,
    split_loss,
)

DAY = 86_400
PACK_OF_TEN = UnitValue(paid_minor=8_000, list_minor=10_000)
TOP_UP = UnitValue(paid_minor=10_000, list_minor=10_000, gift_minor=2_000)


def test_a_360_day_membership_of_120_stopped_on_day_90_gives_back_90() -> None:
    value = UnitValue(paid_minor=12_000, list_minor=12_000)
    got = refund_time_based(value, term_seconds=360 * DAY, used_seconds=90 * DAY, cause="non_buyer")
    assert got == 9_000


@pytest.mark.parametrize(
    ("cause", "fee", "refund"),
    [
        ("non_buyer", 0, 4_800),
        ("buyer", 0, 4_000),
        ("buyer", 500, 3_500),
        ("non_buyer", 500, 4_800),
    ],
)
def test_a_ten_pack_paid_80_list_100_with_4_used(cause: Cause, fee: int, refund: int) -> None:
    value = UnitValue(paid_minor=8_000, list_minor=10_000, fee_minor=fee)
    assert refund_unit_based(value, units_total=10, units_used=4, cause=cause) == refund


@pytest.mark.parametrize(("cause", "refund"), [("non_buyer", 5_000), ("buyer", 4_000)])
def test_a_top_up_of_100_with_20_gift_and_60_face_used(cause: Cause, refund: int) -> None:
    assert refund_balance_based(TOP_UP, face_used_minor=6_000, cause=cause) == refund


def test_paid_50_list_100_with_6_of_10_used_by_the_buyer_gives_nothing() -> None:
    value = UnitValue(paid_minor=5_000, list_minor=10_000)
    assert refund_unit_based(value, units_total=10, units_used=6, cause="buyer") == 0


@pytest.mark.parametrize(
    ("paid", "minutes", "coupon"),
    [
        (10_000, 0, 0),
        (10_000, 10, 100),  # 0.5 % is 50 cents, the floor is one yuan
        (10_000, 40, 200),
        (10_000, 100, 500),
        (10_000, 1_000, 500),  # 5 % is the cap
        (1_000, 30, 50),  # the cap wins over the floor
    ],
)
def test_the_delay_coupon_grows_from_one_yuan_to_five_percent(
    paid: int, minutes: int, coupon: int
) -> None:
    assert late_coupon(paid, minutes) == coupon


def test_the_reissue_coupon_is_five_percent() -> None:
    assert reissue_coupon(6_800) == 340


def test_interest_is_simple_and_rounded_half_up() -> None:
    assert interest(10_000, 365, 310) == 310
    assert interest(10_000, 1, 310) == 1


def test_a_publishers_change_is_shared_to_the_cent() -> None:
    split = split_loss(9_999, Shares(buyer=30, seller=35, supplier=35))
    assert split.refund_minor == 7_000
    assert split.parts == {"seller": 3_501, "supplier": 3_499}


def test_what_was_refunded_before_is_never_refunded_again() -> None:
    value = UnitValue(paid_minor=8_000, list_minor=10_000, refunded_minor=5_000)
    assert refund_full(value) == 3_000
    assert refund_unit_based(value, units_total=10, units_used=4, cause="non_buyer") == 3_000


def test_each_refund_rule_has_its_amount() -> None:
    usage = Usage(kind="units", total=10, used=4)
    assert refund_amount("full", "non_buyer", PACK_OF_TEN) == 8_000
    assert refund_amount("unit", "non_buyer", PACK_OF_TEN, usage) == 4_800
    assert refund_amount("prorated", "buyer", PACK_OF_TEN, usage) == 4_000
    assert refund_amount("extra", "non_buyer", PACK_OF_TEN, extra_minor=8_000) == 8_000
    assert refund_amount("owed", "non_buyer", PACK_OF_TEN, owed_minor=100) == 100
    assert refund_amount("none", "buyer", PACK_OF_TEN) == 0
    shares = Shares(buyer=30, seller=35, supplier=35)
    assert refund_amount("shared", "non_buyer", PACK_OF_TEN, shares=shares) == 5_600


money = st.integers(min_value=0, max_value=10_000_000)
causes = st.sampled_from(["non_buyer", "buyer"])
values = st.builds(
    lambda paid, extra, gift, fee, refunded: UnitValue(
        paid_minor=paid,
        list_minor=paid + extra + 1,
        gift_minor=gift,
        fee_minor=fee,
        refunded_minor=min(refunded, paid),
    ),
    money, money, money, money, money,
)  # fmt: skip


@given(values, causes, st.integers(1, 10_000), st.integers(-5, 12_000), st.integers(0, 500))
def test_a_refund_by_time_only_falls_and_stays_between_nothing_and_what_is_left(
    value: UnitValue, cause: Cause, term: int, used: int, later: int
) -> None:
    now = refund_time_based(value, term_seconds=term, used_seconds=used, cause=cause)
    then = refund_time_based(value, term_seconds=term, used_seconds=used + later, cause=cause)
    assert 0 <= then <= now <= value.paid_minor - value.refunded_minor


@given(values, causes, st.integers(1, 500), st.integers(0, 600), st.integers(0, 50))
def test_a_refund_by_units_only_falls_and_stays_between_nothing_and_what_is_left(
    value: UnitValue, cause: Cause, total: int, used: int, more: int
) -> None:
    now = refund_unit_based(value, units_total=total, units_used=used, cause=cause)
    then = refund_unit_based(value, units_total=total, units_used=used + more, cause=cause)
    assert 0 <= then <= now <= value.paid_minor - value.refunded_minor


@given(values, causes, money, money)
def test_a_refund_of_a_balance_only_falls_and_stays_between_nothing_and_what_is_left(
    value: UnitValue, cause: Cause, used: int, more: int
) -> None:
    now = refund_balance_based(value, face_used_minor=used, cause=cause)
    then = refund_balance_based(value, face_used_minor=used + more, cause=cause)
    assert 0 <= then <= now <= value.paid_minor - value.refunded_minor


@given(values, st.integers(1, 500), st.integers(0, 500))
def test_the_buyers_own_cause_never_gives_more_than_somebody_elses(
    value: UnitValue, total: int, used: int
) -> None:
    own = refund_unit_based(value, units_total=total, units_used=used, cause="buyer")
    other = refund_unit_based(value, units_total=total, units_used=used, cause="non_buyer")
    assert own <= other


@given(values, st.integers(0, 100))
def test_a_price_cut_stays_within_what_is_left(value: UnitValue, percent: int) -> None:
    assert 0 <= price_reduction(value, percent) <= refund_full(value)


@given(money, st.integers(0, 100), st.integers(0, 100))
def test_shares_sum_to_the_amount_to_the_cent(loss: int, first: int, second: int) -> None:
    buyer = first
    seller = min(second, 100 - buyer)
    split = split_loss(loss, Shares(buyer=buyer, seller=seller, supplier=100 - buyer - seller))
    assert sum(split.parts.values()) == split.refund_minor
    assert 0 <= split.refund_minor <= loss


@given(money, st.integers(0, 5_000), st.integers(0, 100))
def test_the_delay_coupon_never_falls_with_time_nor_passes_five_percent(
    paid: int, minutes: int, more: int
) -> None:
    assert late_coupon(paid, minutes) <= late_coupon(paid, minutes + more) <= reissue_coupon(paid)


@pytest.mark.parametrize("call", [
    lambda: refund_time_based(TOP_UP, term_seconds=0, used_seconds=0, cause="buyer"),
    lambda: refund_unit_based(TOP_UP, units_total=0, units_used=0, cause="buyer"),
    lambda: refund_balance_based(
        UnitValue(paid_minor=1, list_minor=0), face_used_minor=0, cause="buyer"
    ),
    lambda: price_reduction(TOP_UP, 101),
    lambda: interest(-1, 1, 1),
])  # fmt: skip
def test_nonsense_is_refused(call: object) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=r"."):
        call()
