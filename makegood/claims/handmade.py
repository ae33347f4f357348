"""A refund that no gateway could make: one person records it with proof, another confirms it.

Recording moves nothing. Only the second person's release, in an own session with a fresh second
factor, books the refund as arrived; a shop of one person has its outside approver do that.
"""

from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import derived_id
from makegood.base.refusal import Refused
from makegood.claims.desk import Desk
from makegood.claims.system_actions import note_refund
from makegood.ledger.refund import actions as refunds
from makegood.ledger.refund.actions import ManualProof
from makegood.people.approvals.actions import propose
from makegood.people.approvals.rules import NewProposal, Proposal
from makegood.people.approvals.store import lock_open_of
from makegood.store.database import Connection

MANUAL: Final = "manual_payment"
REFERENCE_LETTERS: Final = 120


class SentByHand(msgspec.Struct, frozen=True, kw_only=True):
    """What a person who sent the money writes down; the file is stored under its SHA-256."""

    refund_no: str
    reference: str
    file_sha256: str
    why: str = ""


async def record_sent(
    tx: Connection, act: Act, desk: Desk, sent: SentByHand, *, by: str, by_name: str
) -> Proposal:
    """Put a transfer made by hand before a second person; the same record again is the same.

    Raises:
        Refused: `evidence_missing` without reference and file, `not_found`, `not_your_turn` for a
            refund that is not with a person, `already_answered` while another record waits.
    """
    if not (sent.reference.strip() and sent.file_sha256.strip()):
        raise Refused("evidence_missing")
    refund = await refunds.read_refund(tx, act.market_id, sent.refund_no)
    if refund is None:
        raise Refused("not_found")
    if refund.state != "manual":
        raise Refused("not_your_turn")
    key = derived_id("manual", sent.refund_no, sent.reference, sent.file_sha256)
    waiting = await lock_open_of(tx, act.market_id, MANUAL, sent.refund_no)
    if any(one.payload.get("key") != key for one in waiting):
        raise Refused("already_answered")
    reference = sent.reference.strip()[:REFERENCE_LETTERS]
    new = NewProposal(
        kind=MANUAL,
        subject=sent.refund_no,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        payload={
            "key": key,
            "refund_no": sent.refund_no,
            "claim_no": refund.claim_no,
            "reference": reference,
            "file_sha256": sent.file_sha256,
        },
        why=f"{refund.leg.channel} · {reference} {sent.why}".strip(),
        key=key,
    )
    return await propose(tx, act, desk.ids, new, by=by, by_name=by_name)


async def confirm_sent(tx: Connection, act: Act, desk: Desk, proposal: Proposal) -> None:
    """The second person confirms: the refund has arrived, and the claim is told.

    Raises:
        Refused: `approval_needs_other_person`, and whatever `confirm_manual` refuses.
    """
    proof = ManualProof(
        paid=True,
        reference=str(proposal.payload["reference"]),
        file_sha256=str(proposal.payload["file_sha256"]),
        person=proposal.proposed_by,
        confirmed_by=act.actor.id,
        text=proposal.why,
    )
    outcome = await refunds.confirm_manual(tx, act, proposal.subject, proof)
    await note_refund(tx, act, desk, outcome)
