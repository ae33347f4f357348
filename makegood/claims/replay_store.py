"""The listed rows as they are stored, to be compared with what the events say."""

from collections.abc import Sequence

import msgspec

from makegood.claims.rows import Row
from makegood.store.database import Connection


async def claim_numbers(conn: Connection, market_id: str, after: str, limit: int) -> list[str]:
    """The next claim numbers of the market, in their order."""
    rows = await conn.fetch(
        """
        select claim_no from claim where market_id = $1 and claim_no > $2
        order by claim_no limit $3
        """,
        market_id,
        after,
        limit,
    )
    return [row["claim_no"] for row in rows]


async def stored_rows(conn: Connection, market_id: str, claim_nos: Sequence[str]) -> dict[str, Row]:
    """The rows of these claims by number."""
    rows = await conn.fetch(
        """
        select claim_no, version, state, is_open, lane, class_no, queue_at, owner_id, owner_name,
               reviewer_id, awaits_approval, has_tasks, changed_at, closed_at, next_deadline_at,
               next_deadline_kind, finding, remedy, refunded_minor, root_cause, rating
        from claim where market_id = $1 and claim_no = any ($2)
        """,
        market_id,
        list(claim_nos),
    )
    return {row["claim_no"]: msgspec.convert(dict(row), Row) for row in rows}
