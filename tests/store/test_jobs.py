"""Jobs commit with their transaction, run when due, and never vanish unseen."""

from datetime import datetime, timedelta

import msgspec

from makegood.store.database import Database
from makegood.store.jobs import (
    MAX_ATTEMPTS,
    Job,
    backlog,
    bury_exhausted,
    done,
    enqueue,
    retry_later,
    revive,
    take,
)


class Refund(msgspec.Struct, frozen=True):
    claim_no: str
    amount_minor: int


def refund_job(run_at: datetime, job_id: str = "") -> Job:
    return Job(
        kind="refund",
        market_id="main",
        payload=Refund("AS-1", 980),
        run_at=run_at,
        subject="AS-1",
        request_id="r-1",
        job_id=job_id,
    )


async def test_a_job_arrives_as_it_was_sent(db: Database, now: datetime) -> None:
    async with db.transaction() as tx:
        await enqueue(tx, [refund_job(now)])
    async with db.connection() as conn:
        (job,) = await take(conn, now)
    assert job.payload_as(Refund) == Refund("AS-1", 980)
    assert (job.kind, job.subject, job.request_id, job.attempts) == ("refund", "AS-1", "r-1", 1)
    assert job.run_at == now


async def test_a_rolled_back_change_leaves_no_job(db: Database, now: datetime) -> None:
    class ChangeOfMindError(Exception):
        pass

    try:
        async with db.transaction() as tx:
            await enqueue(tx, [refund_job(now)])
            raise ChangeOfMindError
    except ChangeOfMindError:
        pass
    async with db.connection() as conn:
        assert await take(conn, now) == []


async def test_a_job_waits_until_it_is_due(db: Database, now: datetime) -> None:
    async with db.transaction() as tx:
        await enqueue(tx, [refund_job(now + timedelta(seconds=1))])
    async with db.connection() as conn:
        assert await take(conn, now) == []
        assert len(await take(conn, now + timedelta(seconds=1))) == 1


async def test_a_taken_job_is_hidden_until_its_lease_ends(db: Database, now: datetime) -> None:
    async with db.transaction() as tx:
        await enqueue(tx, [refund_job(now)])
    async with db.connection() as conn:
        assert len(await take(conn, now, lease_seconds=30)) == 1
        assert await take(conn, now + timedelta(seconds=29)) == []
        (again,) = await take(conn, now + timedelta(seconds=30))
    assert again.attempts == 2


async def test_two_workers_never_hold_the_same_job(db: Database, now: datetime) -> None:
    async with db.transaction() as tx:
        await enqueue(tx, [refund_job(now) for _ in range(20)])
    async with db.transaction() as first, db.transaction() as second:
        mine = await take(first, now, limit=15)
        yours = await take(second, now, limit=15)
    assert (len(mine), len(yours)) == (15, 5)
    assert not {job.job_id for job in mine} & {job.job_id for job in yours}


async def test_the_limit_holds_when_the_planner_thinks_that_there_is_one_job(
    db: Database, now: datetime
) -> None:
    async with db.transaction() as tx:
        await enqueue(tx, [refund_job(now)])
    async with db.connection() as conn:
        await conn.execute("ANALYZE job")
    async with db.transaction() as tx:
        await enqueue(tx, [refund_job(now) for _ in range(19)])
    async with db.transaction() as tx:
        await tx.execute("SET LOCAL enable_hashjoin = off")
        await tx.execute("SET LOCAL enable_mergejoin = off")
        assert len(await take(tx, now, limit=15)) == 15


async def test_a_done_job_is_gone(db: Database, now: datetime) -> None:
    async with db.transaction() as tx:
        await enqueue(tx, [refund_job(now), refund_job(now)])
    async with db.connection() as conn:
        await done(conn, await take(conn, now))
        assert await take(conn, now + timedelta(days=1)) == []


async def test_the_same_job_id_twice_is_one_job(db: Database, now: datetime) -> None:
    async with db.transaction() as tx:
        await enqueue(tx, [refund_job(now, "refund/AS-1"), refund_job(now, "refund/AS-1")])
        await enqueue(tx, [refund_job(now, "refund/AS-1")])
    async with db.connection() as conn:
        assert len(await take(conn, now)) == 1


async def test_only_the_asked_kinds_are_taken(db: Database, now: datetime) -> None:
    async with db.transaction() as tx:
        await enqueue(tx, [refund_job(now)])
    async with db.connection() as conn:
        assert await take(conn, now, kinds=["mail"]) == []
        assert len(await take(conn, now, kinds=["mail", "refund"])) == 1


async def test_a_failed_job_comes_back_and_at_last_goes_to_the_dead(
    db: Database, now: datetime
) -> None:
    async with db.transaction() as tx:
        await enqueue(tx, [refund_job(now, "refund/AS-1")])
    async with db.connection() as conn:
        for attempt in range(MAX_ATTEMPTS):
            at = now + timedelta(minutes=attempt)
            (job,) = await take(conn, at)
            await retry_later(conn, job, at + timedelta(minutes=1), "gateway silent")
        later = now + timedelta(hours=1)
        assert await take(conn, later) == []
        assert await bury_exhausted(conn, later) == 1
        assert (await backlog(conn, later)).dead == 1
        assert await revive(conn, later) == 1
        (job,) = await take(conn, later)
    assert job.attempts == 1


async def test_the_backlog_counts_due_and_pending(db: Database, now: datetime) -> None:
    async with db.transaction() as tx:
        await enqueue(tx, [refund_job(now - timedelta(seconds=5)), refund_job(now)])
        await enqueue(tx, [refund_job(now + timedelta(hours=1))])
    async with db.connection() as conn:
        standing = await backlog(conn, now)
    assert (standing.due, standing.pending, standing.oldest_due_seconds) == (2, 1, 5.0)
