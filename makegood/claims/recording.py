"""Puts filed evidence on record in its claim's history."""

from makegood.base.actor import Act
from makegood.claims import events as e
from makegood.claims.actions import file_evidence
from makegood.claims.desk import Desk
from makegood.claims.evidence import Evidence
from makegood.claims.evidence_actions import RecordAdded, attach_draft
from makegood.store.database import Connection

DRAFT = "draft:"
"""Evidence of a claim that is not opened yet is filed under `draft:` and an id."""


def records_into(desk: Desk) -> RecordAdded:
    """What `filing.complete` calls for a new item. Items of a draft wait for their claim."""

    async def record_added(tx: Connection, act: Act, item: Evidence) -> None:
        if not item.claim_no.startswith(DRAFT):
            await file_evidence(tx, act, desk, item.claim_no, event_of(item))

    return record_added


async def record_draft(
    tx: Connection, act: Act, desk: Desk, draft_no: str, claim_no: str
) -> list[Evidence]:
    """Give a draft's items to the claim that was opened from it, each with its event."""
    items = await attach_draft(tx, act.market_id, draft_no, claim_no)
    for item in items:
        await file_evidence(tx, act, desk, claim_no, event_of(item))
    return items


def event_of(item: Evidence) -> e.EvidenceAdded:
    """The event that tells of an item."""
    return e.EvidenceAdded(
        evidence_id=item.evidence_id,
        slot=item.slot,
        party=item.party,
        audience=item.audience,
        media_type=item.media_type,
        size=item.size,
        sha256=item.sha256,
        filename=item.filename or "",
        notes=list(item.notes),
        has_thumb=item.thumb_sha256 is not None,
    )
