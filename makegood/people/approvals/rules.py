"""A proposal and who may decide it: never its proposer, never a key, only a fresh second factor."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

import msgspec

from makegood.base.actor import Role
from makegood.base.refusal import Refused

ProposalState: TypeAlias = Literal["open", "approved", "returned", "withdrawn"]
Verdict: TypeAlias = Literal["approved", "returned"]

RULE_RELEASE: Final = "rule_release"
LIMITED: Final = (
    "refund_above_limit",
    "write_off",
    "manual_payment",
    "compensation",
    "resume_payouts",
    "deposit_withdrawal",
    "payout",
)
"""Kinds with an amount up to which one person acts alone."""
KINDS: Final = (*LIMITED, RULE_RELEASE, "appeal_decision")
DECIDING_ROLES: Final = ("lead", "operator")
OUTSIDE: Final = "outside:"
"""In front of the id of an approver who is not of the staff."""


class NewProposal(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to be done. The same `key` again is the same proposal."""

    kind: str
    subject: str
    """The claim, refund, seller or supplier it is about."""
    amount_minor: int = 0
    currency: str = "CNY"
    payload: dict[str, Any] = {}
    """What carrying it out needs; plain JSON, no personal data."""
    why: str = ""
    key: str = ""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal as it stands; times are aware UTC."""

    proposal_no: str
    kind: str
    subject: str
    amount_minor: int
    currency: str
    payload: dict[str, Any]
    why: str
    proposed_by: str
    proposed_name: str
    proposed_at: datetime
    state: ProposalState = "open"
    decided_by: str = ""
    decided_name: str = ""
    decided_at: datetime | None = None
    decided_text: str = ""


class Approver(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to decide. `proven_at` is when the second factor was last shown; None for a key."""

    person_id: str
    name: str
    role: Role
    proven_at: datetime | None


def check_new(new: NewProposal) -> None:
    """Refuse what no second person could judge: an unknown kind is our bug, a missing why theirs.

    Raises:
        Refused: `reason_needed`.
    """
    assert new.kind in KINDS, f"no such kind of proposal: {new.kind!r}"
    assert new.amount_minor >= 0, f"a proposal of less than nothing: {new}"
    if not new.why.strip():
        raise Refused("reason_needed")


def check_decision(
    proposal: Proposal,
    approver: Approver,
    verdict: Verdict,
    text: str,
    *,
    now: datetime,
    fresh: int,
) -> None:
    """Whether this person may decide this proposal now; `fresh` is in minutes.

    Raises:
        Refused: `already_approved`, `approval_needs_other_person`, `second_factor_needed`,
            `second_factor_stale`, or `reason_needed` for a return without one.
    """
    if proposal.state != "open":
        raise Refused("already_approved")
    if approver.proven_at is None or approver.role not in DECIDING_ROLES:
        raise Refused("second_factor_needed")
    if approver.person_id == proposal.proposed_by:
        raise Refused("approval_needs_other_person")
    if now - approver.proven_at > timedelta(minutes=fresh):
        raise Refused("second_factor_stale")
    if verdict == "returned" and not text.strip():
        raise Refused("reason_needed")


def decided(
    proposal: Proposal, approver: Approver, verdict: Verdict, text: str, now: datetime
) -> Proposal:
    """The proposal after its decision."""
    return msgspec.structs.replace(
        proposal,
        state=verdict,
        decided_by=approver.person_id,
        decided_name=approver.name,
        decided_at=now,
        decided_text=text.strip(),
    )
