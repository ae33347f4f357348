"""Announced versions of the rules begin and widen by themselves when their time has come."""

import structlog

from makegood.base.actor import SYSTEM, Act
from makegood.base.refusal import Refused
from makegood.base.time import Clock
from makegood.claims.desk import Desk
from makegood.policy.draft.actions import StepDraft, step_version
from makegood.policy.draft.store import due_drafts
from makegood.store.database import Database
from makegood.store.jobs import TakenJob

log = structlog.get_logger("makegood.worker")


async def step_draft(db: Database, clock: Clock, desk: Desk, job: TakenJob) -> None:
    """The next step of an announced version; harmless twice and when it was withdrawn."""
    step = job.payload_as(StepDraft)
    act = Act(job.market_id, SYSTEM, clock.now(), job.request_id)
    async with db.transaction() as tx:
        await step_version(tx, act, desk.ids, desk.shelf, step.draft_id)


async def sweep_versions(db: Database, clock: Clock, desk: Desk) -> int:
    """Take the steps whose job was lost; answers how many there were."""
    async with db.connection() as conn:
        due = await due_drafts(conn, clock.now())
    for market_id, draft_id in due:
        act = Act(market_id, SYSTEM, clock.now())
        try:
            async with db.transaction() as tx:
                await step_version(tx, act, desk.ids, desk.shelf, draft_id)
        except Refused as refused:
            log.warning("a version did not move on", draft=draft_id, why=refused.code)
    return len(due)
