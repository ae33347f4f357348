"""Bugs planted in the rules of policy and reading; each must be caught by its property."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from makegood.policy.deadline import Clock, deadline, pause, resume, started
from makegood.policy.facts import Fact, admits
from makegood.policy.judgement import Class, Context, Judgement, Shares, Wants
from makegood.policy.model import Pack
from makegood.policy.priority import QueueKey, queue_key
from makegood.policy.remedy import Split, UnitValue, refund_unit_based, split_loss
from makegood.policy.rules import judge
from makegood.policy.statements import merge
from makegood.policy.tables import Row, Scalar, first_met
from makegood.policy.vocabulary import FACTS
from makegood.policy.weigh import may_decide
from makegood.reading.rules import mask_secrets
from tests.policy.given import GOOD_STANDING, NOW, PACK, known, said

Refund = Callable[[UnitValue, int, int], int]
Judge = Callable[[Pack, str, Mapping[str, Fact], Wants, Context], Judgement]
MayDecide = Callable[[Fact, Shares, tuple[str, ...]], bool]
Quick = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
)


def refunds_fall_with_use_and_stay_within_what_is_left(refund: Refund) -> None:
    """Property: monotone in use, never below nothing, never above what is left."""

    @Quick
    @given(
        st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 500),
        st.integers(1, 50), st.integers(0, 60),
    )  # fmt: skip
    def run(paid: int, refunded: int, fee: int, total: int, used: int) -> None:
        value = UnitValue(
            paid_minor=paid, list_minor=paid * 2, fee_minor=fee, refunded_minor=min(refunded, paid)
        )
        now, then = refund(value, total, used), refund(value, total, used + 1)
        assert 0 <= then <= now <= value.paid_minor - value.refunded_minor

    run()


def good_refund(value: UnitValue, total: int, used: int) -> int:
    return refund_unit_based(value, units_total=total, units_used=used, cause="buyer")


def refund_that_forgets_the_past(value: UnitValue, total: int, used: int) -> int:
    """The bug: what was refunded before is not counted."""
    fresh = UnitValue(
        paid_minor=value.paid_minor, list_minor=value.list_minor, fee_minor=value.fee_minor
    )
    return refund_unit_based(fresh, units_total=total, units_used=used, cause="buyer")


def refund_that_claws_back(value: UnitValue, total: int, used: int) -> int:
    """The bug: use beyond the price turns into a demand."""
    return value.paid_minor - value.refunded_minor - value.list_minor * used // total


def shares_sum_to_the_cent(split: Callable[[int, Shares], Split]) -> None:
    """Property: what the parties bear is what the buyer gets."""

    @Quick
    @given(st.integers(0, 100_000), st.integers(0, 100))
    def run(loss: int, seller: int) -> None:
        found = split(loss, Shares(seller=seller, supplier=100 - seller))
        assert sum(found.parts.values()) == found.refund_minor == loss

    run()


def split_that_rounds_each(loss: int, shares: Shares) -> Split:
    """The bug: every part rounded by itself."""
    parts = {who: round(loss * share / 100) for who, share in shares.as_dict().items() if share}
    return Split(loss, parts)


def nobody_decides_for_their_own_purse(may: MayDecide) -> None:
    """Property: an interested source that admits nothing never carries the other side's loss."""
    for spec in FACTS.values():
        for source in ("supplier", "seller"):
            if source not in spec.sources or source in spec.neutral or spec.kind != "yes_no":
                continue
            for value in (True, False):
                statement = said(source, **{spec.name.replace(".", "__"): value})[0]
                if not admits(spec, source, value):
                    assert not may(statement, Shares(buyer=100), ("seller", "supplier"))


def everyone_may_decide(one: Fact, shares: Shares, opponents: tuple[str, ...]) -> bool:
    """The bug: a statement is a statement."""
    return True


def unknown_never_moves_money(judging: Judge) -> None:
    """Property: taking any fact away never turns a doubtful judgement into a certain one."""
    facts = known(
        key__sold_twice=False,
        key__tracked=True,
        key__revealed=True,
        supplier__status="redeemed",
        supplier__redeemed_before_reveal=False,
        supplier__redeemed_by_buyer=True,
    )
    for name in facts:
        less = {other: one for other, one in facts.items() if other != name}
        found = judging(PACK, "KEY02", less, "refund", GOOD_STANDING)
        decided_without = found.certain and name in ("key.sold_twice", "supplier.status")
        assert not decided_without, name


