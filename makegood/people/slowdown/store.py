"""All SQL of slowed attempts."""

from collections.abc import Sequence
from datetime import datetime

from makegood.people.slowdown.rules import Counter
from makegood.store.database import Connection


async def lock_counters(
    tx: Connection, market_id: str, scopes: Sequence[str], subjects: Sequence[bytes], now: datetime
) -> dict[str, Counter]:
    """The counters by scope, made when new and locked until the transaction ends.

    `scopes` must come in the same order from every caller, so that two never wait for each other.
    """
    await tx.execute(
        """
        INSERT INTO slowdown (market_id, scope, subject, failures, next_at, last_at)
        SELECT $1, new.scope, new.subject, 0, $4, $4
        FROM unnest($2::text[], $3::bytea[]) AS new (scope, subject)
        ON CONFLICT (market_id, scope, subject) DO NOTHING
        """,
        market_id,
        scopes,
        subjects,
        now,
    )
    rows = await tx.fetch(
        """
        SELECT scope, failures, next_at, last_at
        FROM slowdown JOIN unnest($2::text[], $3::bytea[]) AS asked (scope, subject)
             USING (scope, subject)
        WHERE market_id = $1
        ORDER BY scope
        FOR UPDATE OF slowdown
        """,
        market_id,
        scopes,
        subjects,
    )
    return {row["scope"]: Counter(row["failures"], row["next_at"], row["last_at"]) for row in rows}


async def write_counters(
    tx: Connection,
    market_id: str,
    scopes: Sequence[str],
    subjects: Sequence[bytes],
    counters: Sequence[Counter],
) -> None:
    """Store the counters that `lock_counters` locked."""
    await tx.execute(
        """
        UPDATE slowdown SET failures = new.failures, next_at = new.next_at, last_at = new.last_at
        FROM unnest($2::text[], $3::bytea[], $4::integer[], $5::timestamptz[], $6::timestamptz[])
             AS new (scope, subject, failures, next_at, last_at)
        WHERE slowdown.market_id = $1 AND slowdown.scope = new.scope
          AND slowdown.subject = new.subject
        """,
        market_id,
        scopes,
        subjects,
        [counter.failures for counter in counters],
        [counter.next_at for counter in counters],
        [counter.last_at for counter in counters],
    )


async def forgive(
    tx: Connection,
    market_id: str,
    scopes: Sequence[str],
    subjects: Sequence[bytes],
    now: datetime,
) -> None:
    """Take back one counted attempt of each, because it succeeded; the first scope starts anew."""
    await tx.execute(
        """
        UPDATE slowdown
        SET failures = CASE WHEN slowdown.scope = $4 THEN 0 ELSE greatest(failures - 1, 0) END,
            next_at = CASE WHEN slowdown.scope = $4 THEN $5 ELSE next_at END
        FROM unnest($2::text[], $3::bytea[]) AS good (scope, subject)
        WHERE slowdown.market_id = $1 AND slowdown.scope = good.scope
          AND slowdown.subject = good.subject
        """,
        market_id,
        scopes,
        subjects,
        scopes[0],
        now,
    )


async def forget_older(tx: Connection, before: datetime) -> int:
    """Delete counters that were quiet since `before`; answers how many."""
    rows = await tx.fetch("DELETE FROM slowdown WHERE last_at < $1 RETURNING 1", before)
    return len(rows)
