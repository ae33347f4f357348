"""What a released proposal does: one effect per kind, in the approver's own transaction.

An effect that is refused takes the release back with it, so nothing is approved that did not
happen. A new kind is one function and one line in HANDLERS.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import msgspec

from makegood.base.actor import Act, Actor
from makegood.claims import commands as c
from makegood.claims.compensation import KIND, give_more
from makegood.claims.desk import Desk
from makegood.claims.handmade import MANUAL, confirm_sent
from makegood.claims.proposing import RULING
from makegood.claims.solo_appeals import KIND as APPEAL
from makegood.claims.solo_appeals import carry_answer
from makegood.claims.stepping import step
from makegood.ledger.audits.pause import resume_payouts
from makegood.ledger.funds.actions import refuse_payout, release_payout
from makegood.ledger.statements.disputes import give_line_up
from makegood.people.approvals.actions import decide_proposal
from makegood.people.approvals.rules import (
    RULE_RELEASE,
    Approver,
    Proposal,
    Verdict,
)
from makegood.policy.draft.releasing import carry_release, carry_return
from makegood.store.database import Connection

Handler: TypeAlias = Callable[[Connection, Act, Desk, Proposal], Awaitable[None]]


async def decide(
    tx: Connection,
    act: Act,
    desk: Desk,
    approver: Approver,
    proposal_no: str,
    verdict: Verdict,
    text: str = "",
) -> Proposal:
    """Release a proposal and carry it out, or send it back.

    Raises:
        Refused: what `decide_proposal` refuses, and whatever the effect itself refuses.
    """
    market = await desk.markets.get(act.market_id, act.now)
    assert market is not None, "a proposal belongs to a market"
    act = msgspec.structs.replace(act, actor=Actor(approver.role, approver.person_id))
    proposal = await decide_proposal(
        tx,
        act,
        approver,
        proposal_no,
        verdict,
        text,
        fresh_minutes=market.settings.money.fresh_minutes,
    )
    if verdict == "approved":
        await HANDLERS[proposal.kind](tx, act, desk, proposal)
    elif proposal.kind in RETURNS:
        await RETURNS[proposal.kind](tx, act, desk, proposal)
    return proposal


async def _release_ruling(tx: Connection, act: Act, desk: Desk, proposal: Proposal) -> None:
    await step(
        tx, act, desk, proposal.subject, lambda claim, look: c.ReleaseDecision(clocks=look.clocks)
    )


async def _return_ruling(tx: Connection, act: Act, desk: Desk, proposal: Proposal) -> None:
    command = c.ReturnDecision(text=proposal.decided_text)
    await step(tx, act, desk, proposal.subject, command)


async def _resume(tx: Connection, act: Act, desk: Desk, proposal: Proposal) -> None:
    await resume_payouts(tx, act, proposal.subject, proposal.why)


async def _write_off(tx: Connection, act: Act, desk: Desk, proposal: Proposal) -> None:
    await give_line_up(tx, act, proposed_by=proposal.proposed_by, **proposal.payload)


async def _release_payout(tx: Connection, act: Act, desk: Desk, proposal: Proposal) -> None:
    await release_payout(tx, act, proposal.subject)


async def _refuse_payout(tx: Connection, act: Act, desk: Desk, proposal: Proposal) -> None:
    await refuse_payout(tx, act, proposal.subject, proposal.decided_text)


async def _release_rules(tx: Connection, act: Act, desk: Desk, proposal: Proposal) -> None:
    await carry_release(tx, act, desk.ids, desk.shelf, proposal)


async def _return_rules(tx: Connection, act: Act, desk: Desk, proposal: Proposal) -> None:
    await carry_return(tx, act, proposal)


HANDLERS: Final[Mapping[str, Handler]] = {
    RULING: _release_ruling,
    MANUAL: confirm_sent,
    "resume_payouts": _resume,
    "write_off": _write_off,
    KIND: give_more,
    "payout": _release_payout,
    "deposit_withdrawal": _release_payout,
    RULE_RELEASE: _release_rules,
    APPEAL: carry_answer,
}
RETURNS: Final[Mapping[str, Handler]] = {
    RULING: _return_ruling,
    "payout": _refuse_payout,
    "deposit_withdrawal": _refuse_payout,
    RULE_RELEASE: _return_rules,
}
"""What sending back does beside telling the proposer."""
