"""Announced rules begin by their job, and by the sweep when the job was lost."""

from datetime import timedelta

from makegood.base.actor import Act, Actor
from makegood.people.approvals.rules import Approver
from makegood.policy.draft import actions
from makegood.policy.draft.actions import STEP_JOB, Described
from makegood.policy.draft.editing import SetCell
from makegood.policy.draft.model import Draft
from makegood.policy.draft.store import load_draft
from makegood.store.jobs import take
from makegood.worker.policies import step_draft, sweep_versions
from tests.claims.town import Town

WHY = Described(title="x", why="x", evidence="x", metric="x", metric_before="1")


async def announced(town: Town) -> Draft:
    """A version whose seven days begin now."""
    act, desk, fang = Act("main", Actor("operator", "op"), town.clock.now()), town.desk, ("op", "x")
    lin = Approver(person_id="qi", name="周琪", role="lead", proven_at=act.now)
    edit = SetCell("R-04", "R-04.1", "delivery.minutes_late", "<= 10")
    async with town.db.transaction() as tx:
        draft = await actions.start_draft(tx, act, desk.ids, desk.shelf, "x", fang)
        draft = await actions.edit_draft(tx, act, draft.draft_id, draft.edit_no, edit, fang)
        draft = await actions.describe(tx, act, draft.draft_id, draft.edit_no, WHY, fang)
        await actions.submit(tx, act, desk.shelf, draft.draft_id, draft.edit_no)
        return await actions.announce(
            tx, act, desk.ids, desk.shelf, draft.draft_id, lin, "", early=False
        )


async def share_of(town: Town, draft: Draft) -> int:
    async with town.db.connection() as conn:
        found = await load_draft(conn, "main", draft.draft_id)
    assert found is not None
    return found.share


async def test_the_job_runs_at_the_end_of_the_notice_and_twice_does_no_harm(town: Town) -> None:
    draft = await announced(town)
    town.clock.at += timedelta(days=7)
    async with town.db.connection() as conn:
        jobs = await take(conn, town.clock.now(), kinds=[STEP_JOB])
    assert len(jobs) == 1
    for _ in range(2):
        await step_draft(town.db, town.clock, town.desk, jobs[0])
    assert await share_of(town, draft) == 10


async def test_a_lost_job_is_made_good_by_the_sweep(town: Town) -> None:
    draft = await announced(town)
    assert await sweep_versions(town.db, town.clock, town.desk) == 0
    town.clock.at += timedelta(days=7)
    assert await sweep_versions(town.db, town.clock, town.desk) == 1
    town.clock.at += timedelta(hours=24)
    assert await sweep_versions(town.db, town.clock, town.desk) == 1
    assert await share_of(town, draft) == 50
