"""Which version an order follows: fixed by its number and by when it was paid, for ever."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from makegood.policy.stages import Ref, Stage, draw, parse_ref, stage_at, version_for, was_deciding
from tests.policy.given import NOW

FIRST = Stage(stage_no=1, from_at=NOW - timedelta(days=90), pack_id="default", stable=1,
              kind="first")  # fmt: skip
TEN = Stage(stage_no=2, from_at=NOW, pack_id="default", stable=1, candidate=2, share=10,
            kind="begin")  # fmt: skip
HALF = Stage(stage_no=3, from_at=NOW + timedelta(days=1), pack_id="default", stable=1,
             candidate=2, share=50, kind="widen")  # fmt: skip
WHOLE = Stage(stage_no=4, from_at=NOW + timedelta(days=2), pack_id="default", stable=2,
              kind="whole")  # fmt: skip
STAGES = [FIRST, TEN, HALF, WHOLE]
NUMBERS = [f"YQ2611{number:09d}" for number in range(2_000)]
Draw = Callable[[Stage, str], int]


def share_of(at: datetime) -> float:
    new = sum(version_for(STAGES, number, at).version == 2 for number in NUMBERS)
    return new / len(NUMBERS)


def test_the_shares_are_what_they_say() -> None:
    assert share_of(NOW - timedelta(seconds=1)) == 0
    assert 0.08 < share_of(NOW) < 0.12
    assert 0.46 < share_of(NOW + timedelta(days=1)) < 0.54
    assert share_of(NOW + timedelta(days=2)) == 1


def widening_keeps_everybody_in(drawn: Draw) -> None:
    """Property: who follows the new version at ten percent follows it at fifty."""
    for number in NUMBERS[:300]:
        if drawn(TEN, number) < TEN.share:
            assert drawn(HALF, number) < HALF.share


def test_widening_keeps_everybody_in() -> None:
    widening_keeps_everybody_in(draw)


def test_the_draw_is_the_same_on_every_machine() -> None:
    assert [draw(TEN, number) for number in NUMBERS[:6]] == [71, 20, 27, 98, 17, 5]


@given(st.sampled_from(NUMBERS), st.integers(-10, 10), st.integers(0, 3))
def test_later_stages_never_change_what_an_order_follows(
    number: str, days: int, known: int
) -> None:
    paid_at = NOW + timedelta(days=days / 4)
    then = [stage for stage in STAGES if stage.from_at <= paid_at] or [FIRST]
    assert version_for(then, number, paid_at) == version_for(STAGES, number, paid_at)


def test_an_order_paid_before_the_first_stage_follows_the_first() -> None:
    assert stage_at(STAGES, NOW - timedelta(days=900)) == FIRST


def test_a_confirmed_version_counts_only_while_it_decided_or_just_before() -> None:
    old, new, announced = Ref("default", 1), Ref("default", 2), Ref("default", 3)
    assert was_deciding(STAGES, old, NOW)
    assert not was_deciding(STAGES, new, NOW - timedelta(seconds=1))
    assert was_deciding(STAGES, new, NOW)
    assert was_deciding(STAGES, old, WHOLE.from_at + timedelta(hours=23))
    assert not was_deciding(STAGES, old, WHOLE.from_at + timedelta(hours=25))
    assert not was_deciding(STAGES, announced, NOW + timedelta(days=9))


def test_citations_are_read_strictly() -> None:
    assert parse_ref("default@3") == Ref("default", 3)
    assert str(Ref("default", 3)) == "default@3"
    for text in (
        "",
        "default",
        "@3",
        "default@",
        "default@0",
        "default@03",
        "default@x",
        "d@1234567",
    ):
        assert parse_ref(text) is None
