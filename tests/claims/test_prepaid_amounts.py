"""What is left of something prepaid, as rulings compute it: the published vectors, and interest."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.orders.facts import UnitFacts
from makegood.policy.stake import Measured, Stake, UnitAtStake, interest_of, refund_of
from tests.claims import histories as h
from tests.claims.test_amounts import decision_of, ruled

LIMITS = h.PACK.head.limits


def unit(
    paid: int, listed: int, *, gift: int = 0, fee: int = 0, term_days: int | None = None
) -> UnitFacts:
    """One unit of something prepaid, delivered 90 days before the claim."""
    [made] = h.units()
    return msgspec.structs.replace(
        made,
        unit_paid_minor=paid,
        list_price_minor=listed,
        gift_minor=gift,
        service_fee_minor=fee,
        term_days=term_days,
        delivered_at=h.NOW - timedelta(days=90) if term_days else made.delivered_at,
        category="membership",
    )


def stake(made: UnitFacts) -> Stake:
    return Stake(
        left_minor=made.unit_paid_minor,
        units=(
            UnitAtStake(
                made.unit_paid_minor, made.list_price_minor, made.gift_minor,
                made.service_fee_minor,
            ),
        ),
    )  # fmt: skip


def test_a_membership_of_360_days_for_120_that_stops_on_day_90_gives_back_90() -> None:
    dropped = ruled(
        "MBR01",
        ("goods.source", "seller", "order"),
        ("supplier.status", "cancelled", "issuer"),
        units=[unit(12_000, 12_000, term_days=360)],
    )
    decision = decision_of(dropped)
    assert (decision.finding, decision.amount_minor) == ("membership_dropped_seller", 9_000)


def test_the_day_the_service_stopped_counts_and_earns_interest_as_compensation() -> None:
    stopped = ruled(
        "MBR01",
        ("goods.source", "seller", "order"),
        ("supplier.status", "cancelled", "issuer"),
        ("delivery.delivered_at", h.NOW - timedelta(days=90), "platform_log"),
        ("usage.stopped_at", h.NOW - timedelta(days=30), "issuer"),
        units=[unit(12_000, 12_000, term_days=360)],
    )
    decision = decision_of(stopped)
    assert decision.amount_minor == 10_000
    assert decision.interest_minor == 10_000 * 30 * LIMITS.interest_bp // (365 * 10_000) + 1
    assert decision.coupon_minor == decision.interest_minor


@pytest.mark.parametrize(("fee", "refund"), [(0, 4_000), (500, 3_500)])
def test_a_buyer_who_ends_a_pack_early_pays_list_price_for_what_was_used(
    fee: int, refund: int
) -> None:
    ended = ruled(
        "CHG02",
        ("listing.change_of_mind", True, "order"),
        ("order.category", "membership", "order"),
        ("usage.units_used", 4, "issuer"),
        ("usage.units_total", 10, "order"),
        units=[unit(8_000, 10_000, fee=fee)],
    )
    decision = decision_of(ended)
    assert (decision.rule_id, decision.amount_minor) == ("R-43.4", refund)
    assert decision.remedy == "refund_prorated"


def test_without_a_figure_a_buyers_early_end_goes_to_a_person() -> None:
    ended = ruled(
        "CHG02",
        ("listing.change_of_mind", True, "order"),
        ("order.category", "top_up", "order"),
        units=[unit(10_000, 10_000, gift=2_000)],
    )
    assert not ended.certain


def test_a_revoked_card_with_a_gift_gives_back_what_was_not_used() -> None:
    revoked = ruled(
        "KEY06",
        ("revoke.cause", "source", "issuer"),
        ("goods.source", "seller", "order"),
        ("usage.balance_used_minor", 6_000, "issuer"),
        units=[unit(10_000, 10_000, gift=2_000)],
    )
    decision = decision_of(revoked)
    assert (decision.finding, decision.amount_minor) == ("key_revoked_seller", 5_000)


@pytest.mark.parametrize(
    ("paid", "listed", "gift", "fee", "cause", "measured", "refund"),
    [
        (8_000, 10_000, 0, 0, "non_buyer", Measured(units_used=4, units_total=10), 4_800),
        (8_000, 10_000, 0, 0, "buyer", Measured(units_used=4, units_total=10), 4_000),
        (8_000, 10_000, 0, 500, "buyer", Measured(units_used=4, units_total=10), 3_500),
        (10_000, 10_000, 2_000, 0, "non_buyer", Measured(balance_used_minor=6_000), 5_000),
        (10_000, 10_000, 2_000, 0, "buyer", Measured(balance_used_minor=6_000), 4_000),
        (5_000, 10_000, 0, 0, "buyer", Measured(units_used=6, units_total=10), 0),
    ],
)
def test_the_published_vectors(
    paid: int, listed: int, gift: int, fee: int, cause: str, measured: Measured, refund: int
) -> None:
    made = stake(unit(paid, listed, gift=gift, fee=fee))
    said = refund_of("prorated", "buyer" if cause == "buyer" else "non_buyer", None, made, measured)
    assert said == refund


@given(
    st.integers(0, 50_000), st.integers(0, 60_000), st.integers(0, 9_000), st.integers(0, 900),
    st.integers(0, 70_000), st.integers(0, 5_000), st.sampled_from(["buyer", "non_buyer"]),
)  # fmt: skip
def test_the_more_was_used_the_less_comes_back_never_below_nothing_or_above_the_price(
    paid: int, listed: int, gift: int, fee: int, used: int, more: int, cause: str
) -> None:
    made = stake(unit(paid, max(listed, 1), gift=gift, fee=fee))
    who = "buyer" if cause == "buyer" else "non_buyer"
    now = refund_of("prorated", who, None, made, Measured(balance_used_minor=used))  # type: ignore[arg-type]
    then = refund_of("prorated", who, None, made, Measured(balance_used_minor=used + more))  # type: ignore[arg-type]
    assert now is not None
    assert then is not None
    assert 0 <= then <= now <= paid


def test_interest_is_owed_only_on_what_was_prepaid_and_stopped() -> None:
    stopped = h.NOW - timedelta(days=365)
    assert interest_of("prorated", "non_buyer", 100_000, stopped, h.NOW, LIMITS) == 3_000
    assert interest_of("prorated", "buyer", 100_000, stopped, h.NOW, LIMITS) == 1_500
    assert interest_of("full", "non_buyer", 100_000, stopped, h.NOW, LIMITS) == 0
    assert interest_of("prorated", "non_buyer", 100_000, None, h.NOW, LIMITS) == 0
