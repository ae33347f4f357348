"""SQL of what must agree at every moment in few rows: debts, quota, coupons."""

from makegood.store.database import Connection, Record


async def debts_that_differ(conn: Connection) -> list[Record]:
    """Debts where the receivable, the list of debts and the quota in use do not say the same."""
    return await conn.fetch(
        """
        WITH owed AS (
            SELECT m.market_id, a.currency, a.code, a.debits_posted - a.credits_posted AS minor
            FROM ledger_market AS m, unnest(ARRAY['seller_receivable:', 'supplier_receivable:',
                                           'channel_receivable:', 'sla_receivable:'])
                     AS kind (first)
            JOIN LATERAL (
                SELECT currency, code, debits_posted, credits_posted FROM ledger_account
                WHERE market_id = m.market_id AND code >= kind.first COLLATE "C"
                  AND code < (rtrim(kind.first, ':') || ';') COLLATE "C"
            ) AS a ON true
        ), listed AS (
            SELECT market_id, currency, party || '_receivable:' || claim_no AS code,
                   advanced_minor - recovered_minor - written_off_minor AS minor
            FROM advance
        )
        SELECT coalesce(o.market_id, l.market_id) AS market_id,
               coalesce(o.currency, l.currency) AS currency, coalesce(o.code, l.code) AS code,
               (coalesce(o.minor, 0) - coalesce(l.minor, 0))::bigint AS amount_minor
        FROM owed AS o FULL JOIN listed AS l
          ON l.market_id = o.market_id AND l.currency = o.currency AND l.code = o.code
        WHERE coalesce(o.minor, 0) <> coalesce(l.minor, 0)
        """
    )


async def quotas_that_differ(conn: Connection) -> list[Record]:
    """Currencies where the quota in use is not what is owed to the platform."""
    return await conn.fetch(
        """
        WITH owed AS (
            SELECT market_id, currency,
                   sum(advanced_minor - recovered_minor - written_off_minor)::bigint AS minor
            FROM advance WHERE party <> 'sla' GROUP BY 1, 2
        ), used AS (
            SELECT m.market_id, a.currency,
                   sum(a.credits_posted - a.debits_posted)::bigint AS minor
            FROM ledger_market AS m JOIN ledger_account AS a ON a.market_id = m.market_id
             AND a.code >= 'quota_used:' AND a.code < 'quota_used;'
            GROUP BY 1, 2
        )
        SELECT coalesce(o.market_id, u.market_id) AS market_id,
               coalesce(o.currency, u.currency) AS currency, 'quota_used' AS code,
               (coalesce(o.minor, 0) - coalesce(u.minor, 0))::bigint AS amount_minor
        FROM owed AS o
        FULL JOIN used AS u ON u.market_id = o.market_id AND u.currency = o.currency
        WHERE coalesce(o.minor, 0) <> coalesce(u.minor, 0)
        """
    )


async def coupons_that_differ(conn: Connection) -> list[Record]:
    """Currencies where the coupons that may still be used are not what is owed for them."""
    return await conn.fetch(
        """
        WITH open_ones AS (
            SELECT market_id, currency, sum(amount_minor)::bigint AS minor
            FROM coupon WHERE state = 'issued' GROUP BY 1, 2
        ), owed AS (
            SELECT m.market_id, a.currency,
                   sum(a.credits_posted - a.debits_posted)::bigint AS minor
            FROM ledger_market AS m JOIN ledger_account AS a ON a.market_id = m.market_id
             AND a.code >= 'coupon_liability:compensation-'
             AND a.code < 'coupon_liability:compensation.'
            GROUP BY 1, 2
        )
        SELECT coalesce(o.market_id, c.market_id) AS market_id,
               coalesce(o.currency, c.currency) AS currency, 'coupon_liability' AS code,
               (coalesce(o.minor, 0) - coalesce(c.minor, 0))::bigint AS amount_minor
        FROM owed AS o
        FULL JOIN open_ones AS c ON c.market_id = o.market_id AND c.currency = o.currency
        WHERE coalesce(o.minor, 0) <> coalesce(c.minor, 0)
        """
    )
