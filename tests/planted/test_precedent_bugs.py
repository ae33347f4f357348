"""Bugs planted in how like claims are found and counted; each must be caught by a property."""

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations

import pytest

from makegood.claims.precedents.rules import (
    Agreement,
    Ended,
    Family,
    agreement,
    compare,
    decisive,
    fact_print,
)
from makegood.policy.backtest.case import Said
from tests.policy.given import PACK

Ends = Mapping[str, int]
Agree = Callable[[Iterable[Ends]], Agreement]
Print = Callable[[tuple[Said, ...]], bytes]
GROUPS: tuple[Ends, ...] = ({"a": 3, "b": 1}, {"a": 1}, {"b": 5}, {"a": 2, "b": 2, "c": 1})
DEAD = Said("supplier.status", "invalid", "supplier", "supplier")


def pairs_are_counted_one_by_one(agree: Agree) -> None:
    """Property: the count of pairs is what counting every pair by itself gives."""
    pairs = agreeing = 0
    for ends in GROUPS:
        claims = [end for end, count in ends.items() for _ in range(count)]
        for one, other in combinations(claims, 2):
            pairs, agreeing = pairs + 1, agreeing + (one == other)
    found = agree(GROUPS)
    assert (found.pairs, found.agreeing) == (pairs, agreeing)
    assert found.claims == sum(sum(ends.values()) for ends in GROUPS if sum(ends.values()) > 1)


def agree_that_counts_each_pair_twice(groups: Iterable[Ends]) -> Agreement:
    """The bug: ordered pairs for the agreeing ones, so that the figure is too good."""
    found = agreement(groups)
    return Agreement(
        claims=found.claims, groups=found.groups, pairs=found.pairs, agreeing=2 * found.agreeing
    )


def agree_that_pairs_a_claim_with_itself(groups: Iterable[Ends]) -> Agreement:
    """The bug: single claims count as a pair that agrees."""
    kept = list(groups)
    found = agreement(kept)
    alone = sum(1 for ends in kept if sum(ends.values()) == 1)
    return Agreement(
        claims=found.claims + alone,
        groups=found.groups,
        pairs=found.pairs + alone,
        agreeing=found.agreeing + alone,
    )


def what_rules_do_not_read_makes_no_difference(print_: Print) -> None:
    """Property: equal for facts that the rules cannot tell apart, different where they can."""
    plain = print_((DEAD,))
    price = Said("order.unit_paid_minor", 9800, "order")
    assert print_((DEAD, price)) == plain
    assert print_((price, DEAD)) == plain
    assert print_((Said("supplier.status", "valid", "supplier", "supplier"),)) != plain
    assert print_((DEAD, Said("key.revealed", False, "platform_log", "platform"))) != plain
    assert print_((DEAD, Said("key.revealed", None, "platform_log", "platform"))) == plain


def good_print(said: tuple[Said, ...]) -> bytes:
    return fact_print("KEY01", "key", decisive(PACK, "KEY01", said))


def print_of_everything(said: tuple[Said, ...]) -> bytes:
    """The bug: amounts are part of it, so that no two claims are ever alike."""
    return fact_print("KEY01", "key", {one.name: one.value for one in said})


def print_of_the_reason_alone(said: tuple[Said, ...]) -> bytes:
    """The bug: the facts are left out, so that all claims of a reason are alike."""
    return fact_print("KEY01", "key", {})


def test_the_properties_hold() -> None:
    pairs_are_counted_one_by_one(agreement)
    what_rules_do_not_read_makes_no_difference(good_print)


@pytest.mark.parametrize(
    "bug", [agree_that_counts_each_pair_twice, agree_that_pairs_a_claim_with_itself]
)
def test_a_wrong_count_of_pairs_is_caught(bug: Agree) -> None:
    with pytest.raises(AssertionError):
        pairs_are_counted_one_by_one(bug)


@pytest.mark.parametrize("bug", [print_of_everything, print_of_the_reason_alone])
def test_a_wrong_fingerprint_is_caught(bug: Print) -> None:
    with pytest.raises(AssertionError):
        what_rules_do_not_read_makes_no_difference(bug)


def test_numbers_are_alike_on_the_same_side_of_a_limit() -> None:
    def late(minutes: int) -> bytes:
        said = (Said("delivery.minutes_late", minutes, "platform_log", "platform"),)
        return fact_print("DLV02", "key", decisive(PACK, "DLV02", said))

    assert late(5) == late(600)
    assert late(0) != late(5)


@pytest.mark.parametrize(
    ("ended", "binding"),
    [
        ((), ""),
        ((Ended("a", 2),), ""),
        ((Ended("a", 3),), "a"),
        ((Ended("a", 8), Ended("b", 2)), "a"),
        ((Ended("a", 7), Ended("b", 2)), ""),
    ],
)
def test_three_of_one_mind_bind_and_fewer_or_divided_ones_do_not(
    ended: tuple[Ended, ...], binding: str
) -> None:
    assert Family(ended=ended).binding == binding


def test_a_comparison_names_every_fact_once_and_unknown_is_not_equal() -> None:
    points = compare({"a": True, "b": 1}, {"b": 1, "c": None, "d": False})
    assert [(one.fact, one.same) for one in points] == [
        ("a", False),
        ("b", True),
        ("c", True),
        ("d", False),
    ]
