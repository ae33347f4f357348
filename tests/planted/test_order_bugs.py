"""Bugs planted in the rules of orders and replacements, each caught by its property."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.orders import rules, versions, windows
from makegood.orders.order import Line, Order, Unit
from makegood.orders.stock import rules as stock_rules
from makegood.orders.stock.rules import Reissue
from makegood.orders.supplier import GoodsReply, SupplierAnswer, SupplierStatus
from makegood.orders.versions import Change, Stand
from tests.orders.making import PAID_AT, line, order

ShareOut = Callable[[int, Sequence[int]], list[int]]
WindowOf = Callable[[Order, Line, Unit], windows.ClaimWindow]
Changed = Callable[[Order, Stand], Change | None]
Withdrawal = Callable[[SupplierAnswer], stock_rules.Withdrawal]
NextStep = Callable[[Reissue], stock_rules.NextStep]


def parts_sum_to_the_whole(share_out: ShareOut) -> None:
    """Property: not a cent is lost or made when a line is split."""

    @settings(database=None, derandomize=True)
    @given(st.integers(0, 10**6), st.lists(st.integers(0, 500), min_size=1, max_size=9))
    def check(amount: int, weights: list[int]) -> None:
        parts = share_out(amount, [1, *weights])
        assert sum(parts) == amount
        assert min(parts) >= 0

    check()


def windows_cover_the_term(window_of: WindowOf) -> None:
    """Property: whoever bought a year may claim for a year, however late the goods came."""
    delivered_at = PAID_AT + timedelta(days=9)
    delivery = {"kind": "membership", "delivered_at": delivered_at.isoformat()}
    told = order(lines=[line(term_days=365, delivery=delivery)])
    window = window_of(told, told.lines[0], rules.unit_of(told.lines[0], 1))
    assert window.closes_at >= delivered_at + timedelta(days=365)


def what_is_older_never_wins(changed: Changed) -> None:
    """Property: a late delivery of an old state changes nothing."""
    newer = stand(PAID_AT + timedelta(seconds=1))
    with pytest.raises(Refused):
        changed(order(state="paid"), newer)


def doubt_never_counts_as_withdrawn(withdrawal: Withdrawal) -> None:
    """Property: only a definite word lets a replacement or money go out."""
    doubtful: tuple[SupplierStatus, ...] = ("unknown", "pending", "valid")
    for status in doubtful:
        assert withdrawal(SupplierAnswer(status=status, asked_at=PAID_AT)) == "unclear"
    for used in ("redeemed", "delivered"):
        assert withdrawal(SupplierAnswer(status=used, asked_at=PAID_AT)) == "used"


def a_second_try_asks_before_it_sends(next_step: NextStep) -> None:
    """Property: what may have been done already is asked after first."""
    assert next_step(reissue(attempts=2)) == "query"
    assert next_step(reissue(attempts=2, withdraw_first=True)) == "withdraw"


def rounded_parts(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """The bug: each part is rounded by itself."""
    return [round(amount_minor * weight / sum(weights)) for weight in weights]


def window_from_payment(told: Order, told_line: Line, unit: Unit) -> windows.ClaimWindow:
    """The bug: the window runs from the payment, although the goods came later."""
    opens_at = told.paid_at or told.placed_at
    return windows.ClaimWindow(opens_at, opens_at + timedelta(days=windows.window_days(told_line)))


def window_of_the_listing(told: Order, told_line: Line, unit: Unit) -> windows.ClaimWindow:
    """The bug: the days of the listing, shorter than the term that was sold."""
    begins_at = unit.delivered_at or told.placed_at
    days = told_line.listing.claim_window_days or 0
    return windows.ClaimWindow(told.placed_at, begins_at + timedelta(days=days))


def last_word_wins(told: Order, known: Stand) -> Change | None:
    """The bug: whoever calls last is believed."""
    without_time = Stand(
        version=known.version,
        updated_at=None,
        content_hash=known.content_hash,
        claim_code_hash=known.claim_code_hash,
        state=known.state,
        key_hashes=known.key_hashes,
    )
    return versions.change(told, without_time, {}, None)


def silence_is_consent(answer: SupplierAnswer) -> stock_rules.Withdrawal:
    """The bug: what is not known to be used is taken as withdrawn."""
    return "used" if answer.status in ("redeemed", "delivered") else "withdrawn"


def always_send(one: Reissue) -> stock_rules.NextStep:
    """The bug: every try sends anew."""
    return "send"


def stand(updated_at: datetime) -> Stand:
    """An order known since this time."""
    return Stand(
        version=1,
        updated_at=updated_at,
        content_hash=b"",
        claim_code_hash=None,
        state="delivered",
        key_hashes={},
    )


def reissue(*, attempts: int, withdraw_first: bool = False) -> Reissue:
    """A replacement under way at its supplier."""
    return Reissue(
        reissue_no="r-1",
        claim_no="AS-1",
        reissue_key="d",
        kind="reissue",
        unit=UnitRef("O-1", 1, 1),
        sku="XH",
        value_minor=1,
        currency="CNY",
        route="supplier",
        supplier_id="u-1",
        withdraw_first=withdraw_first,
        state="sent",
        attempts=attempts,
        reserved_at=PAID_AT,
    )


def test_the_true_rules_hold() -> None:
    parts_sum_to_the_whole(rules.share_out)
    windows_cover_the_term(windows.claim_window)
    what_is_older_never_wins(lambda told, known: versions.change(told, known, {}, None))
    doubt_never_counts_as_withdrawn(stock_rules.withdrawal)
    a_second_try_asks_before_it_sends(stock_rules.next_step)


def test_parts_rounded_alone_are_caught() -> None:
    with pytest.raises(AssertionError):
        parts_sum_to_the_whole(rounded_parts)


@pytest.mark.parametrize("bug", [window_from_payment, window_of_the_listing])
def test_a_window_shorter_than_the_term_is_caught(bug: WindowOf) -> None:
    with pytest.raises(AssertionError):
        windows_cover_the_term(bug)


def test_an_old_state_that_overwrites_is_caught() -> None:
    with pytest.raises(pytest.fail.Exception):
        what_is_older_never_wins(last_word_wins)


def test_doubt_taken_as_withdrawn_is_caught() -> None:
    with pytest.raises(AssertionError):
        doubt_never_counts_as_withdrawn(silence_is_consent)


def test_a_second_try_that_sends_blindly_is_caught() -> None:
    with pytest.raises(AssertionError):
        a_second_try_asks_before_it_sends(always_send)


def test_a_reply_that_repeats_a_sold_key_is_no_replacement() -> None:
    reply = GoodsReply(status="delivered", asked_at=PAID_AT, key="K")
    assert stock_rules.settling(reply, keys_known=True) == "failed"
