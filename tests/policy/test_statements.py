"""Statements: who may say what, how several are joined, and what follows by arithmetic."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.policy.facts import Fact, SourceKind, Value
from makegood.policy.statements import derive, fact, merge
from tests.policy.given import NOW, joined, said


@pytest.mark.parametrize(
    ("name", "value", "source"),
    [
        ("buyer.star_sign", True, "buyer"),
        ("key.sold_twice", True, "seller"),
        ("key.sold_twice", 1, "platform_log"),
        ("supplier.status", "great", "supplier"),
        ("payment.captures", True, "gateway"),
        ("key.revealed_at", NOW.replace(tzinfo=None), "platform_log"),
    ],
)
def test_a_statement_outside_the_vocabulary_is_refused(
    name: str, value: Value, source: SourceKind
) -> None:
    with pytest.raises(ValueError, match=r"."):
        fact(name, value, source, NOW)


def test_a_statement_carries_source_interest_time_and_audience() -> None:
    one = fact("supplier.status", "invalid", "supplier", NOW, "u-1")
    assert (one.source, one.interest, one.at, one.source_id) == ("supplier", "supplier", NOW, "u-1")
    assert one.audience == ("buyer", "seller", "staff")
    assert fact("minor.consent", False, "agent", NOW).audience == ("staff",)


def test_agreeing_sources_support_each_other() -> None:
    both = joined(
        said("supplier", supplier__status="valid"), said("issuer", supplier__status="valid")
    )
    assert both["supplier.status"].value == "valid"
    assert {both["supplier.status"].interest, *both["supplier.status"].also} == {"none", "supplier"}


def test_disagreeing_sources_leave_it_unknown() -> None:
    both = joined(
        said("supplier", supplier__status="valid"), said("issuer", supplier__status="invalid")
    )
    assert both["supplier.status"].value is None
    assert both["supplier.status"].conflict


def test_a_later_word_replaces_the_same_sources_earlier_one() -> None:
    early = fact("supplier.status", "pending", "supplier", NOW, "u-1")
    late = fact("supplier.status", "failed", "supplier", NOW + timedelta(minutes=5), "u-1")
    assert merge([late, early])["supplier.status"].value == "failed"


def test_silence_never_replaces_a_word() -> None:
    early = fact("supplier.status", "failed", "supplier", NOW, "u-1")
    silent = fact("supplier.status", None, "supplier", NOW + timedelta(minutes=5), "u-1")
    assert merge([early, silent])["supplier.status"].value == "failed"


def test_lateness_is_counted_from_the_promise() -> None:
    facts = joined(
        said("order", delivery__promised_at=NOW),
        said("delivery_log", delivery__delivered_at=NOW + timedelta(minutes=30)),
    )
    assert facts["delivery.minutes_late"].value == 30


def test_arithmetic_does_not_launder_an_interested_source() -> None:
    facts = joined(
        said("supplier", supplier__redeemed_at=NOW),
        said("platform_log", key__revealed_at=NOW - timedelta(minutes=1)),
    )
    before = facts["supplier.redeemed_before_reveal"]
    assert (before.value, before.interest) == (False, "supplier")


def test_a_stated_fact_is_never_replaced_by_a_derived_one() -> None:
    facts = joined(
        said("issuer", supplier__redeemed_before_reveal=True),
        said("supplier", supplier__redeemed_at=NOW),
        said("platform_log", key__revealed_at=NOW - timedelta(minutes=1)),
    )
    assert facts["supplier.redeemed_before_reveal"].value is True


def test_days_to_a_ban_count_whole_days() -> None:
    facts = joined(
        said("platform_log", account__handed_over_at=NOW),
        said("issuer", account__banned_at=NOW + timedelta(days=7, hours=23)),
    )
    assert facts["account.banned_days_after_handover"].value == 7


sayings = st.lists(
    st.builds(
        lambda value, source, minutes: fact(
            "supplier.status", value, source, NOW + timedelta(minutes=minutes), source
        ),
        st.sampled_from([None, "valid", "invalid", "redeemed"]),
        st.sampled_from(["supplier", "issuer"]),
        st.integers(0, 3),
    ),
    max_size=6,
    unique_by=lambda one: (one.source, one.at),
)


@given(sayings)
def test_the_order_of_hearing_does_not_matter(sayings: list[Fact]) -> None:
    shuffled = sorted(sayings, key=lambda one: (one.source, one.at), reverse=True)
    first, second = merge(sayings), merge(shuffled)
    assert {name: one.value for name, one in first.items()} == {
        name: one.value for name, one in second.items()
    }
    assert derive(first).keys() == derive(second).keys()
