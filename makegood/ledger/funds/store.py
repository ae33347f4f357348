"""All SQL of payouts and of a seller's own accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from makegood.ledger.funds.rules import Party, Payout
from makegood.ledger.store import listed_sql
from makegood.store.database import Connection, Record

_COLUMNS = """
    payout_no, payee_id, source, amount_minor, currency, state, wanted_by, wanted_at,
    released_by, released_at, reference, ended_by, ended_at, why
"""


async def insert_payout(tx: Connection, market_id: str, payout: Payout) -> None:
    """Write a new wish."""
    await tx.execute(
        """
        INSERT INTO payout (market_id, payout_no, payee_id, source, amount_minor, currency,
                            state, wanted_by, wanted_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        market_id,
        payout.payout_no,
        payout.payee_id,
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
        UPDATE payout SET state = $3, released_by = $4, released_at = $5, reference = $6,
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
        f"SELECT {_COLUMNS} FROM payout WHERE market_id = $1 AND payout_no = $2 FOR UPDATE",
        market_id,
        payout_no,
    )
    return _payout(row) if row else None


async def payouts_of(
    conn: Connection, market_id: str, payee_id: str, party: Party, limit: int = 50
) -> list[Payout]:
    """What is or was paid out to a seller or supplier, the newest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM payout
        WHERE market_id = $1 AND payee_id = $2 AND (source = 'credit') = $3
        ORDER BY wanted_at DESC, payout_no LIMIT $4
        """,
        market_id,
        payee_id,
        party == "supplier",
        limit,
    )
    return [_payout(row) for row in rows]


async def credits_paid(
    conn: Connection, market_id: str, supplier_id: str, currency: str
) -> list[Payout]:
    """Everything that was ever paid out to a supplier, the oldest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM payout
        WHERE market_id = $1 AND payee_id = $2 AND source = 'credit' AND state = 'paid'
          AND currency = $3
        ORDER BY ended_at, payout_no
        """,
        market_id,
        supplier_id,
        currency,
    )
    return [_payout(row) for row in rows]


async def payouts_in_state(
    conn: Connection, market_id: str, states: Sequence[str], limit: int = 200
) -> list[Payout]:
    """Payouts to anybody in these states, the longest waiting first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM payout WHERE market_id = $1 AND state = ANY ($2)
        ORDER BY wanted_at, payout_no LIMIT $3
        """,
        market_id,
        list(states),
        limit,
    )
    return [_payout(row) for row in rows]


NO_ID: Final = "00000000-0000-0000-0000-000000000000"
"""Before every entry's id."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """Whose movements of a time: accounts by their codes."""

    market_id: str
    accounts: tuple[str, ...]
    currency: str
    since: datetime
    until: datetime


def _moves(more: str = "") -> str:
    """Posted movements, signed on their credit side; one between two of the accounts comes twice.

    `more` ends each branch, so that a page reads no more of an index than it shows.
    """
    return f"""
        unnest($2::text[]) AS own (code),
        LATERAL (
            (SELECT id, recipe, order_no, claim_no, posted_at, -amount_minor AS amount_minor
             FROM transfer
             WHERE market_id = $1 AND debit = own.code AND currency = $3
               AND {listed_sql("debit")}
               AND kind IN ('single', 'post') AND posted_at >= $4 AND posted_at < $5 {more})
            UNION ALL
            (SELECT id, recipe, order_no, claim_no, posted_at, amount_minor
             FROM transfer
             WHERE market_id = $1 AND credit = own.code AND currency = $3
               AND {listed_sql("credit")}
               AND kind IN ('single', 'post') AND posted_at >= $4 AND posted_at < $5 {more})
        ) AS t
    """


async def newest_entries(conn: Connection, asked: Statement, limit: int) -> list[Record]:
    """The newest movements, the newest first."""
    return await conn.fetch(
        f"""
        SELECT t.*, own.code FROM {_moves("ORDER BY posted_at DESC, id DESC LIMIT $6")}
        ORDER BY t.posted_at DESC, t.id DESC, own.code DESC LIMIT $6
        """,
        *_statement(asked),
        limit,
    )


async def entries_after(
    conn: Connection, asked: Statement, limit: int, after: Record | None
) -> list[Record]:
    """The next movements for a download, the oldest first; `after` was the last one sent."""
    at, id_, code = _place(after) if after else (asked.since, NO_ID, "")
    # The first condition is the one that the index can begin at.
    branch = (
        "AND posted_at >= $6 AND (posted_at, id) >= ($6, $7::uuid)"
        " ORDER BY posted_at, id LIMIT $9 + 1"
    )
    return await conn.fetch(
        f"""
        SELECT t.*, own.code FROM {_moves(branch)}
        WHERE (t.posted_at, t.id, own.code) > ($6, $7::uuid, $8)
        ORDER BY t.posted_at, t.id, own.code LIMIT $9
        """,
        *_statement(asked),
        at,
        id_,
        code,
        limit,
    )


async def sum_entries(conn: Connection, asked: Statement) -> tuple[int, int]:
    """How many movements there are, and what they come to in minor units."""
    row = await conn.fetchrow(
        f"""
        SELECT count(*) AS entries, coalesce(sum(amount_minor), 0)::bigint AS net
        FROM {_moves()}
        """,
        *_statement(asked),
    )
    assert row is not None, "a sum always has a row"
    return row["entries"], row["net"]


def _place(row: Record) -> tuple[datetime, str, str]:
    return row["posted_at"], row["id"], row["code"]


def _statement(asked: Statement) -> tuple[object, ...]:
    return asked.market_id, list(asked.accounts), asked.currency, asked.since, asked.until


def _payout(row: Record) -> Payout:
    return msgspec.convert(dict(row), Payout)