def judge_that_reads_unknown_as_no(
    pack: Pack, reason: str, facts: Mapping[str, Fact], wants: Wants, context: Context
) -> Judgement:
    """The bug: a missing fact counts as "no"."""
    full = known(key__sold_twice=False) | dict(facts)
    return judge(pack, reason, full, wants, context)


def pauses_keep_the_time(resuming: Callable[[Clock, datetime], Clock]) -> None:
    """Property: a pause neither eats nor makes time."""
    due = deadline(PACK, "decision", NOW, priority_class="P2", product="key")
    paused = pause(
        PACK, started(due, NOW), "decision", NOW + timedelta(hours=20), priority_class="P2"
    )
    back = resuming(paused, NOW + timedelta(hours=60))
    assert back.due_at == NOW + timedelta(hours=64)


def resume_with_a_fresh_clock(clock: Clock, at: datetime) -> Clock:
    """The bug: after each turn the whole time runs again."""
    return Clock(left=timedelta(hours=24), since=at)


def anger_stays_in_its_class(key: Callable[[Class, float], QueueKey]) -> None:
    """Property: no mood passes a class."""
    assert key("P0", 0.0) < key("P1", 1.0) < key("P2", 1.0)


def good_key(one: Class, emotion: float) -> QueueKey:
    due = NOW + timedelta(hours=24)
    return queue_key(one, NOW, due, amount_minor=0, emotion=emotion)


def key_of_deadline_alone(one: Class, emotion: float) -> QueueKey:
    """The bug: the class is forgotten."""
    return QueueKey(0, NOW + timedelta(hours=24 * (1 - emotion)))


def first_row_wins(reader: Callable[[Sequence[Row], Sequence[Scalar]], int | None]) -> None:
    """Property: the row that decides is the first that matches, and the engine agrees."""
    table = PACK.tables["R-07"]
    actual: list[Scalar] = [None] * len(table.inputs)
    actual[table.inputs.index("key.sold_twice")] = True
    actual[table.inputs.index("key.stock_bug")] = True
    assert reader(table.rows, actual) == table.decide(actual) == 0


def last_row_wins(rows: Sequence[Row], actual: Sequence[Scalar]) -> int | None:
    """The bug: the last match decides."""
    found = first_met(tuple(reversed(rows)), actual)
    return None if found is None else len(rows) - 1 - found


def codes_never_survive(mask: Callable[[str], str]) -> None:
    """Property: no card code is readable after masking."""
    for code in ("XH7K-A1B2-9Q2D", "ABCDE12345FGHIJ", "1234567890123456", "a1b2c3d4e5f6"):
        assert code not in mask(f"卡密{code}无效")


def mask_of_dashed_codes_only(text: str) -> str:
    """The bug: only codes with dashes are seen."""
    return " ".join(part for part in text.split() if "-" not in part)


def silence_never_replaces_a_word(join: Callable[[Sequence[Fact]], dict[str, Fact]]) -> None:
    """Property: a supplier that falls silent has not taken its word back."""
    word = said("supplier", supplier__status="failed")
    silent = [Fact(name="supplier.status", value=None, source="supplier", at=NOW + timedelta(1))]
    assert join([*word, *silent])["supplier.status"].value == "failed"


def join_by_last_word(statements: Sequence[Fact]) -> dict[str, Fact]:
    """The bug: the latest statement counts, even an empty one."""
    return {one.name: one for one in sorted(statements, key=lambda one: one.at)}


PAIRS = [
    (refunds_fall_with_use_and_stay_within_what_is_left, good_refund, refund_that_forgets_the_past),
    (refunds_fall_with_use_and_stay_within_what_is_left, good_refund, refund_that_claws_back),
    (shares_sum_to_the_cent, split_loss, split_that_rounds_each),
    (nobody_decides_for_their_own_purse, may_decide, everyone_may_decide),
    (unknown_never_moves_money, judge, judge_that_reads_unknown_as_no),
    (pauses_keep_the_time, resume, resume_with_a_fresh_clock),
    (anger_stays_in_its_class, good_key, key_of_deadline_alone),
    (first_row_wins, first_met, last_row_wins),
    (codes_never_survive, mask_secrets, mask_of_dashed_codes_only),
    (silence_never_replaces_a_word, merge, join_by_last_word),
]


@pytest.mark.parametrize(("holds", "right", "wrong"), PAIRS, ids=[one[2].__name__ for one in PAIRS])
def test_the_property_holds_and_catches_the_planted_bug(
    holds: Callable[[object], None], right: object, wrong: object
) -> None:
    holds(right)
    with pytest.raises(AssertionError):
        holds(wrong)
