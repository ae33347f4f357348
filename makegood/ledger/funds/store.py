"""All SQL of payouts and of a seller's own accounts."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from makegood.ledger.funds.rules import Payout
from makegood.store.database import Connection, Record

_COLUMNS = """
    payout_no, seller_id, source, amount_minor, currency, state, wanted_by, wanted_at,
    released_by, released_at, reference, ended_by, ended_at, why
"""


async def insert_payout(tx: Connection, market_id: str, payout: Payout) -> None:
    """Write a new wish."""
    await tx.execute(
        """
        INSERT INTO seller_payout (market_id, payout_no, seller_id, source, amount_minor, currency,
                                   state, wanted_by, wanted_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        market_id,
        payout.payout_no,
        payout.seller_id,
        payout.source,
        payout.amount_minor,
        payout.currency,
        payout.state,
        payout.wanted_by,
        payout.wanted_at,
    )


async def save_payout(tx: Connection, market_id: str, payout: Payout) -> None:
    """Store what may change of a locked payout."""
    await tx.execute(
        """
        UPDATE seller_payout SET state = $3, released_by = $4, released_at = $5, reference = $6,
                                 ended_by = $7, ended_at = $8, why = $9
        WHERE market_id = $1 AND payout_no = $2
        """,
        market_id,
        payout.payout_no,
        payout.state,
        payout.released_by,
        payout.released_at,
        payout.reference,
        payout.ended_by,
        payout.ended_at,
        payout.why,
    )


async def lock_payout(tx: Connection, market_id: str, payout_no: str) -> Payout | None:
    """One payout, locked until the transaction ends."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM seller_payout WHERE market_id = $1 AND payout_no = $2 FOR UPDATE",
        market_id,
        payout_no,
    )
    return _payout(row) if row else None


async def payouts_of_seller(
    conn: Connection, market_id: str, seller_id: str, limit: int = 50
) -> list[Payout]:
    """A seller's payouts, the newest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM seller_payout WHERE market_id = $1 AND seller_id = $2
        ORDER BY wanted_at DESC, payout_no LIMIT $3
        """,
        market_id,
        seller_id,
        limit,
    )
    return [_payout(row) for row in rows]


async def payouts_in_state(
    conn: Connection, market_id: str, states: Sequence[str], limit: int = 200
) -> list[Payout]:
    """Payouts of all sellers in these states, the longest waiting first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM seller_payout WHERE market_id = $1 AND state = ANY ($2)
        ORDER BY wanted_at, payout_no LIMIT $3
        """,
        market_id,
        list(states),
        limit,
    )
    return [_payout(row) for row in rows]


async def entries(
    conn: Connection,
    market_id: str,
    accounts: Sequence[str],
    currency: str,
    since: datetime,
    until: datetime,
) -> list[Record]:
    """Posted movements of a few accounts in a time, oldest first, signed on their credit side."""
    return await conn.fetch(
        """
        SELECT t.id, t.recipe, t.order_no, t.claim_no, t.posted_at, own.code,
               CASE WHEN t.credit = own.code THEN t.amount_minor
                    ELSE -t.amount_minor END AS amount_minor
        FROM unnest($2::text[]) AS own (code),
             LATERAL (
                 SELECT id, recipe, order_no, claim_no, posted_at, credit, amount_minor
                 FROM transfer
                 WHERE market_id = $1 AND debit = own.code AND currency = $3
                   AND debit ~ '^(seller_|guarantee_fund)'
                   AND kind IN ('single', 'post') AND posted_at >= $4 AND posted_at < $5
                 UNION ALL
                 SELECT id, recipe, order_no, claim_no, posted_at, credit, amount_minor
                 FROM transfer
                 WHERE market_id = $1 AND credit = own.code AND currency = $3
                   AND credit ~ '^(seller_|guarantee_fund)'
                   AND kind IN ('single', 'post') AND posted_at >= $4 AND posted_at < $5
             ) AS t
        ORDER BY t.posted_at, t.id
        """,
        market_id,
        list(accounts),
        currency,
        since,
        until,
    )


def _payout(row: Record) -> Payout:
    return msgspec.convert(dict(row), Payout)
