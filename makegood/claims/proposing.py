"""A decision above its decider's limit, put before a second person among all that waits."""

from typing import Final

from makegood.base.actor import Act
from makegood.base.ids import derived_id
from makegood.claims.desk import Desk
from makegood.claims.state import Claim
from makegood.people.approvals.actions import close_proposals, propose
from makegood.people.approvals.rules import Approver, NewProposal, Verdict
from makegood.store.database import Connection

RULING: Final = "refund_above_limit"


async def propose_ruling(tx: Connection, act: Act, desk: Desk, claim: Claim) -> None:
    """Put a decision above its decider's limit, or departing from the rules, before a second one.

    The claim keeps the decision itself; the proposal makes it visible among all that waits.
    """
    ruling = claim.proposed
    if ruling is None:
        return
    new = NewProposal(
        kind=RULING,
        subject=claim.claim_no,
        amount_minor=ruling.amount_minor + ruling.coupon_minor,
        currency=claim.opened.currency,
        payload={"finding": ruling.finding, "remedy": ruling.remedy, "number": ruling.number},
        why=ruling.departure or ruling.reason_text or ruling.clause_zh or ruling.finding,
        key=derived_id(claim.claim_no, str(claim.version)),
    )
    await propose(tx, act, desk.ids, new, by=act.actor.id, by_name=ruling.decided_by_name)


async def note_ruling_decided(
    tx: Connection, act: Act, claim_no: str, verdict: Verdict, name: str, text: str = ""
) -> None:
    """The claim's own page released or returned its decision: the proposal says so too."""
    approver = Approver(person_id=act.actor.id, name=name, role=act.actor.role, proven_at=act.now)
    await close_proposals(tx, act, RULING, claim_no, verdict, by=approver, text=text)
