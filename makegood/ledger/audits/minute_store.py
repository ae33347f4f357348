"""SQL of the audit of every minute: exact about all that moved since the last one.

A transfer is new to this audit when its transaction was not visible in the last one's snapshot.
That holds whatever the order of numbers and commits, so nothing is skipped and nothing counted
twice. Everything that is compared is read by one statement, so by one snapshot.
"""

from datetime import datetime

from makegood.store.database import Connection, Record

SLICE = 20_000
"""Accounts that are looked at in each run although nothing moved them; the next run goes on."""

_MOVED = """
    SELECT market_id, id, debit, credit, currency, posting, claim_no, recipe,
           CASE WHEN kind IN ('single', 'post') THEN amount_minor ELSE 0 END AS posted,
           CASE kind WHEN 'pending' THEN amount_minor WHEN 'single' THEN 0
                     ELSE -amount_minor END AS pending
    FROM transfer
    WHERE $1::text IS NULL
       OR (tx >= pg_snapshot_xmin($1::text::pg_snapshot)
           AND NOT pg_visible_in_snapshot(tx, $1::text::pg_snapshot))
"""


async def take_turn(tx: Connection) -> Record | None:
    """Lock the audit's state; None while another process audits."""
    return await tx.fetchrow(
        """
        SELECT seen::text AS seen, cursor_market, cursor_code, ran_at, whole_at
        FROM ledger_audit_state FOR UPDATE SKIP LOCKED
        """
    )


async def accounts_that_differ(tx: Connection, turn: Record) -> list[Record]:
    """Accounts whose sums are not the last audit's plus what moved since; goes one step on."""
    return await tx.fetch(
        f"""
        WITH moved AS MATERIALIZED ({_MOVED}), sums AS MATERIALIZED (
            SELECT market_id, code, currency, sum(dp)::bigint AS dp, sum(cp)::bigint AS cp,
                   sum(dq)::bigint AS dq, sum(cq)::bigint AS cq
            FROM (
                SELECT market_id, debit AS code, currency, posted AS dp, 0 AS cp, pending AS dq,
                       0 AS cq
                FROM moved
                UNION ALL
                SELECT market_id, credit, currency, 0, posted, 0, pending FROM moved
            ) AS sides
            GROUP BY market_id, code, currency
        ), slice AS MATERIALIZED (
            SELECT market_id, code, currency FROM ledger_account
            WHERE (market_id, code) > ($2, $3 COLLATE "C")
            ORDER BY market_id, code
            FETCH FIRST {SLICE} ROWS WITH TIES
        ), last AS (
            SELECT market_id, code FROM slice
            WHERE (SELECT count(*) FROM slice) >= {SLICE}
            ORDER BY market_id DESC, code DESC LIMIT 1
        ), looked_at AS (
            SELECT market_id, code, currency FROM sums
            UNION
            SELECT market_id, code, currency FROM slice
            UNION
            SELECT b.market_id, b.code, b.currency FROM ledger_audited AS b
            WHERE (b.market_id, b.code) > ($2, $3 COLLATE "C")
              AND (b.market_id, b.code) <= (
                  coalesce((SELECT market_id FROM last), chr(1114111)),
                  coalesce((SELECT code FROM last), chr(1114111)))
        ), expected AS MATERIALIZED (
            SELECT k.market_id, k.code, k.currency, s.code IS NOT NULL AS touched,
                   coalesce(b.debits_posted, 0) + coalesce(s.dp, 0) AS dp,
                   coalesce(b.credits_posted, 0) + coalesce(s.cp, 0) AS cp,
                   coalesce(b.debits_pending, 0) + coalesce(s.dq, 0) AS dq,
                   coalesce(b.credits_pending, 0) + coalesce(s.cq, 0) AS cq
            FROM looked_at AS k
            LEFT JOIN sums AS s USING (market_id, code, currency)
            LEFT JOIN ledger_audited AS b USING (market_id, code, currency)
        ), kept AS (
            INSERT INTO ledger_audited AS b (market_id, code, currency, debits_posted,
                                             credits_posted, debits_pending, credits_pending)
            SELECT market_id, code, currency, dp, cp, dq, cq FROM expected WHERE touched
            ON CONFLICT (market_id, code, currency) DO UPDATE SET
                debits_posted = excluded.debits_posted, credits_posted = excluded.credits_posted,
                debits_pending = excluded.debits_pending, credits_pending = excluded.credits_pending
        ), noted AS (
            UPDATE ledger_audit_state SET seen = pg_current_snapshot(),
                moved = (SELECT count(*) FROM moved),
                cursor_market = coalesce((SELECT market_id FROM last), ''),
                cursor_code = coalesce((SELECT code FROM last), '')
        )
        SELECT e.market_id, e.code, e.currency,
               (coalesce(a.debits_posted, 0) - e.dp - coalesce(a.credits_posted, 0) + e.cp
                + coalesce(a.debits_pending, 0) - e.dq
                - coalesce(a.credits_pending, 0) + e.cq)::bigint AS amount_minor
        FROM expected AS e
        LEFT JOIN ledger_account AS a USING (market_id, code, currency)
        WHERE (e.dp, e.cp, e.dq, e.cq) <> (
            coalesce(a.debits_posted, 0), coalesce(a.credits_posted, 0),
            coalesce(a.debits_pending, 0), coalesce(a.credits_pending, 0))
        """,
        turn["seen"],
        turn["cursor_market"],
        turn["cursor_code"],
    )


