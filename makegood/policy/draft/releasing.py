"""A draft put before an approver as a proposal, for a shop whose second person is outside."""

from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.people.approvals import store as proposals
from makegood.people.approvals.actions import propose, withdraw_proposal
from makegood.people.approvals.rules import RULE_RELEASE, Approver, NewProposal, Proposal
from makegood.policy.draft import store
from makegood.policy.draft.actions import announce, return_draft
from makegood.policy.draft.flow import check_state
from makegood.policy.draft.model import Draft, Named
from makegood.policy.packfile import digest_of
from makegood.policy.shelf import Shelf
from makegood.store.database import Connection


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What exactly is to be released: a draft whose file has this digest."""

    draft_id: str
    digest: str
    early: bool = False


async def propose_release(
    tx: Connection, act: Act, ids: Ids, draft_id: str, *, early: bool, by: Named
) -> Proposal:
    """Ask for the release of a draft in review; the same draft again is the same proposal.

    Raises:
        Refused: `not_found`, `rule_state` for a draft that was not submitted.
    """
    draft = await store.lock_draft(tx, act.market_id, draft_id)
    if draft is None:
        raise Refused("not_found")
    check_state(draft, "in_review")
    release = Release(draft_id=draft_id, digest=digest_of(draft.source), early=early)
    new = NewProposal(
        kind=RULE_RELEASE,
        subject=draft_id,
        payload=msgspec.to_builtins(release),
        why=draft.why or draft.title,
        key=f"{draft_id}:{release.digest}:{early:d}",
    )
    return await propose(tx, act, ids, new, by=by[0], by_name=by[1])


async def carry_release(
    tx: Connection, act: Act, ids: Ids, shelf: Shelf, proposal: Proposal
) -> Draft:
    """The approver released it: announce exactly what was shown.

    Raises:
        Refused: `stale_version` for a draft that has changed since, and as `announce`.
    """
    release = msgspec.convert(proposal.payload, Release)
    draft = await store.lock_draft(tx, act.market_id, release.draft_id)
    if draft is None or digest_of(draft.source) != release.digest:
        raise Refused("stale_version")
    return await announce(
        tx,
        act,
        ids,
        shelf,
        release.draft_id,
        _reviewer(act, proposal),
        proposal.decided_text,
        early=release.early,
    )


async def carry_return(tx: Connection, act: Act, proposal: Proposal) -> Draft:
    """The approver sent it back to its author."""
    release = msgspec.convert(proposal.payload, Release)
    reviewer = _reviewer(act, proposal)
    return await return_draft(tx, act, release.draft_id, reviewer, proposal.decided_text)


async def end_proposals(tx: Connection, act: Act, draft_id: str) -> None:
    """The draft went another way: nobody outside can release it any more."""
    for waiting in await proposals.open_of(tx, act.market_id, RULE_RELEASE, draft_id):
        await withdraw_proposal(tx, act, waiting.proposal_no, waiting.proposed_by)


def _reviewer(act: Act, proposal: Proposal) -> Approver:
    return Approver(
        person_id=proposal.decided_by,
        name=proposal.decided_name,
        role=act.actor.role,
        proven_at=proposal.decided_at,
    )


ENDS: Final = frozenset({"back", "review", "withdraw"})
"""Steps after which a waiting proposal about the draft means nothing any more."""
