"""All SQL of pauses."""

from datetime import datetime

from makegood.store.database import Connection, Record


async def put(
    tx: Connection,
    market_id: str,
    currency: str,
    now: datetime,
    found: str,
    account: str,
    amount_minor: int,
) -> None:
    """Note a difference; one that is open already is counted and keeps its first time."""
    await tx.execute(
        """
        WITH seen AS (
            UPDATE ledger_pause SET times = times + 1, last_at = $3, amount_minor = $6
            WHERE market_id = $1 AND currency = $2 AND found = $4 AND account = $5
              AND resumed_at IS NULL
            RETURNING 1
        )
        INSERT INTO ledger_pause (market_id, currency, since, found, account, amount_minor, last_at)
        SELECT $1, $2, $3, $4, $5, $6, $3 WHERE NOT EXISTS (SELECT FROM seen)
        ON CONFLICT DO NOTHING
        """,
        market_id,
        currency,
        now,
        found,
        account,
        amount_minor,
    )


async def since(conn: Connection, market_id: str, currency: str) -> datetime | None:
    """The oldest open pause of a currency."""
    found: datetime | None = await conn.fetchval(
        """
        SELECT min(since) FROM ledger_pause
        WHERE market_id = $1 AND currency IN ($2, '*') AND resumed_at IS NULL
        """,
        market_id,
        currency,
    )
    return found


async def read(conn: Connection, market_id: str, only_open: bool, limit: int) -> list[Record]:
    """Pauses: the open ones, oldest first, or all, latest first."""
    order = "since, found, account" if only_open else "since DESC, found, account"
    return await conn.fetch(
        f"""
        SELECT currency, since, found, account, amount_minor, times, last_at, resumed_at,
               resumed_by, reason
        FROM ledger_pause WHERE market_id = $1 AND (resumed_at IS NULL OR NOT $2)
        ORDER BY {order} LIMIT $3
        """,
        market_id,
        only_open,
        limit,
    )


async def end(
    tx: Connection, market_id: str, currency: str, now: datetime, by: str, reason: str
) -> int:
    """End every open pause of a currency; answers how many there were."""
    rows = await tx.fetch(
        """
        UPDATE ledger_pause SET resumed_at = $3, resumed_by = $4, reason = $5
        WHERE market_id = $1 AND currency IN ($2, '*') AND resumed_at IS NULL RETURNING 1
        """,
        market_id,
        currency,
        now,
        by,
        reason,
    )
    return len(rows)


async def count_open(conn: Connection) -> list[Record]:
    """Open pauses of all markets: market, currency, how many, since when."""
    return await conn.fetch(
        """
        SELECT market_id, currency, count(*)::integer AS differences, min(since) AS since
        FROM ledger_pause WHERE resumed_at IS NULL GROUP BY market_id, currency
        """
    )