async def postings_without_event(tx: Connection, turn: Record) -> list[Record]:
    """Sets of transfers that moved since and are not exactly those that their event names."""
    return await tx.fetch(
        f"""
        WITH sets AS (
            SELECT market_id, currency, posting, array_agg(id ORDER BY id) AS ids,
                   min(debit) AS code, sum(posted + abs(pending))::bigint AS amount_minor
            FROM ({_MOVED}) AS moved GROUP BY market_id, currency, posting
        )
        SELECT s.market_id, s.currency, s.code, s.amount_minor
        FROM sets AS s
        LEFT JOIN event AS e ON e.market_id = s.market_id AND e.version = 1
                            AND e.stream = 'ledger/' || s.posting
        WHERE e.body IS NULL OR NOT s.ids <@ (
            SELECT array_agg(named::uuid)
            FROM jsonb_array_elements_text(convert_from(e.body, 'UTF8')::jsonb -> 'transfers')
                     AS named)
        """,
        turn["seen"],
    )


async def ways_that_differ(tx: Connection) -> list[Record]:
    """Channels whose reserved refund money is not that of the refunds on their way."""
    return await tx.fetch(
        r"""
        WITH held AS (
            SELECT m.market_id, a.currency,
                   regexp_replace(substr(a.code, 16), '\.[0-9]+$', '') AS channel,
                   sum(a.credits_pending + a.credits_posted - a.debits_posted)::bigint AS minor
            FROM ledger_market AS m JOIN ledger_account AS a ON a.market_id = m.market_id
             AND a.code >= 'refund_transit:' AND a.code < 'refund_transit;'
            GROUP BY 1, 2, 3
        ), under_way AS (
            SELECT market_id, currency, channel, sum(amount_minor)::bigint AS minor
            FROM refund
            WHERE state NOT IN ('arrived', 'refused') AND leg_kind <> 'coupon'
            GROUP BY 1, 2, 3
        )
        SELECT coalesce(h.market_id, u.market_id) AS market_id,
               coalesce(h.currency, u.currency) AS currency,
               'refund_transit:' || coalesce(h.channel, u.channel) AS code,
               (coalesce(h.minor, 0) - coalesce(u.minor, 0))::bigint AS amount_minor
        FROM held AS h FULL JOIN under_way AS u
          ON u.market_id = h.market_id AND u.currency = h.currency AND u.channel = h.channel
        WHERE coalesce(h.minor, 0) <> coalesce(u.minor, 0)
        """
    )


async def claims_not_booked(tx: Connection, turn: Record, since: datetime) -> list[Record]:
    """Claims that moved since whose refunds that arrived are not what the ledger posted."""
    return await tx.fetch(
        f"""
        WITH touched AS (
            SELECT DISTINCT market_id, claim_no FROM ({_MOVED}) AS moved
            WHERE recipe = 'refund'
            UNION
            SELECT DISTINCT market_id, claim_no FROM refund WHERE changed_at >= $2
        )
        SELECT t.market_id, b.currency, 'claim ' || t.claim_no AS code,
               (b.arrived - b.posted)::bigint AS amount_minor
        FROM touched AS t, LATERAL (
            SELECT currency, sum(arrived) AS arrived, sum(posted) AS posted
            FROM (
                SELECT currency, amount_minor AS arrived, 0 AS posted FROM refund
                WHERE market_id = t.market_id AND claim_no = t.claim_no AND state = 'arrived'
                UNION ALL
                SELECT currency, 0, amount_minor FROM transfer
                WHERE market_id = t.market_id AND claim_no = t.claim_no AND claim_no <> ''
                  AND recipe = 'refund' AND kind = 'post'
                  AND debit >= 'refundable_leg:' AND debit < 'refundable_leg;'
            ) AS both_books
            GROUP BY currency
        ) AS b
        WHERE b.arrived <> b.posted
        """,
        turn["seen"],
        since,
    )


async def note_run(tx: Connection, now: datetime, took_ms: int) -> None:
    """Note when the audit ran and how long it took."""
    await tx.execute("UPDATE ledger_audit_state SET ran_at = $1, took_ms = $2", now, took_ms)


async def note_whole_run(tx: Connection, now: datetime) -> None:
    """Note when everything was added up again from the first transfer."""
    await tx.execute("UPDATE ledger_audit_state SET whole_at = $1", now)


async def read_state(conn: Connection) -> Record | None:
    """When the audits ran, how long the last one took, and how much had moved."""
    return await conn.fetchrow("SELECT ran_at, took_ms, moved, whole_at FROM ledger_audit_state")


async def markets(conn: Connection) -> list[str]:
    """The markets that have a book."""
    rows = await conn.fetch("SELECT market_id FROM ledger_market ORDER BY market_id")
    return [row["market_id"] for row in rows]
