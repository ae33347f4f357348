"""Bugs planted in the backtest; each must be caught by a property."""

import random
from collections.abc import Callable, Sequence

import msgspec
import pytest

from benchmarks.closed_claims import any_case, changed_pack
from makegood.policy.backtest.case import Case, fact_of
from makegood.policy.backtest.running import Run
from makegood.policy.backtest.tally import Minutes, Tally
from makegood.policy.backtest.vector import NO_TIME, Reading, Vector, between
from makegood.policy.backtest.verdict import Verdict, verdict_of
from makegood.policy.rules import settle
from tests.policy.given import PACK

DRAFT = changed_pack(PACK)
Count = Callable[[Sequence[Case]], Tally]
Between = Callable[[int, Sequence[int]], int]


def some_cases(count: int) -> list[Case]:
    chance = random.Random(17)
    return [any_case(PACK, chance, number) for number in range(count)]


def every_claim_counts_once(count: Count) -> None:
    """Property: two halves of the claims, counted apart, make the whole."""
    cases = some_cases(240)
    whole, first, second = (count(part) for part in (cases, cases[:120], cases[120:]))
    results = [tally.result("d", "f", Minutes(1.0), 0) for tally in (whole, first, second)]
    assert whole.claims == len(cases)
    for place, effect in enumerate(results[0].parties):
        parts = [result.parties[place].delta_minor for result in results[1:]]
        assert effect.delta_minor == sum(parts), effect.party
    assert sum(effect.delta_minor for effect in results[0].parties) == 0


def good_count(cases: Sequence[Case]) -> Tally:
    run = Run(DRAFT, PACK)
    run.add(cases)
    return run.tally


def count_that_adds_a_vector_that_was_cut_in_two_twice(cases: Sequence[Case]) -> Tally:
    """The bug: a vector that spans two chunks is counted in both."""
    run = Run(DRAFT, PACK)
    middle = len(cases) // 2
    run.add(cases[: middle + 8])
    run.add(cases[middle:])
    return run.tally


def count_that_pays_the_buyer_from_nowhere(cases: Sequence[Case]) -> Tally:
    """The bug: the draft's seller share is dropped, the refund stays."""
    tally, reading = Tally("CNY"), Reading([PACK, DRAFT])
    for case in cases:
        vector = reading.vector(case)
        tally.add(case, verdict_of(PACK, vector), verdict_of(DRAFT, vector))
    effect = tally._parties["seller"]
    effect.sums = [0] * len(effect.sums)
    return tally


def a_number_may_be_replaced_by_its_stand_in(stands_for: Between) -> None:
    """Property: every comparison with every limit comes out the same."""
    limits = [0, 7, 24, 30]
    for value in range(-3, 40):
        other = stands_for(value, limits)
        for limit in limits:
            assert (value < limit, value <= limit) == (other < limit, other <= limit)


def stand_in_that_forgets_the_limit_itself(value: int, limits: Sequence[int]) -> int:
    """The bug: a value on a limit counts as above it."""
    below = [limit for limit in limits if limit <= value]
    return below[-1] + 1 if below else limits[0] - 1


def verdicts_are_those_of_the_full_facts(reading: Reading) -> None:
    """Property: leaving out what no table reads changes no verdict."""
    for case in some_cases(300):
        facts = {said.name: fact_of(said, NO_TIME) for said in case.said}
        told = settle(PACK, case.reason, facts, case.wants, case.context)
        found: Verdict = verdict_of(PACK, reading.vector(case))
        assert (found.who == "machine", found.auto) == (told.certain, told.auto)
        assert found.remedy == (told.recommended or "")


class ReadingThatForgetsAmounts(Reading):
    """The bug: the amount is left out, and with it the limit above which a person looks."""

    def vector(self, case: Case) -> Vector:
        """As it should be, of a claim that is worth nothing."""
        context = msgspec.structs.replace(case.context, amount_minor=0, auto_cap_minor=0)
        return super().vector(msgspec.structs.replace(case, context=context))


def test_the_properties_hold() -> None:
    every_claim_counts_once(good_count)
    a_number_may_be_replaced_by_its_stand_in(between)
    verdicts_are_those_of_the_full_facts(Reading([PACK, DRAFT]))


@pytest.mark.parametrize(
    "bug",
    [
        count_that_adds_a_vector_that_was_cut_in_two_twice,
        count_that_pays_the_buyer_from_nowhere,
    ],
)
def test_a_wrong_count_is_caught(bug: Count) -> None:
    with pytest.raises(AssertionError):
        every_claim_counts_once(bug)


def test_a_wrong_stand_in_is_caught() -> None:
    with pytest.raises(AssertionError):
        a_number_may_be_replaced_by_its_stand_in(stand_in_that_forgets_the_limit_itself)


def test_a_vector_that_forgets_what_decides_is_caught() -> None:
    with pytest.raises(AssertionError):
        verdicts_are_those_of_the_full_facts(ReadingThatForgetsAmounts([PACK, DRAFT]))
