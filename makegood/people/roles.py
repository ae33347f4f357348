"""The role × action matrix: read once from `roles.txt`, asked by every route and operation."""

from collections.abc import Mapping
from importlib import resources
from typing import Final, Literal, TypeAlias

import msgspec

from makegood.people.caller import Caller

Grant: TypeAlias = Literal[".", "yes", "fresh", "2fa"]

GRANTS: Final[tuple[Grant, ...]] = (".", "yes", "fresh", "2fa")
LIMITED_ACTIONS: Final = frozenset(
    {
        "account.own",
        "session.manage",
        "sign_in.begin",
        "sign_in.finish",
        "proof.begin",
        "proof.finish",
        "health.read",
        "public.read",
        "policy.read",
        "log.read",
        "payment.notify",
    }
)
"""What a person may do whose required second factor is still missing."""


class Matrix(msgspec.Struct, frozen=True):
    """All actions with what each role may."""

    roles: tuple[str, ...]
    grants: Mapping[str, Mapping[str, Grant]]

    def may(self, caller: Caller, action: str) -> bool:
        """Whether the caller's role and proof allow the action; unknown actions are a bug."""
        row = self.grants.get(action)
        if row is None:
            raise AssertionError(f"unknown action {action!r}")
        if caller.limited and action not in LIMITED_ACTIONS:
            return False
        return _is_met(row.get(caller.role, "."), caller)

    @property
    def actions(self) -> tuple[str, ...]:
        """The closed list of actions, in the file's order."""
        return tuple(self.grants)


def load_matrix() -> Matrix:
    """The matrix of the file that ships with the product."""
    text = resources.files("makegood.people").joinpath("roles.txt").read_text("utf-8")
    return parse_matrix(text)


def parse_matrix(text: str) -> Matrix:
    """Read a matrix; an unknown cell, a short row or a repeated action is a bug."""
    rows = [line.split() for line in text.splitlines() if line.strip() and line[0] != "#"]
    head, *body = rows
    grants = {row[0]: dict(zip(head[1:], _grants(row), strict=True)) for row in body}
    if head[0] != "action" or len(grants) != len(body):
        raise AssertionError("roles matrix: header missing or an action listed twice")
    return Matrix(roles=tuple(head[1:]), grants=grants)


def _grants(row: list[str]) -> list[Grant]:
    unknown = set(row[1:]) - set(GRANTS)
    if unknown:
        raise AssertionError(f"roles matrix: {row[0]} has unknown cells {sorted(unknown)}")
    return [grant for cell in row[1:] for grant in GRANTS if grant == cell]


def _is_met(grant: Grant, caller: Caller) -> bool:
    match grant:
        case ".":
            return False
        case "yes":
            return True
        case "fresh":
            return caller.actor is not None and caller.actor.fresh_proof
        case "2fa":
            return caller.via == "staff_session" and caller.two_factor
