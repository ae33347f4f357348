"""Clocks: the published times, what pauses, and what nothing can move."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.policy.deadline import (
    Clock,
    Stage,
    claim_opens,
    claim_window_ends,
    congestion_wait,
    deadline,
    extended,
    left_percent,
    may_extend,
    negotiation_due,
    pause,
    payout_hold_days,
    product_class,
    resume,
    started,
    stricter,
)
from makegood.policy.judgement import Class
from makegood.policy.model import ProductClass
from tests.policy.given import NOW, PACK

TABLE: list[tuple[Stage, ProductClass, int, int]] = [
    ("first_response", "key", 15, 5),
    ("accept", "key", 120, 30),
    ("seller_reply", "key", 720, 120),
    ("seller_reply", "top_up", 720, 120),
    ("seller_reply", "account", 720, 240),
    ("buyer_evidence", "key", 2_880, 1_440),
    ("decision", "key", 1_440, 720),
    ("auto_lane", "key", 5, 5),
    ("refund_order", "key", 1_440, 120),
    ("appeal_window", "key", 10_080, 10_080),
    ("appeal_decision", "key", 2_880, 2_880),
    ("survey", "key", 4_320, 4_320),
    ("negotiation", "key", 1_440, 1_440),
    ("hard_stop", "key", 21_600, 21_600),
]
HARD_STOP = NOW + timedelta(days=15)


@pytest.mark.parametrize(("stage", "product", "default", "p0"), TABLE)
def test_each_stage_has_its_published_time(
    stage: Stage, product: ProductClass, default: int, p0: int
) -> None:
    usual = deadline(PACK, stage, NOW, priority_class="P2", product=product)
    urgent = deadline(PACK, stage, NOW, priority_class="P0", product=product)
    assert usual.due_at == NOW + timedelta(minutes=default)
    assert urgent.due_at == NOW + timedelta(minutes=p0)
    assert usual.consequence.zh
    assert usual.consequence.en


def test_a_complex_claim_has_48_hours() -> None:
    due = deadline(PACK, "decision", NOW, priority_class="P2", product="key", complex_claim=True)
    assert due.due_at == NOW + timedelta(hours=48)


def test_no_deadline_passes_the_hard_stop() -> None:
    late = NOW + timedelta(days=14, hours=23)
    due = deadline(
        PACK, "decision", late, priority_class="P2", product="key", hard_stop_at=HARD_STOP
    )
    assert due.due_at == HARD_STOP


def _decision_clock(priority_class: Class = "P2") -> Clock:
    due = deadline(PACK, "decision", NOW, priority_class=priority_class, product="key")
    return started(due, NOW, HARD_STOP)


def test_the_decision_clock_stands_still_while_another_side_has_the_turn() -> None:
    paused = pause(
        PACK, _decision_clock(), "decision", NOW + timedelta(hours=4), priority_class="P2"
    )
    assert paused.due_at == HARD_STOP
    back = resume(paused, NOW + timedelta(hours=40))
    assert back.due_at == NOW + timedelta(hours=60)


def test_a_p0_clock_never_pauses() -> None:
    clock = _decision_clock("P0")
    at = NOW + timedelta(hours=4)
    assert pause(PACK, clock, "decision", at, priority_class="P0") == clock


def test_only_the_decision_pauses() -> None:
    due = deadline(PACK, "seller_reply", NOW, priority_class="P2", product="key")
    clock = started(due, NOW)
    assert pause(PACK, clock, "seller_reply", NOW, priority_class="P2") == clock


def test_pausing_twice_and_resuming_twice_change_nothing_more() -> None:
    at = NOW + timedelta(hours=1)
    once = pause(PACK, _decision_clock(), "decision", at, priority_class="P2")
    assert pause(PACK, once, "decision", at + timedelta(hours=9), priority_class="P2") == once
    back = resume(once, at)
    assert resume(back, at + timedelta(hours=5)) == back


def test_evidence_is_extended_once() -> None:
    first = deadline(PACK, "buyer_evidence", NOW, priority_class="P2", product="key")
    assert may_extend(PACK, "buyer_evidence", 0)
    assert not may_extend(PACK, "buyer_evidence", 1)
    assert not may_extend(PACK, "seller_reply", 0)
    second = extended(PACK, first, priority_class="P2", product="key", hard_stop_at=HARD_STOP)
    assert second.due_at == NOW + timedelta(hours=96)


def test_all_rounds_of_negotiation_share_one_day() -> None:
    ends = negotiation_due(PACK, NOW, timedelta(hours=20), HARD_STOP)
    assert ends == NOW + timedelta(hours=4)
    assert negotiation_due(PACK, NOW, timedelta(hours=30), HARD_STOP) == NOW


def test_a_congested_channel_may_be_waited_for_once_up_to_the_promise() -> None:
    promised = NOW + timedelta(hours=1)
    assert congestion_wait(promised, HARD_STOP, waited_before=False) == promised
    assert congestion_wait(promised, HARD_STOP, waited_before=True) is None


def test_a_claim_window_never_ends_before_the_term_sold() -> None:
    assert claim_window_ends(NOW, 30, 365) == NOW + timedelta(days=365)
    assert claim_window_ends(NOW, 30, None) == NOW + timedelta(days=30)
    assert claim_window_ends(NOW, None, 365) is None


def test_not_delivered_may_be_claimed_from_the_promised_second() -> None:
    opens = claim_opens(NOW + timedelta(minutes=30))
    assert opens is not None
    assert NOW + timedelta(minutes=29, seconds=59) < opens
    assert NOW + timedelta(minutes=30) >= opens


def test_the_stricter_of_two_deadlines_counts() -> None:
    slow = deadline(PACK, "accept", NOW, priority_class="P2", product="key")
    fast = deadline(PACK, "accept", NOW, priority_class="P0", product="key")
    assert stricter(slow, fast) == fast == stricter(fast, slow)


def test_payouts_wait_longer_for_accounts_and_new_sellers() -> None:
    assert payout_hold_days(PACK, "key", new_seller=False) == 3
    assert payout_hold_days(PACK, "account", new_seller=True) == 17


def test_categories_have_their_clock_class() -> None:
    assert product_class(PACK, "gift_card") == "key"
    assert product_class(PACK, "teapot") == "other"


def test_the_share_of_time_left() -> None:
    due = NOW + timedelta(hours=10)
    assert left_percent(NOW, due, NOW + timedelta(hours=8, minutes=1)) == 19
    assert left_percent(NOW, due, due + timedelta(hours=1)) == 0
    assert left_percent(NOW, NOW, NOW) == 0


hours = st.integers(0, 400)


@given(st.lists(st.tuples(hours, hours), max_size=6))
def test_pauses_never_lose_or_make_time(turns: list[tuple[int, int]]) -> None:
    clock, at, ran = _decision_clock(), NOW, timedelta(0)
    for run, stand in turns:
        clock = pause(PACK, clock, "decision", at + timedelta(hours=run), priority_class="P2")
        ran += timedelta(hours=run)
        at += timedelta(hours=run + stand)
        clock = resume(clock, at)
    assert clock.left == max(timedelta(0), timedelta(hours=24) - ran)
    assert clock.due_at is not None
    assert clock.due_at <= HARD_STOP
