"""All SQL of disputes."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from makegood.ledger.disputes.rules import Reserve, StoredDispute
from makegood.store.database import Connection, Record

_COLUMNS = """
    channel, dispute_ref, kind, state, trade_no, order_no, amount_minor, currency, reason, source,
    claim_no, after_minor, reserve, opened_at, due_at, told_at, answered_at, ended_at
"""


async def insert_dispute(tx: Connection, market_id: str, dispute: StoredDispute) -> bool:
    """Write a new dispute; False when it is known already."""
    written = await tx.fetchval(
        f"""
        INSERT INTO dispute (market_id, {_COLUMNS})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                $19)
        ON CONFLICT (market_id, channel, dispute_ref) DO NOTHING
        RETURNING true
        """,
        market_id,
        dispute.channel,
        dispute.dispute_ref,
        dispute.kind,
        dispute.state,
        dispute.trade_no,
        dispute.order_no,
        dispute.amount_minor,
        dispute.currency,
        dispute.reason,
        dispute.source,
        dispute.claim_no,
        dispute.after_minor,
        dispute.reserve,
        dispute.opened_at,
        dispute.due_at,
        dispute.told_at,
        dispute.answered_at,
        dispute.ended_at,
    )
    return bool(written)


async def save_dispute(tx: Connection, market_id: str, dispute: StoredDispute) -> None:
    """Store what may change of a dispute that was read with a lock."""
    await tx.execute(
        """
        UPDATE dispute SET kind = $4, state = $5, reason = $6, claim_no = $7, after_minor = $8,
            reserve = $9, due_at = $10, told_at = $11, answered_at = $12, ended_at = $13
        WHERE market_id = $1 AND channel = $2 AND dispute_ref = $3
        """,
        market_id,
        dispute.channel,
        dispute.dispute_ref,
        dispute.kind,
        dispute.state,
        dispute.reason,
        dispute.claim_no,
        dispute.after_minor,
        dispute.reserve,
        dispute.due_at,
        dispute.told_at,
        dispute.answered_at,
        dispute.ended_at,
    )


async def lock_dispute(
    tx: Connection, market_id: str, channel: str, dispute_ref: str
) -> StoredDispute | None:
    """One dispute, locked until the transaction ends."""
    row = await tx.fetchrow(
        f"""
        SELECT {_COLUMNS} FROM dispute
        WHERE market_id = $1 AND channel = $2 AND dispute_ref = $3 FOR UPDATE
        """,
        market_id,
        channel,
        dispute_ref,
    )
    return None if row is None else _dispute(row)


async def read_dispute(
    conn: Connection, market_id: str, channel: str, dispute_ref: str
) -> StoredDispute | None:
    """One dispute as it is now."""
    row = await conn.fetchrow(
        f"""
        SELECT {_COLUMNS} FROM dispute
        WHERE market_id = $1 AND channel = $2 AND dispute_ref = $3
        """,
        market_id,
        channel,
        dispute_ref,
    )
    return None if row is None else _dispute(row)


async def disputes_of_claim(conn: Connection, market_id: str, claim_no: str) -> list[StoredDispute]:
    """The disputes that joined a claim, oldest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM dispute WHERE market_id = $1 AND claim_no = $2 AND claim_no <> ''
        ORDER BY opened_at, channel, dispute_ref
        """,
        market_id,
        claim_no,
    )
    return [_dispute(row) for row in rows]


async def disputes_of_order(conn: Connection, market_id: str, order_no: str) -> list[StoredDispute]:
    """The disputes of an order's payments, oldest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM dispute WHERE market_id = $1 AND order_no = $2 AND order_no <> ''
        ORDER BY opened_at, channel, dispute_ref
        """,
        market_id,
        order_no,
    )
    return [_dispute(row) for row in rows]


async def list_disputes(
    conn: Connection, market_id: str, states: Sequence[str], limit: int = 100
) -> list[StoredDispute]:
    """Disputes in these states, the nearest deadline first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM dispute WHERE market_id = $1 AND state = ANY ($2)
        ORDER BY ended_at DESC NULLS FIRST, due_at NULLS LAST, opened_at, channel, dispute_ref
        LIMIT $3
        """,
        market_id,
        list(states),
        limit,
    )
    return [_dispute(row) for row in rows]


async def counts_by_state(conn: Connection, market_id: str) -> dict[str, int]:
    """How many disputes each state holds."""
    rows = await conn.fetch(
        """
        SELECT state, count(*)::integer AS disputes FROM dispute
        WHERE market_id = $1 GROUP BY state
        """,
        market_id,
    )
    return {row["state"]: row["disputes"] for row in rows}


async def open_disputes(
    conn: Connection, before: datetime, limit: int = 200
) -> list[tuple[str, str, str]]:
    """(market, channel, ref) of disputes that a channel told and nobody asked about lately."""
    rows = await conn.fetch(
        """
        SELECT market_id, channel, dispute_ref FROM dispute
        WHERE ended_at IS NULL AND source = 'channel' AND told_at < $1
        ORDER BY told_at LIMIT $2
        """,
        before,
        limit,
    )
    return [(row["market_id"], row["channel"], row["dispute_ref"]) for row in rows]


async def disputes_that_differ(conn: Connection) -> list[Record]:
    """Channels, of all markets, where the money held by disputes is not that of the open ones."""
    return await conn.fetch(
        r"""
        WITH held AS (
            SELECT m.market_id, a.currency,
                   regexp_replace(substr(a.code, 14), '\.[0-9]+$', '') AS channel,
                   sum(a.debits_posted - a.credits_posted)::bigint AS minor
            FROM ledger_market AS m JOIN ledger_account AS a ON a.market_id = m.market_id
             AND a.code >= 'dispute_held:' AND a.code < 'dispute_held;'
            GROUP BY 1, 2, 3
        ), open AS (
            SELECT market_id, currency, channel, sum(amount_minor)::bigint AS minor
            FROM dispute WHERE kind = 'chargeback' AND ended_at IS NULL
            GROUP BY 1, 2, 3
        )
        SELECT coalesce(h.market_id, o.market_id) AS market_id,
               coalesce(h.currency, o.currency) AS currency,
               'dispute_held:' || coalesce(h.channel, o.channel) AS code,
               (coalesce(h.minor, 0) - coalesce(o.minor, 0))::bigint AS amount_minor
        FROM held AS h FULL JOIN open AS o
          ON o.market_id = h.market_id AND o.currency = h.currency AND o.channel = h.channel
        WHERE coalesce(h.minor, 0) <> coalesce(o.minor, 0)
        """
    )


def _dispute(row: Record) -> StoredDispute:
    reserve = row["reserve"]
    return StoredDispute(
        channel=row["channel"],
        dispute_ref=row["dispute_ref"],
        kind=row["kind"],
        state=row["state"],
        trade_no=row["trade_no"],
        order_no=row["order_no"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        reason=row["reason"],
        source=row["source"],
        claim_no=row["claim_no"],
        after_minor=row["after_minor"],
        reserve=None if reserve is None else msgspec.convert(reserve, Reserve),
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        told_at=row["told_at"],
        answered_at=row["answered_at"],
        ended_at=row["ended_at"],
    )
