"""Unit prices sum to what was paid, secrets leave the stored form, and time is checked."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.orders import rules
from makegood.orders.order import Order
from tests.orders.making import PAID_AT, line, order

EMPTY_KEY = {"kind": "key"}


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Orders of up to five lines whose total and payments need not agree with the prices."""
    prices = draw(
        st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 7)), min_size=1, max_size=5)
    )
    lines = [
        line(
            line_no=number,
            quantity=quantity,
            unit_price_minor=price,
            discount_minor=draw(st.integers(0, price * quantity)),
            delivery=EMPTY_KEY,
        )
        for number, (price, quantity) in enumerate(prices, start=1)
    ]
    total = draw(st.integers(1, 50_000))
    paid = draw(st.lists(st.integers(1, 40_000), max_size=4))
    payments = [
        {"gateway": "epay", "trade_no": f"T{i}", "amount_minor": a, "paid_at": PAID_AT.isoformat()}
        for i, a in enumerate(paid)
    ]
    return order(total={"amount_minor": total}, lines=lines, payments=payments)


def units_sum_to_what_was_paid(told: Order, values: dict[UnitRef, int]) -> bool:
    """The property: to the cent, nothing negative, and nothing invented."""
    listed = sum(payment.amount_minor for payment in told.payments)
    paid = listed if told.payments else told.total.amount_minor
    return sum(values.values()) == paid and min(values.values()) >= 0


@given(orders())
def test_unit_values_sum_to_what_was_paid(told: Order) -> None:
    assert units_sum_to_what_was_paid(told, rules.unit_values(told))


@given(orders())
def test_what_units_cost_sums_to_the_total(told: Order) -> None:
    assert sum(rules.due_values(told).values()) == told.total.amount_minor


@given(orders())
def test_no_unit_was_paid_above_its_price(told: Order) -> None:
    due = rules.due_values(told)
    values = rules.unit_values(told)
    assert all(values[unit] <= due[unit] for unit in due)


@given(st.integers(0, 10**9), st.integers(1, 1000))
def test_units_of_a_line_differ_by_one_cent_at_most(amount: int, count: int) -> None:
    parts = rules.share_out(amount, [1] * count)
    assert sum(parts) == amount
    assert max(parts) - min(parts) <= 1


def test_the_discount_share_is_taken_off_each_line() -> None:
    told = order(
        total={"amount_minor": 10_000},
        lines=[
            line(
                line_no=1, quantity=3, unit_price_minor=2000, discount_minor=500, delivery=EMPTY_KEY
            ),
            line(line_no=2, unit_price_minor=4500, delivery=EMPTY_KEY),
        ],
        payments=[],
    )
    values = {(u.line_no, u.unit_no): value for u, value in rules.unit_values(told).items()}
    assert values == {(1, 1): 1833, (1, 2): 1833, (1, 3): 1834, (2, 1): 4500}


def test_a_double_charge_belongs_to_the_payment_itself() -> None:
    twice = [
        {"gateway": "epay", "trade_no": no, "amount_minor": 9800, "paid_at": PAID_AT.isoformat()}
        for no in ("T1", "T2")
    ]
    values = rules.unit_values(order(payments=twice))
    assert values == {UnitRef("O-1", 1, 1): 9800, UnitRef("O-1", 0, 0): 9800}


def test_an_unpaid_order_has_units_worth_nothing() -> None:
    unpaid = order(paid_at=None, state="unpaid", payments=[])
    assert rules.unit_values(unpaid) == {UnitRef("O-1", 1, 1): 0}
    assert rules.booking_of(unpaid) is None


def test_the_stored_form_holds_no_secret() -> None:
    stored = msgspec.json.encode(rules.without_secrets(order()))
    assert b"XH-SECRET" not in stored
    assert b"sesame" not in stored


def test_the_stored_form_still_says_which_unit_has_a_key() -> None:
    told = order(lines=[line(quantity=2, delivery={"kind": "key", "keys": ["only one"]})])
    stored = rules.without_secrets(told)
    has_key = [rules.unit_of(stored.lines[0], number).key is not None for number in (1, 2)]
    assert has_key == [True, False]


def test_the_stored_form_decodes_to_itself() -> None:
    stored = rules.without_secrets(order())
    assert msgspec.json.decode(msgspec.json.encode(stored), type=Order) == stored


def test_several_lines_of_a_single_unit_are_one_key() -> None:
    told = order(lines=[line(delivery={"kind": "account", "keys": ["user", "password"]})])
    assert [key.text for key in rules.keys_of(told)] == ["user\npassword"]


def test_units_may_say_which_key_is_theirs() -> None:
    units = [{"unit_no": 1, "key": 2}, {"unit_no": 2, "key": 1}]
    told = order(
        lines=[line(quantity=2, units=units, delivery={"kind": "key", "keys": ["a", "b"]})]
    )
    assert [(key.unit_no, key.text) for key in rules.keys_of(told)] == [(1, "b"), (2, "a")]


def test_an_order_up_to_five_minutes_ahead_is_taken() -> None:
    rules.check_time(order(), PAID_AT - timedelta(minutes=5))


def test_an_order_more_than_five_minutes_ahead_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        rules.check_time(order(), PAID_AT - timedelta(minutes=5, seconds=1))
    assert refusal.value.code == "updated_in_future"


@pytest.mark.parametrize("category", ["blocked", "blocked/x", "stolen_account", "other/boosting"])
def test_a_blocked_category_is_refused_for_stock(category: str) -> None:
    with pytest.raises(Refused) as refusal:
        rules.check_category(category, {"other/boosting"})
    assert refusal.value.code == "blocked_category"


def test_other_categories_pass_the_gate() -> None:
    rules.check_category("other/skins", {"other/boosting", "account"})


@pytest.mark.parametrize("unit_no", [0, 2, -1])
def test_a_unit_that_was_not_sold_is_refused(unit_no: int) -> None:
    with pytest.raises(Refused) as refusal:
        rules.unit_of(order().lines[0], unit_no)
    assert refusal.value.code == "not_a_unit"
