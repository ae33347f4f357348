"""SQL about a seller's orders whose money is still in escrow."""

from collections.abc import Sequence
from datetime import datetime

from makegood.store.database import Connection, Record


async def first_order_at(conn: Connection, market_id: str, seller_id: str) -> datetime | None:
    """When the seller's first order was placed; None while there is none."""
    value: datetime | None = await conn.fetchval(
        """
        SELECT placed_at FROM order_head WHERE market_id = $1 AND seller_id = $2
        ORDER BY placed_at LIMIT 1
        """,
        market_id,
        seller_id,
    )
    return value


async def orders_in_escrow(
    conn: Connection,
    market_id: str,
    seller_id: str,
    currency: str,
    limit: int,
    *,
    after: Record | None = None,
    only: Sequence[str] | None = None,
) -> list[Record]:
    """Orders of a seller whose money is still in escrow, the oldest first: number and amount.

    `after` is the last one of the page before; `only` looks at these orders alone.
    """
    return await conn.fetch(
        """
        SELECT o.order_no, o.placed_at,
               (a.credits_posted - a.debits_posted - a.debits_pending)::bigint AS amount_minor
        FROM (SELECT order_no, placed_at FROM order_head
              WHERE market_id = $1 AND seller_id = $2
                AND ($5::text[] IS NULL OR order_no = ANY ($5))
                AND ($6::timestamptz IS NULL OR (placed_at, order_no) > ($6, $7))) AS o,
             LATERAL (
                 SELECT credits_posted, debits_posted, debits_pending FROM ledger_account
                 WHERE market_id = $1 AND code = 'escrow:' || o.order_no AND currency = $3
                   AND credits_posted > debits_posted + debits_pending
                 OFFSET 0
             ) AS a
        ORDER BY o.placed_at, o.order_no
        LIMIT $4
        """,
        market_id,
        seller_id,
        currency,
        limit,
        None if only is None else list(only),
        after["placed_at"] if after else None,
        after["order_no"] if after else "",
    )


async def escrow_minor(conn: Connection, market_id: str, seller_id: str, currency: str) -> int:
    """All that is in escrow for a seller's orders."""
    value: int = await conn.fetchval(
        """
        SELECT coalesce(sum(a.left_minor), 0)::bigint
        FROM (SELECT order_no FROM order_head WHERE market_id = $1 AND seller_id = $2) AS o,
             LATERAL (
                 SELECT credits_posted - debits_posted - debits_pending AS left_minor
                 FROM ledger_account
                 WHERE market_id = $1 AND code = 'escrow:' || o.order_no AND currency = $3
                 OFFSET 0
             ) AS a
        """,
        market_id,
        seller_id,
        currency,
    )
    return value


async def newest_of_seller(
    conn: Connection, market_id: str, seller_id: str, limit: int
) -> list[str]:
    """The numbers of a seller's newest orders."""
    rows = await conn.fetch(
        """
        SELECT order_no FROM order_head WHERE market_id = $1 AND seller_id = $2
        ORDER BY placed_at DESC, order_no LIMIT $3
        """,
        market_id,
        seller_id,
        limit,
    )
    return [row["order_no"] for row in rows]
