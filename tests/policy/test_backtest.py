"""A backtest counts every claim once, moves no money out of nowhere, and asks each vector once."""

import random
from collections.abc import Sequence
from functools import cache

import pytest

from benchmarks.closed_claims import any_case, changed_pack, closed_claims
from makegood.policy.backtest.case import Actual, Case, fact_of, packed, unpacked
from makegood.policy.backtest.intervals import bootstrap, wilson
from makegood.policy.backtest.processes import Processes
from makegood.policy.backtest.result import Result
from makegood.policy.backtest.running import Answers, Run, add_all, asking
from makegood.policy.backtest.tally import PARTIES, Minutes
from makegood.policy.backtest.vector import NO_TIME, Reading, Vector, between
from makegood.policy.backtest.verdict import ends, verdict_of
from makegood.policy.rules import judge
from tests.policy.given import PACK

DRAFT = changed_pack(PACK)
MINUTES = Minutes(6.0)


@cache
def some_cases(count: int, seed: int = 11) -> tuple[Case, ...]:
    chance = random.Random(seed)
    return tuple(any_case(PACK, chance, number) for number in range(count))


@cache
def result_of(count: int, *, backwards: bool = False) -> Result:
    run = Run(DRAFT, PACK)
    run.add(some_cases(count)[:: -1 if backwards else 1])
    return run.result(MINUTES)


def test_the_rules_in_force_against_themselves_change_nothing() -> None:
    run = Run(PACK, PACK)
    run.add(some_cases(400))
    result = run.result(MINUTES)
    assert (result.claims, result.changed, result.conflict_count) == (400, 0, 0)
    assert all(effect.delta_minor == 0 for effect in result.parties)


def test_what_the_buyer_gains_the_others_pay_to_the_cent() -> None:
    result = result_of(400)
    assert result.changed > 40
    assert sum(effect.delta_minor for effect in result.parties) == 0


def test_a_case_and_its_vector_get_the_same_verdict() -> None:
    reading = Reading([PACK, DRAFT])
    for case in some_cases(300):
        vector = reading.vector(case)
        raw = {said.name: fact_of(said, NO_TIME) for said in case.said}
        for pack in (PACK, DRAFT):
            told = judge(pack, case.reason, raw, case.wants, case.context)
            verdict = verdict_of(pack, vector)
            assert verdict.finding == (None if told.wait_for else told.finding)
            assert (verdict.who == "machine") == told.certain
            assert (verdict.auto, verdict.remedy) == (told.auto_lane, told.recommended or "")


@pytest.mark.parametrize(
    ("value", "stands_for"), [(-5, 9), (9, 9), (10, 10), (11, 11), (29, 11), (30, 30), (999, 31)]
)
def test_numbers_between_the_same_limits_are_one(value: int, stands_for: int) -> None:
    assert between(value, [10, 30]) == stands_for


def test_equal_vectors_are_asked_once() -> None:
    asked: list[Vector] = []

    def ask(vectors: Sequence[Vector]) -> Answers:
        asked.extend(vectors)
        return asking(DRAFT, PACK)(vectors)

    run = Run(DRAFT, PACK, ask)
    claims = list(closed_claims(PACK, 1500))
    assert sum(add_all(run, claims, 300)) == 1500
    assert len(asked) == len(set(asked)) == run.vectors < 1200


def test_no_order_and_no_cut_of_the_claims_changes_a_figure() -> None:
    cut = Run(DRAFT, PACK)
    assert sum(add_all(cut, some_cases(400), 70)) == 400
    assert result_of(400, backwards=True) == result_of(400)
    assert cut.result(MINUTES) == result_of(400)


def test_several_processes_say_what_one_says() -> None:
    with Processes(DRAFT.source, PACK.source, 2) as both:
        run = Run(DRAFT, PACK, both.ask)
        run.add(some_cases(400))
    assert run.result(MINUTES) == result_of(400)


def test_a_claim_a_person_decided_ends_as_it_did_unless_the_suggestion_they_followed_changes() -> (
    None
):
    reading = Reading([PACK, DRAFT])
    checked = 0
    for case in some_cases(900, seed=4):
        vector = reading.vector(case)
        before, after = verdict_of(PACK, vector), verdict_of(DRAFT, vector)
        if before.who != "person" or after.who != "person" or case.actual is None:
            continue
        checked += 1
        was, will = ends(case, before, after)
        assert was.finding == case.actual.finding
        if case.actual.finding != before.finding:
            assert will.borne == was.borne
    assert checked > 50


def test_history_itself_may_be_the_comparison() -> None:
    run = Run(PACK, None)
    run.add(some_cases(200))
    result = run.result(MINUTES)
    assert result.in_force == "history"
    assert result.to_person_before >= 60


def test_samples_are_at_most_twenty_and_no_hand_picks_them() -> None:
    samples = result_of(400).samples
    assert len(samples) == 20
    assert result_of(400, backwards=True).samples == samples


def test_a_standing_decision_of_a_person_that_the_draft_contradicts_is_a_conflict() -> None:
    conflicts = result_of(400).conflicts
    by_id = {case.case_id: case for case in some_cases(400)}
    assert conflicts
    for one in conflicts:
        actual = by_id[one.case_id].actual
        assert isinstance(actual, Actual)
        assert (actual.by, actual.overturned) == ("person", False)
        assert one.draft != actual.finding


def test_a_case_is_read_back_as_it_was_stored() -> None:
    assert all(unpacked(packed(case)) == case for case in some_cases(100))


def test_intervals_hold_the_figures_of_the_books() -> None:
    one_of_twenty, none_of_fifty = wilson(1, 20), wilson(0, 50)
    assert (round(one_of_twenty.low, 3), round(one_of_twenty.high, 3)) == (0.009, 0.236)
    assert (none_of_fifty.low, round(none_of_fifty.high, 3)) == (0.0, 0.071)
    sums = [0] * 190 + [100] * 10
    interval = bootstrap(sums)
    assert interval.low < 1000 < interval.high
    assert bootstrap(sums) == interval


def test_every_party_is_told() -> None:
    assert tuple(effect.party for effect in result_of(20).parties) == PARTIES


def test_what_is_known_is_forgotten_before_it_grows_for_ever() -> None:
    run = Run(DRAFT, PACK, kept_vectors=100)
    assert sum(add_all(run, some_cases(300), 50)) == 300
    assert run.known_vectors <= 150
