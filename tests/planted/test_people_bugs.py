"""Bugs planted in the rules of people; each must be caught by the property that guards it."""

from collections.abc import Callable, Sequence

import pytest

from makegood.base.actor import Actor
from makegood.people.caller import Caller
from makegood.people.proofs.rules import fits
from makegood.people.roles import Matrix, load_matrix
from makegood.people.slowdown.rules import FREE_OWN, own_wait_s
from makegood.people.staff.roster import RosterLine, outside_the_line
from makegood.people.staff.rules import DECIDING_ROLES, matching_step

Line = Callable[[str, Sequence[RosterLine]], tuple[RosterLine, ...]]
Step = Callable[[Sequence[str], str, int, int], int | None]
Wait = Callable[[int, int], float]
Fits = Callable[[bytes | None, bytes], bool]

STAFF = tuple(
    RosterLine(account_id=name, display_name=name, role="agent", reports_to=lead)
    for name, lead in (("head", None), ("lead", "head"), ("ann", "lead"), ("bob", None))
)


def a_complaint_never_reaches_the_line(choose: Line) -> None:
    """Property: neither the person nor anyone above handles a complaint about the person."""
    assert {one.account_id for one in choose("ann", STAFF)} == {"bob"}


def a_code_works_once(step_of: Step) -> None:
    """Property: after a code was used, neither it nor an earlier one fits."""
    codes = ["111111", "222222", "333333"]
    used = step_of(codes, "222222", 100, 0)
    assert used is not None
    assert step_of(codes, "222222", 100, used) is None
    assert step_of(codes, "111111", 100, used) is None


def strangers_never_lock_the_owner_out(wait_s: Wait) -> None:
    """Property: however many strangers failed, a first try of one's own is soon followed."""
    assert all(wait_s(1, strangers) <= 60 for strangers in range(0, 5000, 50))
    assert wait_s(FREE_OWN + 3, 0) > wait_s(FREE_OWN, 0) > 0


def nothing_stored_fits_nothing(compare: Fits) -> None:
    """Property: an order without a password is not opened by any, the empty hash included."""
    assert not compare(None, bytes(32))
    assert compare(bytes(32), bytes(32))


def no_key_approves(matrix: Matrix) -> None:
    """Property: approvals and appeals are a person's, with a second factor, never a key's."""
    lead = Actor(role="lead", id="x")
    key = Caller(market_id="main", actor=lead, via="api_key", two_factor=True)
    person = Caller(market_id="main", actor=lead, via="staff_session", two_factor=True)
    for action in ("approval.give", "claim.decide_appeal"):
        assert not matrix.may(key, action)
        assert matrix.may(person, action)


def only_the_direct_lead_is_left_out(
    about: str, roster: Sequence[RosterLine]
) -> tuple[RosterLine, ...]:
    """The bug: the lead's lead is forgotten."""
    lead = {one.account_id: one.reports_to for one in roster}.get(about)
    return tuple(
        one for one in roster if one.account_id not in (about, lead) and one.role in DECIDING_ROLES
    )


def step_that_forgets_the_last_one(
    codes: Sequence[str], typed: str, first_step: int, last_step: int
) -> int | None:
    """The bug: a code that someone looked over the shoulder works again."""
    return matching_step(codes, typed, first_step, 0)


def wait_shared_by_everyone(own_failures: int, subject_failures: int) -> float:
    """The bug: one counter for all, so strangers keep the owner out."""
    return own_wait_s(subject_failures, subject_failures)


def compare_with_a_default(stored: bytes | None, typed: bytes) -> bool:
    """The bug: no password is treated as the empty one."""
    return (stored or bytes(32)) == typed


def matrix_without_two_factors() -> Matrix:
    """The bug: somebody wrote `yes` where `2fa` stood."""
    true = load_matrix()
    loose = {action: {**row, "lead": "yes"} for action, row in true.grants.items()}
    return Matrix(roles=true.roles, grants=loose)


def test_the_true_rules_hold() -> None:
    a_complaint_never_reaches_the_line(outside_the_line)
    a_code_works_once(matching_step)
    strangers_never_lock_the_owner_out(own_wait_s)
    nothing_stored_fits_nothing(fits)
    no_key_approves(load_matrix())


def test_a_line_that_is_one_step_short_is_caught() -> None:
    with pytest.raises(AssertionError):
        a_complaint_never_reaches_the_line(only_the_direct_lead_is_left_out)


def test_a_replayed_code_is_caught() -> None:
    with pytest.raises(AssertionError):
        a_code_works_once(step_that_forgets_the_last_one)


def test_a_shared_slow_down_is_caught() -> None:
    with pytest.raises(AssertionError):
        strangers_never_lock_the_owner_out(wait_shared_by_everyone)


def test_an_empty_password_is_caught() -> None:
    with pytest.raises(AssertionError):
        nothing_stored_fits_nothing(compare_with_a_default)


def test_a_loosened_matrix_is_caught() -> None:
    with pytest.raises(AssertionError):
        no_key_approves(matrix_without_two_factors())
