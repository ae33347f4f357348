"""Work to be done later: rows that commit with the change that asks for them.

A job runs at least once: its worker may die between the effect and `done`. Every handler
therefore carries a key that makes the second run harmless.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from makegood.store.database import Connection, Record

MAX_ATTEMPTS = 12
"""A job that failed this often goes to `dead_job`, where doctor and metrics show it."""

_ERROR_LETTERS = 500
T = TypeVar("T")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One effect to carry out at or after `run_at` (aware UTC).

    `kind` names the handler, `subject` what it is about (a claim number), and `job_id`, when
    given, makes enqueueing the same job twice harmless while the first one is waiting.
    """

    kind: str
    market_id: str
    payload: object
    run_at: datetime
    subject: str = ""
    request_id: str = ""
    job_id: str = ""


class TakenJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job leased to this worker; `attempts` counts this run too. `payload` is plain JSON data."""

    market_id: str
    job_id: str
    kind: str
    subject: str
    payload: object
    run_at: datetime
    request_id: str
    attempts: int

    def payload_as(self, shape: type[T]) -> T:
        """The payload read into a Struct."""
        return msgspec.convert(self.payload, shape)


class NotYet(Exception):
    """Nothing failed: what the job needs is not there yet, and it comes back at `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


def enqueue_sql(first: int = 1) -> str:
    """An insert of jobs from seven arrays, its parameters numbered from `first`.

    Use it alone or as one part of a larger statement, with `enqueue_arguments`.
    """
    kinds = ("text", "text", "text", "text", "jsonb", "timestamptz", "text")
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(kinds, start=first))
    return f"""
        INSERT INTO job (market_id, job_id, kind, subject, payload, run_at, request_id)
        SELECT market_id, coalesce(nullif(job_id, ''), gen_random_uuid()::text),
               kind, subject, payload, run_at, request_id
        FROM unnest({arrays})
             AS new (market_id, job_id, kind, subject, payload, run_at, request_id)
        ON CONFLICT (market_id, job_id) DO NOTHING
    """


def enqueue_arguments(jobs: Sequence[Job]) -> tuple[list[object], ...]:
    """The columns of the jobs as arrays, in the order that `enqueue_sql` expects."""
    return (
        [job.market_id for job in jobs],
        [job.job_id for job in jobs],
        [job.kind for job in jobs],
        [job.subject for job in jobs],
        [job.payload for job in jobs],
        [job.run_at for job in jobs],
        [job.request_id for job in jobs],
    )


async def enqueue(tx: Connection, jobs: Sequence[Job]) -> None:
    """Write all jobs in one statement; they exist when the caller's transaction commits."""
    if jobs:
        await tx.execute(_ENQUEUE, *enqueue_arguments(jobs))


_ENQUEUE = enqueue_sql()


async def take(
    conn: Connection,
    now: datetime,
    *,
    limit: int = 50,
    lease_seconds: float = 30.0,
    kinds: Sequence[str] | None = None,
) -> list[TakenJob]:
    """Lease up to `limit` due jobs, oldest first; nobody else sees them until the lease ends.

    `MATERIALIZED` keeps the limit: a plan that reads the locking part once for every job skips
    what it has locked and finds the next ones each time.
    """
    rows = await conn.fetch(
        """
        WITH due AS MATERIALIZED (
            SELECT market_id, job_id, run_at AS due_at FROM job
            WHERE run_at <= $1 AND attempts < $5 AND ($4::text[] IS NULL OR kind = ANY ($4))
            ORDER BY run_at
            LIMIT $3
            FOR UPDATE SKIP LOCKED
        )
        UPDATE job SET run_at = $2, attempts = job.attempts + 1
        FROM due
        WHERE job.market_id = due.market_id AND job.job_id = due.job_id
        RETURNING job.market_id, job.job_id, job.kind, job.subject, job.payload, due.due_at,
                  job.request_id, job.attempts
        """,
        now,
        now + timedelta(seconds=lease_seconds),
        limit,
        list(kinds) if kinds is not None else None,
        MAX_ATTEMPTS,
    )
    return sorted(map(_taken, rows), key=lambda job: job.run_at)


async def stay(conn: Connection, job: TakenJob, until: datetime) -> None:
    """A long job tells that it is still at work: nobody else takes it before `until`."""
    await conn.execute(
        """
        UPDATE job SET run_at = $3
        WHERE market_id = $1 AND job_id = $2 AND run_at < $3
        """,
        job.market_id,
        job.job_id,
        until,
    )


async def done(conn: Connection, jobs: Sequence[TakenJob]) -> None:
    """Forget jobs that were carried out. Inside a handler's transaction this is exactly once."""
    if not jobs:
        return
    await conn.execute(
        """
        DELETE FROM job USING unnest($1::text[], $2::text[]) AS gone (market_id, job_id)
        WHERE job.market_id = gone.market_id AND job.job_id = gone.job_id
        """,
        [job.market_id for job in jobs],
        [job.job_id for job in jobs],
    )


async def retry_later(conn: Connection, job: TakenJob, at: datetime, error: str) -> None:
    """Make a failed job visible again at `at`, with a short error without personal data."""
    await conn.execute(
        "UPDATE job SET run_at = $3, last_error = $4 WHERE market_id = $1 AND job_id = $2",
        job.market_id,
        job.job_id,
        at,
        error[:_ERROR_LETTERS],
    )


async def put_off(conn: Connection, job: TakenJob, until: datetime) -> None:
    """Make a job visible again at `until` as if this run had never been."""
    await conn.execute(
        """
        UPDATE job SET run_at = $3, attempts = greatest(attempts - 1, 0)
        WHERE market_id = $1 AND job_id = $2
        """,
        job.market_id,
        job.job_id,
        until,
    )


def backoff_seconds(attempts: int) -> float:
    """How long to wait after the given number of runs: 2 s, 4 s, 8 s … at most an hour."""
    return min(2.0 ** min(attempts, 12), 3600.0)


async def bury_exhausted(conn: Connection, now: datetime) -> int:
    """Move due jobs that used up their attempts to `dead_job`; answers how many."""
    rows = await conn.fetch(
        """
        WITH spent AS (
            DELETE FROM job WHERE run_at <= $1 AND attempts >= $2
            RETURNING market_id, job_id, kind, subject, payload, request_id, attempts, last_error
        )
        INSERT INTO dead_job (market_id, job_id, kind, subject, payload, request_id, attempts,
                              last_error, died_at)
        SELECT market_id, job_id, kind, subject, payload, request_id, attempts, last_error, $1
        FROM spent
        ON CONFLICT (market_id, job_id) DO UPDATE
            SET attempts = excluded.attempts, last_error = excluded.last_error,
                died_at = excluded.died_at
        RETURNING job_id
        """,
        now,
        MAX_ATTEMPTS,
    )
    return len(rows)


async def revive(conn: Connection, now: datetime, job_ids: Sequence[str] | None = None) -> int:
    """Send dead jobs (all, or the named ones) to work again; answers how many."""
    rows = await conn.fetch(
        """
        WITH back AS (
            DELETE FROM dead_job WHERE $2::text[] IS NULL OR job_id = ANY ($2)
            RETURNING market_id, job_id, kind, subject, payload, request_id
        )
        INSERT INTO job (market_id, job_id, kind, subject, payload, request_id, run_at)
        SELECT market_id, job_id, kind, subject, payload, request_id, $1 FROM back
        ON CONFLICT (market_id, job_id) DO NOTHING
        RETURNING job_id
        """,
        now,
        list(job_ids) if job_ids is not None else None,
    )
    return len(rows)


class Backlog(msgspec.Struct, frozen=True):
    """How the queue stands: due now, waiting for later, dead, and the oldest due job's age."""

    due: int
    pending: int
    dead: int
    oldest_due_seconds: float


async def backlog(conn: Connection, now: datetime) -> Backlog:
    """Counts for metrics and doctor; reads the whole index, so not for every request."""
    row = await conn.fetchrow(
        """
        SELECT count(*) FILTER (WHERE run_at <= $1) AS due,
               count(*) FILTER (WHERE run_at > $1) AS pending,
               (SELECT count(*) FROM dead_job) AS dead,
               coalesce(extract(epoch FROM $1 - min(run_at)), 0)::float8 AS oldest
        FROM job
        """,
        now,
    )
    assert row is not None
    return Backlog(row["due"], row["pending"], row["dead"], max(row["oldest"], 0.0))


class DeadJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that used up its attempts, for a person to read."""

    market_id: str
    job_id: str
    kind: str
    subject: str
    attempts: int
    last_error: str
    died_at: datetime

    def __str__(self) -> str:
        return (
            f"{self.job_id}  {self.kind}  {self.subject}  died {self.died_at:%Y-%m-%d %H:%M} UTC "
            f"after {self.attempts} attempts: {self.last_error}"
        )


async def dead_jobs(conn: Connection, *, limit: int = 100) -> list[DeadJob]:
    """The newest dead jobs of all markets."""
    rows = await conn.fetch(
        """
        SELECT market_id, job_id, kind, subject, attempts, last_error, died_at
        FROM dead_job ORDER BY died_at DESC, market_id, job_id LIMIT $1
        """,
        limit,
    )
    return [DeadJob(**dict(row)) for row in rows]


def _taken(row: Record) -> TakenJob:
    return TakenJob(
        market_id=row["market_id"],
        job_id=row["job_id"],
        kind=row["kind"],
        subject=row["subject"],
        payload=row["payload"],
        run_at=row["due_at"],
        request_id=row["request_id"],
        attempts=row["attempts"],
    )
