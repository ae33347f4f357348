"""The roles matrix: readable, closed, and strict where it hurts."""

from itertools import product

import pytest

from makegood.base.actor import Actor, Role
from makegood.people.caller import Caller, Via, nobody
from makegood.people.roles import LIMITED_ACTIONS, Matrix, load_matrix, parse_matrix

MATRIX = load_matrix()


def caller(
    role: Role,
    *,
    via: Via = "staff_session",
    two_factor: bool = False,
    fresh: bool = False,
    limited: bool = False,
) -> Caller:
    actor = Actor(role=role, id="x", fresh_proof=fresh)
    return Caller(market_id="main", actor=actor, via=via, two_factor=two_factor, limited=limited)


def test_every_role_of_a_caller_has_a_column() -> None:
    roles = {"nobody", "buyer", "seller", "supplier", "agent", "lead", "operator", "auditor"}
    assert set(MATRIX.roles) == roles | {"market"}


def test_every_action_is_allowed_to_somebody() -> None:
    assert not [action for action, row in MATRIX.grants.items() if set(row.values()) == {"."}]


def test_limited_actions_are_actions() -> None:
    assert set(MATRIX.actions) >= LIMITED_ACTIONS


def test_nobody_may_only_what_says_nothing_about_an_order() -> None:
    allowed = {action for action in MATRIX.actions if MATRIX.may(nobody("main"), action)}
    assert allowed == {
        "health.read",
        "public.read",
        "policy.read",
        "log.read",
        "payment.notify",
        "proof.begin",
        "proof.finish",
        "sign_in.begin",
        "sign_in.finish",
    }


@pytest.mark.parametrize("action", ["claim.withdraw", "claim.rate", "claim.accept_offer"])
def test_only_the_buyer_gives_up_the_buyers_rights_and_only_freshly(action: str) -> None:
    others: list[Role] = ["seller", "supplier", "agent", "lead", "operator", "auditor", "market"]
    assert not [role for role in others if MATRIX.may(caller(role, two_factor=True), action)]
    assert not MATRIX.may(caller("buyer", via="buyer_session"), action)
    assert MATRIX.may(caller("buyer", via="buyer_session", fresh=True), action)


@pytest.mark.parametrize("action", ["approval.give", "claim.decide_appeal", "key.manage"])
def test_no_key_does_what_needs_a_person_with_two_factors(action: str) -> None:
    roles: list[Role] = ["agent", "lead", "operator", "market", "auditor", "seller"]
    keys = [
        caller(role, via="api_key", two_factor=flag) for role, flag in product(roles, (False, True))
    ]
    assert not [key for key in keys if MATRIX.may(key, action)]
    assert MATRIX.may(caller("lead", two_factor=True), "approval.give")
    assert not MATRIX.may(caller("lead", two_factor=False), "approval.give")


def test_an_auditor_changes_nothing() -> None:
    allowed = {action for action in MATRIX.actions if MATRIX.may(caller("auditor"), action)}
    harmless = {"proof.begin", "proof.finish", "payment.notify", "session.manage", "account.own"}
    reads = {action for action in allowed if action.endswith((".read", ".list"))}
    reads |= {"claim.bundle", "payout.ask"}
    assert allowed - reads - harmless == {"sign_in.begin", "sign_in.finish"}


def test_who_still_lacks_the_second_factor_may_only_set_it_up() -> None:
    limited = caller("operator", limited=True)
    allowed = {action for action in MATRIX.actions if MATRIX.may(limited, action)}
    assert allowed == LIMITED_ACTIONS


def test_an_action_that_is_not_in_the_file_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        MATRIX.may(caller("operator", two_factor=True), "order.delete_everything")


@pytest.mark.parametrize(
    "text",
    [
        "action a b\nx.y yes",
        "action a b\nx.y yes maybe",
        "action a\nx.y yes\nx.y .",
        "a b\nx.y yes",
    ],
    ids=["short row", "unknown cell", "listed twice", "no header"],
)
def test_a_matrix_with_a_slip_does_not_load(text: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        parse_matrix(text)


def test_a_good_matrix_loads() -> None:
    assert parse_matrix("# words\n\naction a b\nx.y yes .\n") == Matrix(
        roles=("a", "b"), grants={"x.y": {"a": "yes", "b": "."}}
    )
