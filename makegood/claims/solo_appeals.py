"""Appeals in a shop of one person: prepared by that person, decided by somebody from outside."""

from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.claims.desk import Desk
from makegood.claims.saving import hold
from makegood.claims.staff_actions import Ruled, decide_appeal
from makegood.claims.state import Claim
from makegood.people.approvals.actions import propose
from makegood.people.approvals.outside import outside_approvers
from makegood.people.approvals.rules import OUTSIDE, NewProposal, Proposal
from makegood.store.database import Connection

KIND: Final = "appeal_decision"


class AppealAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the outside reviewer is asked to decide: to keep the decision, or another one."""

    decision_no: int
    text: str
    views: dict[str, str]
    ruled: Ruled | None = None


def is_reviewed_outside(claim: Claim) -> bool:
    """Whether the appeal waits for somebody who does not work here."""
    return claim.appeal is not None and claim.appeal.reviewer_id.startswith(OUTSIDE)


async def outside_reviewer(
    tx: Connection, act: Act, desk: Desk, apart: tuple[str, ...]
) -> tuple[str, str]:
    """Id and name of who reviews where nobody else works.

    Raises:
        Refused: `approval_needs_other_person` in a shop that did not declare it, or where nobody
            outside is left who had no part in the decision.
    """
    market = await desk.markets.get(act.market_id, act.now)
    if market is None or market.settings.solo is None:
        raise Refused("approval_needs_other_person")
    for approver in await outside_approvers(tx, act.market_id):
        if OUTSIDE + approver.approver_id not in apart:
            return OUTSIDE + approver.approver_id, approver.name
    raise Refused("approval_needs_other_person")


async def propose_answer(
    tx: Connection,
    act: Act,
    ids: Ids,
    claim_no: str,
    *,
    text: str,
    views: dict[str, str],
    ruled: Ruled | None,
    by_name: str,
) -> Proposal:
    """Put an answer to the appeal before the reviewer from outside.

    Raises:
        Refused: `claim_not_open` without such an appeal, `reason_needed` without a text.
    """
    claim = (await hold(tx, act, claim_no)).claim
    if not is_reviewed_outside(claim) or claim.decision is None:
        raise Refused("claim_not_open", state=claim.state, step="decide_appeal")
    answer = AppealAnswer(decision_no=claim.decision.number, text=text, views=views, ruled=ruled)
    new = NewProposal(
        kind=KIND,
        subject=claim_no,
        amount_minor=(ruled.amount_minor or 0) if ruled else 0,
        currency=claim.opened.currency,
        payload=msgspec.to_builtins(answer),
        why=text,
        key=f"{claim_no}:{claim.version}",
    )
    return await propose(tx, act, ids, new, by=act.actor.id, by_name=by_name)


async def carry_answer(tx: Connection, act: Act, desk: Desk, proposal: Proposal) -> None:
    """The reviewer from outside decided so.

    Raises:
        Refused: `stale_version` where another decision stands by now, and as `decide_appeal`.
    """
    answer = msgspec.convert(proposal.payload, AppealAnswer)
    claim = (await hold(tx, act, proposal.subject)).claim
    if claim.decision is None or claim.decision.number != answer.decision_no:
        raise Refused("stale_version")
    await decide_appeal(
        tx,
        act,
        desk,
        proposal.subject,
        text=answer.text,
        views=answer.views,
        ruled=answer.ruled,
        name=proposal.decided_name,
    )
