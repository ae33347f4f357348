"""How the logs of all markets stand, for metrics and doctor: one query."""

from datetime import datetime

import msgspec

from makegood.store.database import Connection


class LogStanding(msgspec.Struct, frozen=True, kw_only=True):
    """One market's log in figures."""

    market_id: str
    origin: str
    size: int
    signed_size: int
    signed_at: datetime | None
    trouble: str | None
    waiting: int
    oldest_waiting_at: datetime | None
    problems: int | None
    """What the last full check found; None when there was none."""


async def log_standings(conn: Connection) -> list[LogStanding]:
    """Every log, by market."""
    rows = await conn.fetch(
        """
        select h.market_id, h.origin, h.size, h.signed_size, h.signed_at, h.trouble,
               (select count(*) from log_pending p where p.market_id = h.market_id) as waiting,
               (select e.at from log_pending p
                join event e on e.market_id = p.market_id and e.stream = p.stream
                    and e.version = p.version
                where p.market_id = h.market_id order by p.place limit 1) as oldest_waiting_at,
               jsonb_array_length(c.problems) as problems
        from log_head h left join log_check c using (market_id) order by h.market_id
        """
    )
    return [LogStanding(**row) for row in rows]
