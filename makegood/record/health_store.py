"""SQL of how the record fares, over events that wait for the log."""

from datetime import datetime

import msgspec

from makegood.store.database import Connection


class Backlog(msgspec.Struct, frozen=True):
    """Events that are not in the log yet."""

    count: int
    oldest_at: datetime | None


async def load_backlog(conn: Connection, market_id: str) -> Backlog:
    """How many events wait, and since when the oldest does."""
    row = await conn.fetchrow(
        """
        select count(*) as count, min(e.at) as oldest_at
        from (select stream, version from log_pending where market_id = $1
              order by place limit 10000) p
        join event e on e.market_id = $1 and e.stream = p.stream and e.version = p.version
        """,
        market_id,
    )
    assert row is not None
    return Backlog(row["count"], row["oldest_at"])
