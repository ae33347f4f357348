"""SQL of the figures of a month."""

from collections.abc import Sequence
from datetime import datetime

from makegood.ledger.store import listed_sql
from makegood.store.database import Connection, Record


async def buyer_month(
    conn: Connection,
    market_id: str,
    order_nos: Sequence[str],
    claim_nos: Sequence[str],
    since: datetime,
    until: datetime,
    currency: str,
) -> Record:
    """Payments of the orders, refunds of those payments, coupons of the claims, in the span."""
    row = await conn.fetchrow(
        """
        WITH leg AS (
            SELECT p.channel, p.trade_no, p.order_no, p.kind, p.amount_minor, p.paid_at
            FROM unnest($2::text[]) AS wanted (order_no)
            JOIN payment AS p ON p.market_id = $1 AND p.order_no = wanted.order_no
                             AND p.currency = $6
        ), paid AS (
            SELECT count(DISTINCT order_no)::integer AS orders,
                   coalesce(sum(amount_minor), 0)::bigint AS paid_minor,
                   coalesce(sum(amount_minor) FILTER (WHERE kind = 'coupon'), 0)::bigint
                       AS coupons_minor
            FROM leg WHERE paid_at >= $4 AND paid_at < $5
        ), back AS (
            SELECT coalesce(sum(r.amount_minor), 0)::bigint AS refunded_minor
            FROM leg JOIN refund AS r ON r.market_id = $1 AND r.channel = leg.channel
                                     AND r.trade_no = leg.trade_no
            WHERE r.state = 'arrived' AND r.changed_at >= $4 AND r.changed_at < $5
        ), given AS (
            SELECT coalesce(sum(c.amount_minor), 0)::bigint AS compensation_minor
            FROM unnest($3::text[]) AS wanted (claim_no)
            JOIN coupon AS c ON c.market_id = $1 AND c.claim_no = wanted.claim_no
            WHERE c.currency = $6 AND c.issued_at >= $4 AND c.issued_at < $5
        )
        SELECT orders, paid_minor, coupons_minor, refunded_minor, compensation_minor
        FROM paid, back, given
        """,
        market_id,
        list(order_nos),
        list(claim_nos),
        since,
        until,
        currency,
    )
    assert row is not None, "sums always have a row"
    return row


async def seller_moves(
    conn: Connection,
    market_id: str,
    codes: Sequence[str],
    since: datetime,
    until: datetime,
    currency: str,
) -> list[Record]:
    """What came to and went from these accounts in the span, by recipe."""
    return await conn.fetch(
        f"""
        SELECT recipe, sum(came)::bigint AS came_minor, sum(went)::bigint AS went_minor
        FROM (
            SELECT recipe, amount_minor AS came, 0 AS went FROM transfer
            WHERE market_id = $1 AND credit = ANY ($2) AND posted_at >= $3 AND posted_at < $4
              AND currency = $5 AND kind IN ('single', 'post')
              AND {listed_sql("credit")}
            UNION ALL
            SELECT recipe, 0, amount_minor FROM transfer
            WHERE market_id = $1 AND debit = ANY ($2) AND posted_at >= $3 AND posted_at < $4
              AND currency = $5 AND kind IN ('single', 'post')
              AND {listed_sql("debit")}
        ) AS moved
        GROUP BY recipe
        """,
        market_id,
        list(codes),
        since,
        until,
        currency,
    )
