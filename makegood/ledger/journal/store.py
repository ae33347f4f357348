"""All SQL for reading the ledger page by page; nothing here writes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from makegood.ledger.store import listed_sql
from makegood.store.database import Connection, Record

_ENTRY = """
    t.id, t.kind, t.debit, t.credit, t.amount_minor, t.currency, t.recipe, t.order_no, t.claim_no,
    t.rule, t.posted_at, t.posting
"""
_WISHED = """
    t.market_id = $1 AND t.posted_at >= $2 AND t.posted_at < $3 AND t.kind IN ('single', 'post')
    AND t.debit !~ '(_memo|_quota|_day|^quota_used|^refundable)'
    AND ($4 = '' OR t.recipe = $4)
    AND ($5 = '' OR t.debit LIKE $5 || ':%' OR t.credit LIKE $5 || ':%'
         OR t.debit = $5 OR t.credit = $5)
    AND ($6 = '' OR t.claim_no = $6 OR t.order_no = $6 OR t.id::text = $6
         OR t.debit = $6 OR t.credit = $6)
"""
"""Money only: memo accounts count permissions and would fill the page with echoes."""
NO_ID: Final = "00000000-0000-0000-0000-000000000000"
"""Before every entry's id."""


class EntryWish(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries: a time, and if given a recipe, a kind of account, a claim or order or id."""

    since: datetime
    until: datetime
    recipe: str = ""
    account: str = ""
    q: str = ""


async def entries(
    conn: Connection,
    market_id: str,
    wish: EntryWish,
    limit: int,
    before: tuple[datetime, str] | None = None,
) -> list[Record]:
    """One page of entries, the newest first; `before` is the last one of the page before."""
    at, id_ = before or (wish.until, "ffffffff-ffff-ffff-ffff-ffffffffffff")
    return await conn.fetch(
        f"""
        SELECT {_ENTRY} FROM transfer t
        WHERE {_WISHED} AND (t.posted_at, t.id) < ($7, $8::uuid)
        ORDER BY t.posted_at DESC, t.id DESC LIMIT $9
        """,
        *_values(market_id, wish),
        at,
        id_,
        limit,
    )


async def count_entries(conn: Connection, market_id: str, wish: EntryWish) -> int:
    """How many entries fit."""
    value: int = await conn.fetchval(
        f"SELECT count(*) FROM transfer t WHERE {_WISHED}", *_values(market_id, wish)
    )
    return value


async def entries_after(
    conn: Connection, market_id: str, wish: EntryWish, limit: int, after: Record | None
) -> list[Record]:
    """The next entries for a download, the oldest first; `after` is the last one that was sent."""
    at, id_ = (after["posted_at"], after["id"]) if after else (wish.since, NO_ID)
    return await conn.fetch(
        f"""
        SELECT {_ENTRY} FROM transfer t
        WHERE {_WISHED} AND (t.posted_at, t.id) > ($7, $8::uuid)
        ORDER BY t.posted_at, t.id LIMIT $9
        """,
        *_values(market_id, wish),
        at,
        id_,
        limit,
    )


async def recipes_in(
    conn: Connection, market_id: str, since: datetime, until: datetime
) -> list[Record]:
    """What happened in a time: how many entries of each recipe, and their sum."""
    return await conn.fetch(
        """
        SELECT recipe, count(*)::integer AS entries, sum(amount_minor)::bigint AS amount_minor
        FROM transfer t
        WHERE market_id = $1 AND posted_at >= $2 AND posted_at < $3 AND kind IN ('single', 'post')
          AND debit !~ '(_memo|_quota|_day|^quota_used|^refundable)'
        GROUP BY recipe ORDER BY recipe
        """,
        market_id,
        since,
        until,
    )


async def fund_moves(
    conn: Connection, market_id: str, currency: str, since: datetime, until: datetime
) -> list[Record]:
    """What the guarantee fund's cash took in (plus) and gave out (minus) in a time, by recipe."""
    return await conn.fetch(
        f"""
        SELECT t.recipe, t.came, sum(t.amount_minor)::bigint AS amount_minor
        FROM (
            SELECT recipe, true AS came, amount_minor FROM transfer
            WHERE market_id = $1 AND currency = $2 AND kind IN ('single', 'post')
              AND posted_at >= $3 AND posted_at < $4
              AND {listed_sql("debit")} AND debit LIKE 'guarantee\\_fund:%'
            UNION ALL
            SELECT recipe, false, -amount_minor FROM transfer
            WHERE market_id = $1 AND currency = $2 AND kind IN ('single', 'post')
              AND posted_at >= $3 AND posted_at < $4
              AND {listed_sql("credit")} AND credit LIKE 'guarantee\\_fund:%'
        ) AS t
        GROUP BY t.recipe, t.came ORDER BY t.recipe, t.came
        """,
        market_id,
        currency,
        since,
        until,
    )


async def recovered_by_party(
    conn: Connection, market_id: str, currency: str, since: datetime, until: datetime
) -> dict[str, int]:
    """What debtors paid back of advances in a time, in minor units by party."""
    rows = await conn.fetch(
        """
        SELECT split_part(credit, '_receivable:', 1) AS party,
               sum(amount_minor)::bigint AS amount_minor
        FROM transfer
        WHERE market_id = $1 AND currency = $2 AND recipe IN ('recovery', 'netted')
          AND kind IN ('single', 'post') AND posted_at >= $3 AND posted_at < $4
          AND credit LIKE '%\\_receivable:%' AND credit NOT LIKE 'sla\\_receivable:%'
        GROUP BY 1
        """,
        market_id,
        currency,
        since,
        until,
    )
    return {row["party"]: row["amount_minor"] for row in rows}


async def account_sums(conn: Connection, market_id: str) -> list[Record]:
    """Every kind of account with its sums over all its rows, by currency."""
    return await conn.fetch(
        """
        SELECT split_part(code, ':', 1) AS kind, currency, min(normal) AS normal,
               count(*)::integer AS accounts,
               sum(debits_posted)::bigint AS debits_posted,
               sum(credits_posted)::bigint AS credits_posted,
               sum(debits_pending)::bigint AS debits_pending,
               sum(credits_pending)::bigint AS credits_pending
        FROM ledger_account WHERE market_id = $1
        GROUP BY 1, 2 ORDER BY 1, 2
        """,
        market_id,
    )


async def refunds(
    conn: Connection,
    market_id: str,
    states: Sequence[str],
    channel: str,
    q: str,
    limit: int,
    after: tuple[datetime, str] | None = None,
) -> list[Record]:
    """One page of the refund board, the longest waiting first."""
    return await conn.fetch(
        """
        SELECT refund_no, claim_no, order_no, channel, trade_no, amount_minor, currency, state,
               reason, answer, contradiction, ordered_at, changed_at, sent_at, due_at
        FROM refund
        WHERE market_id = $1 AND state = ANY ($2) AND ($3 = '' OR channel = $3)
          AND ($4 = '' OR $4 IN (claim_no, order_no, refund_no, trade_no))
          AND ($5::timestamptz IS NULL OR (ordered_at, refund_no) > ($5, $6))
        ORDER BY ordered_at, refund_no LIMIT $7
        """,
        market_id,
        list(states),
        channel,
        q,
        after[0] if after else None,
        after[1] if after else "",
        limit,
    )


async def count_refunds(
    conn: Connection, market_id: str, states: Sequence[str], channel: str, q: str
) -> int:
    """How many refunds a filter of the board finds."""
    value: int = await conn.fetchval(
        """
        SELECT count(*) FROM refund
        WHERE market_id = $1 AND state = ANY ($2) AND ($3 = '' OR channel = $3)
          AND ($4 = '' OR $4 IN (claim_no, order_no, refund_no, trade_no))
        """,
        market_id,
        list(states),
        channel,
        q,
    )
    return value


async def channels(conn: Connection, market_id: str) -> list[str]:
    """The channels that refunds went through."""
    rows = await conn.fetch(
        "SELECT DISTINCT channel FROM refund WHERE market_id = $1 ORDER BY channel", market_id
    )
    return [row["channel"] for row in rows]


def _values(market_id: str, wish: EntryWish) -> tuple[object, ...]:
    return market_id, wish.since, wish.until, wish.recipe, wish.account, wish.q
