"""What a link to an approver from outside stands for."""

from typing import Final

from makegood.base.actor import Act
from makegood.people.approvals import store
from makegood.people.approvals.outside import OutsideApprover, approver_by_id
from makegood.people.approvals.rules import Proposal
from makegood.people.links.actions import read_link
from makegood.store.database import Connection
from makegood.web.problem import not_found
from makegood.web.things import Things

PURPOSE: Final = "outside_approval"


async def behind(
    conn: Connection, act: Act, things: Things, token: str
) -> tuple[OutsideApprover, Proposal]:
    """Whom the link asks, and about what. Raises Refused for a link that is used or too old."""
    subject = await read_link(conn, act, things.vault, PURPOSE, token)
    approver = await approver_by_id(conn, act.market_id, subject["approver_id"])
    proposal = await store.load_proposal(conn, act.market_id, subject["proposal_no"])
    if approver is None or proposal is None:
        raise not_found()
    return approver, proposal
