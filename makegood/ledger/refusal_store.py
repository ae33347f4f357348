"""SQL of refused requests about money."""

from datetime import datetime
from typing import Any

from makegood.base.actor import Act
from makegood.store.database import Connection, Record


async def insert(tx: Connection, act: Act, action: str, code: str, detail: dict[str, Any]) -> None:
    """Write one refusal."""
    await tx.execute(
        """
        INSERT INTO ledger_refusal (market_id, at, actor_role, actor_id, request_id, action, code,
                                    detail)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        act.market_id,
        act.now,
        act.actor.role,
        act.actor.id,
        act.request_id,
        action,
        code,
        detail,
    )


async def latest(
    conn: Connection, market_id: str, limit: int, before: datetime | None
) -> list[Record]:
    """Refusals of a market, the latest first; only older ones than `before` where it is given.

    More than `limit` where several share the last moment: what comes after begins before it.
    """
    return await conn.fetch(
        """
        SELECT at, actor_role, actor_id, request_id, action, code, detail
        FROM ledger_refusal
        WHERE market_id = $1 AND ($3::timestamptz IS NULL OR at < $3)
        ORDER BY at DESC FETCH FIRST $2 ROWS WITH TIES
        """,
        market_id,
        limit,
        before,
    )


async def refused_notices(
    conn: Connection, market_id: str, limit: int, before: datetime | None
) -> list[Record]:
    """Notifications of gateways that were not believed, the latest first; ties as in `latest`."""
    return await conn.fetch(
        """
        SELECT received_at AS at, channel, verdict, times FROM payment_notice
        WHERE market_id = $1 AND verdict <> 'confirmed' AND verdict NOT LIKE 'no matter:%'
          AND ($3::timestamptz IS NULL OR received_at < $3)
        ORDER BY received_at DESC FETCH FIRST $2 ROWS WITH TIES
        """,
        market_id,
        limit,
        before,
    )
