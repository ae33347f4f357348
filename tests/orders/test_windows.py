"""When a unit can be claimed: never before its time, and never shorter than the term sold."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.base.refusal import Refused
from makegood.orders import facts, rules, windows
from tests.orders.making import PAID_AT, line, order

NOT_YET = {"kind": "top_up", "target": "player-7"}


@given(st.none() | st.integers(0, 400), st.none() | st.integers(1, 2000))
def test_a_window_is_never_shorter_than_the_term_sold(days: int | None, term: int | None) -> None:
    told = order(lines=[line(term_days=term, listing={"claim_window_days": days})])
    unit = rules.unit_of(told.lines[0], 1)
    window = windows.claim_window(told, told.lines[0], unit)
    assert window.closes_at - PAID_AT >= timedelta(days=max(days or 0, term or 0))


def test_not_arrived_is_too_early_at_29_minutes_59_seconds() -> None:
    told = order(state="paid", lines=[line(delivery=NOT_YET)])
    with pytest.raises(Refused) as refusal:
        windows.check_arrival_time(told, told.lines[0], PAID_AT + timedelta(minutes=29, seconds=59))
    assert refusal.value.code == "too_early"
    assert refusal.value.detail == {"come_back_at": PAID_AT + timedelta(minutes=30)}


def test_not_arrived_is_accepted_at_30_minutes() -> None:
    told = order(state="paid", lines=[line(delivery=NOT_YET)])
    windows.check_arrival_time(told, told.lines[0], PAID_AT + timedelta(minutes=30))


def test_a_promised_time_goes_before_the_usual_wait() -> None:
    promised_at = PAID_AT + timedelta(hours=6)
    delivery = NOT_YET | {"promised_at": promised_at.isoformat()}
    told = order(state="paid", lines=[line(delivery=delivery)])
    assert windows.earliest_not_arrived_at(told, told.lines[0]) == promised_at


def test_a_product_may_have_its_own_wait() -> None:
    told = order(lines=[line(delivery=NOT_YET, listing={"arrival_minutes": 5})])
    expected = PAID_AT + timedelta(minutes=5)
    assert windows.earliest_not_arrived_at(told, told.lines[0]) == expected


def test_a_claim_in_the_last_second_is_in_time() -> None:
    told = order()
    unit = rules.unit_of(told.lines[0], 1)
    windows.check_window(told, told.lines[0], unit, PAID_AT + timedelta(days=30))


def test_a_claim_after_the_window_is_told_when_it_ended() -> None:
    told = order()
    unit = rules.unit_of(told.lines[0], 1)
    with pytest.raises(Refused) as refusal:
        windows.check_window(told, told.lines[0], unit, PAID_AT + timedelta(days=30, seconds=1))
    assert refusal.value.code == "window_closed"
    assert refusal.value.detail["closed_at"] == PAID_AT + timedelta(days=30)


def test_goods_that_never_arrived_keep_their_whole_window() -> None:
    promised_at = PAID_AT + timedelta(days=3)
    delivery = NOT_YET | {"promised_at": promised_at.isoformat()}
    told = order(state="paid", lines=[line(delivery=delivery)])
    unit = rules.unit_of(told.lines[0], 1)
    window = windows.claim_window(told, told.lines[0], unit)
    assert window.closes_at == promised_at + timedelta(days=30)


@pytest.mark.parametrize(("category", "hours"), [("game_card", 72), ("account", 14 * 24)])
def test_a_seller_waits_for_the_inspection(category: str, hours: int) -> None:
    told = order(lines=[line(category=category)])
    found = facts.unit_facts(told, 1, 1, 1)
    assert found.inspection_ends_at == PAID_AT + timedelta(hours=hours)


def test_a_new_seller_waits_three_days_longer() -> None:
    found = facts.unit_facts(order(), 1, 1, 1, new_seller=True)
    assert found.inspection_ends_at == PAID_AT + timedelta(hours=72 + 72)


def test_an_untracked_reveal_counts_from_delivery() -> None:
    assert facts.unit_facts(order(), 1, 1, 1).revealed_at == PAID_AT


def test_a_tracked_key_that_was_not_shown_is_unrevealed() -> None:
    found = facts.unit_facts(order(lines=[line(reveal="tracked")]), 1, 1, 1)
    assert found.reveal_tracked
    assert found.revealed_at is None


def test_the_facts_of_a_unit_hold_its_own_share() -> None:
    lines = [line(quantity=2, unit_price_minor=5000, discount_minor=199, service_fee_minor=101)]
    told = order(total={"amount_minor": 9801}, lines=lines, payments=[])
    found = facts.unit_facts(told, 3, 1, 2)
    shares = (found.unit_paid_minor, found.service_fee_minor, found.order_version)
    assert shares == (4901, 51, 3)


@pytest.mark.parametrize(
    ("contact", "kinds"),
    [("a@b.cn", ("email",)), ("+86 13800000000", ("phone",)), ("qq 123", ("other",)), (None, ())],
)
def test_the_facts_say_how_a_buyer_can_be_reached(
    contact: str | None, kinds: tuple[str, ...]
) -> None:
    told = order(buyer={"id": "b-1", "contact": contact})
    assert facts.contact_kinds(told) == kinds
