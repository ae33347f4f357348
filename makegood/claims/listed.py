"""The row that lists show, from a fold."""

from datetime import timedelta
from typing import Final

from makegood.claims import clock
from makegood.claims.rows import Row
from makegood.claims.state import Claim
from makegood.policy.judgement import Class
from makegood.policy.priority import queue_key

CLASS_NO: Final[dict[str, int]] = {"P0": 0, "P1": 1, "P2": 2, "P3": 3}
_CLASSES: Final[dict[str, Class]] = {"P0": "P0", "P1": "P1", "P2": "P2", "P3": "P3"}


def row_of(claim: Claim) -> Row:
    """The listed columns; the queue key is static: class, then the virtual deadline."""
    upcoming = clock.next_of(claim.deadlines)
    decision = next((d for d in claim.deadlines if d.kind == "decision"), None)
    ends_at = decision.at if decision else claim.opened_at + timedelta(days=15)
    key = queue_key(
        _CLASSES[claim.priority],
        claim.opened_at,
        ends_at,
        amount_minor=claim.opened.claimed_minor,
        currency=claim.opened.currency,
    )
    refunded = sum(
        m.amount_minor for m in claim.money if m.kind == "refund" and m.state == "arrived"
    )
    return Row(
        version=claim.version,
        state=claim.state,
        is_open=claim.is_open,
        lane=claim.lane,
        class_no=CLASS_NO[claim.priority],
        queue_at=key.virtual_deadline_at,
        owner_id=claim.owner_id,
        owner_name=claim.owner_name,
        reviewer_id=claim.appeal.reviewer_id if claim.appeal and claim.state == "appealed" else "",
        awaits_approval=claim.proposed is not None,
        has_tasks=any(task.done_at is None for task in claim.tasks),
        changed_at=claim.changed_at,
        closed_at=claim.settled_at or claim.closed_at,
        next_deadline_at=upcoming.at if upcoming else None,
        next_deadline_kind=upcoming.kind if upcoming else "",
        finding=claim.decision.finding if claim.decision else "",
        remedy=claim.decision.remedy if claim.decision else "",
        refunded_minor=refunded,
        root_cause=claim.root_cause,
        rating=claim.rating,
    )
