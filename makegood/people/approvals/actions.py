"""What is done with proposals: made, decided by somebody else, taken back, closed elsewhere.

Deciding here says only who released it; what the release does is carried out by the caller in the
same transaction, so that a proposal whose effect is refused stays open.
"""

from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.base.time import rfc3339
from makegood.people.approvals import rules, store
from makegood.people.approvals.rules import Approver, NewProposal, Proposal, Verdict
from makegood.people.caller import Caller
from makegood.people.slowdown.actions import Attempt, count_attempt, forgive_attempt
from makegood.people.staff.second_factor import accept_totp
from makegood.store.database import Connection, Database
from makegood.store.vault import Vault

PREFIX: Final = "AP"


async def propose(
    tx: Connection, act: Act, ids: Ids, new: NewProposal, *, by: str, by_name: str
) -> Proposal:
    """Put a proposal before a second person; the same key answers the one that exists.

    Raises:
        Refused: `reason_needed` without a reason for the second person to read.
    """
    rules.check_new(new)
    proposal = Proposal(
        proposal_no=PREFIX + ids.claim_no(act.now)[2:],
        kind=new.kind,
        subject=new.subject,
        amount_minor=new.amount_minor,
        currency=new.currency,
        payload=new.payload,
        why=new.why.strip(),
        proposed_by=by,
        proposed_name=by_name,
        proposed_at=act.now,
    )
    if await store.insert_proposal(tx, act.market_id, proposal, new.key):
        return proposal
    known = await store.find_by_key(tx, act.market_id, new)
    assert known is not None, "a proposal of this key was decided in between"
    return known


async def decide_proposal(
    tx: Connection,
    act: Act,
    approver: Approver,
    proposal_no: str,
    verdict: Verdict,
    text: str = "",
    *,
    fresh_minutes: int = 30,
) -> Proposal:
    """Release a proposal or send it back; answers it as decided.

    Raises:
        Refused: `not_found`, `already_approved`, `approval_needs_other_person`,
            `second_factor_needed`, `second_factor_stale`, `reason_needed`.
    """
    proposal = await store.lock_proposal(tx, act.market_id, proposal_no)
    if proposal is None:
        raise Refused("not_found")
    rules.check_decision(proposal, approver, verdict, text, now=act.now, fresh=fresh_minutes)
    done = rules.decided(proposal, approver, verdict, text, act.now)
    await store.save_decision(tx, act.market_id, done)
    return done


async def withdraw_proposal(tx: Connection, act: Act, proposal_no: str, by: str) -> Proposal:
    """The proposer takes it back.

    Raises:
        Refused: `not_found` for a strange proposal, `already_approved` for a decided one.
    """
    proposal = await store.lock_proposal(tx, act.market_id, proposal_no)
    if proposal is None or proposal.proposed_by != by:
        raise Refused("not_found")
    if proposal.state != "open":
        raise Refused("already_approved")
    gone = msgspec.structs.replace(
        proposal,
        state="withdrawn",
        decided_by=by,
        decided_name=proposal.proposed_name,
        decided_at=act.now,
    )
    await store.save_decision(tx, act.market_id, gone)
    return gone


async def close_proposals(
    tx: Connection, act: Act, kind: str, subject: str, verdict: Verdict, *, by: Approver, text: str
) -> None:
    """Note that open proposals about a subject were decided on the subject's own page."""
    for proposal in await store.lock_open_of(tx, act.market_id, kind, subject):
        done = rules.decided(proposal, by, verdict, text, act.now)
        await store.save_decision(tx, act.market_id, done)


async def prove_again(
    db: Database, vault: Vault, act: Act, caller: Caller, address: str, code: str
) -> None:
    """A typed code makes the second factor of this session fresh; slowed like a sign-in.

    Runs in transactions of its own, so that a refused decision does not give the code back.

    Raises:
        Refused: `sign_in_failed` for a code that does not fit, `sign_in_slowed`.
    """
    attempt = Attempt("second_factor", caller.account_id, address)
    await count_attempt(db, vault, act, attempt)
    async with db.transaction() as tx:
        fits = await accept_totp(tx, act, vault, caller.account_id, code)
        if fits:
            await store.note_proven(tx, act.market_id, caller.session_id, act.now)
    if not fits:
        raise Refused("sign_in_failed", server_time=rfc3339(act.now))
    await forgive_attempt(db, vault, act, attempt)


async def approver_of(conn: Connection, market_id: str, caller: Caller) -> Approver:
    """The signed-in person as an approver; a key is none.

    Raises:
        Refused: `second_factor_needed` for anything but a person's session.
    """
    actor = caller.actor
    if actor is None or caller.via != "staff_session":
        raise Refused("second_factor_needed")
    proven = await store.proven_at(conn, market_id, caller.session_id)
    return Approver(
        person_id=caller.account_id,
        name=caller.display_name,
        role=actor.role,
        proven_at=proven if caller.two_factor else None,
    )
