"""The demo's past: what belongs together in its order, the rest side by side, some things alone."""

import asyncio
from datetime import UTC, datetime, timedelta

from makegood.base.actor import Act
from makegood.demo.stage import Deed, PastClock, Stage
from makegood.store.database import Database
from makegood.store.jobs import Job, TakenJob, enqueue
from makegood.talk.actions import SEND_MAIL_JOB

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MARKET = "main"


class Past:
    """A stage whose deeds and jobs write down what happened, when and in whose lane."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.told: list[tuple[str, datetime]] = []
        self.stage = Stage(db, PastClock(NOON), MARKET, {"note": self._job})

    async def _job(self, job: TakenJob) -> None:
        self.told.append((job.subject, self.stage.now))

    def tells(self, name: str, *follows: tuple[str, timedelta]) -> Deed:
        """A deed that says its name and asks for jobs, each at some time after it."""

        async def deed() -> None:
            self.told.append((name, self.stage.now))
            act = self.stage.act("system", "demo")
            async with self.db.transaction() as tx:
                await enqueue(tx, [_job(act, subject, after) for subject, after in follows])

        return deed


def _job(act: Act, subject: str, after: timedelta, kind: str = "note") -> Job:
    return Job(
        kind=kind,
        market_id=act.market_id,
        payload={},
        run_at=act.now + after,
        subject=subject,
        request_id=act.request_id,
    )


async def test_a_lanes_jobs_and_deeds_happen_at_their_own_times_and_in_their_order(
    db: Database,
) -> None:
    past = Past(db)
    for lane in ("a", "b"):
        opened = past.tells(
            f"{lane} opens", (f"{lane} check", 0 * MINUTE), (f"{lane} late", MINUTE * 30)
        )
        past.stage.plan(NOON + MINUTE, opened, lane)
        past.stage.plan(NOON + 6 * MINUTE, past.tells(f"{lane} files"), lane)
    await past.stage.play(NOON + timedelta(hours=9))
    for lane in ("a", "b"):
        mine = [(name, at - NOON) for name, at in past.told if name.startswith(lane)]
        assert mine == [
            (f"{lane} opens", MINUTE),
            (f"{lane} check", MINUTE),
            (f"{lane} files", 6 * MINUTE),
            (f"{lane} late", 31 * MINUTE),
        ]


async def test_what_a_deed_plans_is_of_its_lane_and_two_lanes_do_meet(db: Database) -> None:
    past, met = Past(db), asyncio.Barrier(2)

    async def meets() -> None:
        await met.wait()
        past.stage.plan(
            past.stage.now + MINUTE, past.tells(past.stage.act("system", "").request_id)
        )

    past.stage.plan(NOON + MINUTE, meets, "a")
    past.stage.plan(NOON + 2 * MINUTE, meets, "b")
    await asyncio.wait_for(past.stage.play(NOON + timedelta(hours=1)), 60)
    assert sorted(name.rpartition("-")[2] for name, _ in past.told) == ["a", "b"]


async def test_what_is_of_no_lane_happens_alone_after_everything_before_it(db: Database) -> None:
    past = Past(db)
    past.stage.plan(NOON + 20 * MINUTE, past.tells("audit", ("audit's job", 0 * MINUTE)))
    past.stage.plan(NOON + 10 * MINUTE, past.tells("before", ("check", 9 * MINUTE)), "a")
    past.stage.plan(NOON + 30 * MINUTE, past.tells("after"), "b")
    await past.stage.play(NOON + timedelta(hours=1))
    assert [name for name, _ in past.told] == ["before", "check", "audit", "audit's job", "after"]


async def test_nobody_of_the_past_is_told_and_the_future_stays(db: Database) -> None:
    past = Past(db)
    act = past.stage.act("system", "demo")
    due, later = _job(act, "due", MINUTE, SEND_MAIL_JOB), _job(act, "later", 9 * MINUTE)
    async with db.transaction() as tx:
        await enqueue(tx, [due, later])
    await past.stage.play(NOON + 5 * MINUTE)
    async with db.connection() as conn:
        left = [row["subject"] for row in await conn.fetch("select subject from job")]
    assert (past.told, left) == ([], ["later"])
