"""An appeal for a reviewer from outside: the claim as both sides see it, and the answer."""

import msgspec

from makegood.claims.events import words_of
from makegood.claims.looking import view_for_outside
from makegood.claims.solo_appeals import KIND, AppealAnswer
from makegood.claims.store import load
from makegood.claims.view import ClaimView
from makegood.people.approvals.rules import Proposal
from makegood.web.operator.cookies import door_act
from makegood.web.page import Page
from makegood.web.problem import not_found
from makegood.web.things import Things


class AppealShown(msgspec.Struct, frozen=True, kw_only=True):
    """An appealed claim and what is proposed to be said about it."""

    claim: ClaimView
    by: str
    text: str
    answer: AppealAnswer


async def appeal_of(page: Page, things: Things, proposal: Proposal) -> AppealShown | None:
    """The appeal that a proposal is about; None where it is about something else."""
    if proposal.kind != KIND:
        return None
    act = door_act(page)
    async with things.db.connection() as conn:
        claim = await view_for_outside(conn, act, things.desk, proposal.subject)
        loaded = await load(conn, act.market_id, proposal.subject)
    if loaded is None or loaded.claim.appeal is None:
        raise not_found()
    appeal = loaded.claim.appeal
    return AppealShown(
        claim=claim,
        by=appeal.by,
        text=words_of(appeal.text),
        answer=msgspec.convert(proposal.payload, AppealAnswer),
    )
