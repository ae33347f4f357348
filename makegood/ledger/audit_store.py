"""SQL of the audits: each query looks for one kind of difference that must never exist."""

from datetime import datetime

from makegood.store.database import Connection, Record


async def sides_that_differ(conn: Connection, market_id: str) -> list[Record]:
    """Currencies whose debits and credits differ, posted or pending."""
    return await conn.fetch(
        """
        SELECT currency,
               (sum(debits_posted) - sum(credits_posted))::bigint AS posted_minor,
               (sum(debits_pending) - sum(credits_pending))::bigint AS pending_minor
        FROM ledger_account WHERE market_id = $1
        GROUP BY currency
        HAVING sum(debits_posted) <> sum(credits_posted)
            OR sum(debits_pending) <> sum(credits_pending)
        """,
        market_id,
    )


async def balances_that_differ(conn: Connection, market_id: str) -> list[Record]:
    """Accounts whose cached sums are not what their transfers add up to."""
    return await conn.fetch(
        """
        WITH moved AS (
            SELECT t.debit, t.credit, t.currency,
                   CASE WHEN t.kind IN ('single', 'post') THEN t.amount_minor ELSE 0 END AS posted,
                   CASE t.kind WHEN 'pending' THEN t.amount_minor
                               WHEN 'single' THEN 0 ELSE -t.amount_minor END AS pending
            FROM transfer t
            WHERE t.market_id = $1
        ), sums AS (
            SELECT code, currency, sum(dp)::bigint AS dp, sum(cp)::bigint AS cp,
                   sum(dq)::bigint AS dq, sum(cq)::bigint AS cq
            FROM (
                SELECT debit AS code, currency, posted AS dp, 0 AS cp, pending AS dq, 0 AS cq
                FROM moved
                UNION ALL
                SELECT credit, currency, 0, posted, 0, pending FROM moved
            ) AS sides
            GROUP BY code, currency
        )
        SELECT coalesce(a.code, s.code) AS code,
               (coalesce(a.debits_posted, 0) - coalesce(s.dp, 0)
                - coalesce(a.credits_posted, 0) + coalesce(s.cp, 0))::bigint AS amount_minor
        FROM (SELECT code, currency, debits_posted, credits_posted, debits_pending,
                     credits_pending
              FROM ledger_account WHERE market_id = $1) AS a
        FULL JOIN sums s ON s.code = a.code AND s.currency = a.currency
        WHERE (coalesce(a.debits_posted, 0), coalesce(a.credits_posted, 0),
               coalesce(a.debits_pending, 0), coalesce(a.credits_pending, 0))
           <> (coalesce(s.dp, 0), coalesce(s.cp, 0), coalesce(s.dq, 0), coalesce(s.cq, 0))
        """,
        market_id,
    )


async def pendings_without_refund(
    conn: Connection, market_id: str, older_than: datetime
) -> list[Record]:
    """Refund money still pending although no refund of its claim is on its way."""
    return await conn.fetch(
        """
        SELECT p.debit AS code, p.amount_minor
        FROM transfer p
        WHERE p.market_id = $1 AND p.kind = 'pending' AND p.recipe = 'refund'
          AND p.posted_at < $2
          AND NOT EXISTS (SELECT FROM transfer r
                          WHERE r.market_id = p.market_id AND r.pending_id = p.id)
          AND NOT EXISTS (SELECT FROM refund f
                          WHERE f.market_id = p.market_id AND f.claim_no = p.claim_no
                            AND f.state NOT IN ('arrived', 'refused'))
        """,
        market_id,
        older_than,
    )


async def refunds_not_booked(conn: Connection, market_id: str) -> list[Record]:
    """Legs where the money that arrived and the money that the ledger posted differ."""
    return await conn.fetch(
        """
        WITH arrived AS (
            SELECT 'refundable_leg:' || channel || '/' || trade_no AS code,
                   sum(amount_minor)::bigint AS amount_minor
            FROM refund WHERE market_id = $1 AND state = 'arrived'
            GROUP BY 1
        ), posted AS (
            SELECT debit AS code, sum(amount_minor)::bigint AS amount_minor
            FROM transfer
            WHERE market_id = $1 AND recipe = 'refund' AND kind = 'post'
              AND debit LIKE 'refundable_leg:%'
            GROUP BY 1
        )
        SELECT coalesce(a.code, p.code) AS code,
               (coalesce(a.amount_minor, 0) - coalesce(p.amount_minor, 0))::bigint AS amount_minor
        FROM arrived a FULL JOIN posted p ON p.code = a.code
        WHERE coalesce(a.amount_minor, 0) <> coalesce(p.amount_minor, 0)
        """,
        market_id,
    )


async def legs_over_refunded(conn: Connection, market_id: str) -> list[Record]:
    """Payment legs of which more went back, or is going back, than was paid."""
    return await conn.fetch(
        """
        SELECT p.channel || '/' || p.trade_no AS code,
               (sum(r.amount_minor) - p.amount_minor)::bigint AS amount_minor
        FROM payment p
        JOIN refund r ON r.market_id = p.market_id AND r.channel = p.channel
                     AND r.trade_no = p.trade_no AND r.state <> 'refused'
        WHERE p.market_id = $1
        GROUP BY p.channel, p.trade_no, p.amount_minor
        HAVING sum(r.amount_minor) > p.amount_minor
        """,
        market_id,
    )


async def transfers_without_event(conn: Connection, market_id: str) -> list[Record]:
    """Transfers that their posting's event does not name."""
    return await conn.fetch(
        """
        SELECT t.debit AS code, t.amount_minor
        FROM transfer AS t
        LEFT JOIN event AS e ON e.market_id = t.market_id AND e.version = 1
                            AND e.stream = 'ledger/' || t.posting
        WHERE t.market_id = $1
          AND NOT coalesce(
              convert_from(e.body, 'UTF8')::jsonb -> 'transfers' ? t.id::text, false)
        """,
        market_id,
    )


async def events_without_transfer(conn: Connection, market_id: str) -> list[Record]:
    """Ids that a posting's event names and the book does not hold under that posting."""
    return await conn.fetch(
        """
        SELECT named.id AS code, 0::bigint AS amount_minor
        FROM event AS e,
             jsonb_array_elements_text(convert_from(e.body, 'UTF8')::jsonb -> 'transfers')
                 AS named (id)
        WHERE e.market_id = $1 AND e.stream >= 'ledger/' AND e.stream < 'ledger0'
          AND NOT EXISTS (
              SELECT FROM transfer AS t
              WHERE t.market_id = $1 AND t.id = named.id::uuid
                AND e.stream = 'ledger/' || t.posting)
        """,
        market_id,
    )
