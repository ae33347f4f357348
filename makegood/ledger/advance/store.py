"""All SQL of advances and their caps."""

from datetime import datetime

import msgspec

from makegood.ledger.advance.rules import Advance, AdvanceCaps
from makegood.store.database import Connection, Record

_COLUMNS = """
    claim_no, party, currency, debtor_id, order_no, advanced_minor, recovered_minor,
    written_off_minor, first_at
"""


async def load_caps(conn: Connection, market_id: str) -> AdvanceCaps:
    """What an operator set, or the usual caps."""
    stored = await conn.fetchval("SELECT caps FROM advance_caps WHERE market_id = $1", market_id)
    return AdvanceCaps() if stored is None else msgspec.convert(stored, AdvanceCaps)


async def save_caps(
    tx: Connection, market_id: str, caps: AdvanceCaps, now: datetime, by: str
) -> None:
    """Replace the caps of a market."""
    await tx.execute(
        """
        INSERT INTO advance_caps (market_id, caps, changed_at, changed_by) VALUES ($1, $2, $3, $4)
        ON CONFLICT (market_id) DO UPDATE SET caps = excluded.caps,
            changed_at = excluded.changed_at, changed_by = excluded.changed_by
        """,
        market_id,
        caps,
        now,
        by,
    )


async def add_advance(tx: Connection, market_id: str, advance: Advance) -> None:
    """Add to what a party owes for a claim."""
    await tx.execute(
        """
        INSERT INTO advance (market_id, claim_no, party, currency, debtor_id, order_no,
                             advanced_minor, first_at, changed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
        ON CONFLICT (market_id, claim_no, party, currency) DO UPDATE SET
            advanced_minor = advance.advanced_minor + excluded.advanced_minor,
            changed_at = excluded.changed_at
        """,
        market_id,
        advance.claim_no,
        advance.party,
        advance.currency,
        advance.debtor_id,
        advance.order_no,
        advance.advanced_minor,
        advance.first_at,
    )


async def lock_advance(
    tx: Connection, market_id: str, claim_no: str, party: str, currency: str
) -> Advance | None:
    """One debt, locked until the transaction ends."""
    row = await tx.fetchrow(
        f"""
        SELECT {_COLUMNS} FROM advance
        WHERE market_id = $1 AND claim_no = $2 AND party = $3 AND currency = $4 FOR UPDATE
        """,
        market_id,
        claim_no,
        party,
        currency,
    )
    return None if row is None else _advance(row)


async def change_advance(
    tx: Connection, market_id: str, advance: Advance, recovered: int, lost: int, now: datetime
) -> None:
    """Note what of a locked debt was paid back or given up now."""
    await tx.execute(
        """
        UPDATE advance SET recovered_minor = recovered_minor + $5,
            written_off_minor = written_off_minor + $6, changed_at = $7
        WHERE market_id = $1 AND claim_no = $2 AND party = $3 AND currency = $4
        """,
        market_id,
        advance.claim_no,
        advance.party,
        advance.currency,
        recovered,
        lost,
        now,
    )


async def lower_advance(
    tx: Connection, market_id: str, advance: Advance, amount_minor: int, now: datetime
) -> None:
    """A locked debt is smaller than it was: somebody else bears this much of it.

    What was never owed counts as recovered, so that the debt's own sum stays.
    """
    await change_advance(tx, market_id, advance, amount_minor, 0, now)


async def open_advances(
    conn: Connection,
    market_id: str,
    currency: str,
    party: str = "",
    debtor_id: str = "",
    limit: int = 500,
) -> list[Advance]:
    """What is still owed, the oldest first; of one party or debtor where they are named."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM advance
        WHERE market_id = $1 AND currency = $2 AND ($3 = '' OR party = $3)
          AND ($4 = '' OR debtor_id = $4)
          AND recovered_minor + written_off_minor < advanced_minor
        ORDER BY first_at, claim_no, party
        LIMIT $5
        """,
        market_id,
        currency,
        party,
        debtor_id,
        limit,
    )
    return [_advance(row) for row in rows]


async def ageing(conn: Connection, market_id: str, currency: str, now: datetime) -> list[Record]:
    """What each debtor owes, by the age of the debt in days, and what it owed and paid ever."""
    return await conn.fetch(
        """
        SELECT party, debtor_id,
               sum(left_minor) FILTER (WHERE days < 7)::bigint AS upto_7,
               sum(left_minor) FILTER (WHERE days >= 7 AND days < 30)::bigint AS upto_30,
               sum(left_minor) FILTER (WHERE days >= 30 AND days < 90)::bigint AS upto_90,
               sum(left_minor) FILTER (WHERE days >= 90)::bigint AS older,
               sum(left_minor)::bigint AS total, sum(advanced_minor)::bigint AS advanced,
               sum(recovered_minor)::bigint AS recovered,
               sum(written_off_minor)::bigint AS written_off
        FROM (
            SELECT party, debtor_id, advanced_minor, recovered_minor, written_off_minor,
                   advanced_minor - recovered_minor - written_off_minor AS left_minor,
                   extract(epoch FROM $3 - first_at) / 86400 AS days
            FROM advance WHERE market_id = $1 AND currency = $2
        ) AS aged
        GROUP BY party, debtor_id
        ORDER BY total DESC, party, debtor_id
        """,
        market_id,
        currency,
        now,
    )


async def owes(
    conn: Connection, market_id: str, debtor_id: str, currency: str, party: str = "seller"
) -> bool:
    """Whether a debtor owes the platform anything."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM advance
                WHERE market_id = $1 AND party = $4 AND debtor_id = $2 AND currency = $3
                  AND recovered_minor + written_off_minor < advanced_minor)
            """,
            market_id,
            debtor_id,
            currency,
            party,
        )
    )


async def who_can_pay(conn: Connection) -> list[Record]:
    """Debtors of every market for the regular netting: sellers, and others who have a balance.

    What a supplier or channel has with us is what an appeal gave back of what it had paid.
    """
    return await conn.fetch(
        """
        SELECT DISTINCT market_id, party, debtor_id, currency FROM advance
        WHERE party = 'seller' AND recovered_minor + written_off_minor < advanced_minor
        UNION
        SELECT d.market_id, d.party, d.debtor_id, d.currency
        FROM advance AS d JOIN ledger_account AS a
          ON a.market_id = d.market_id AND a.currency = d.currency
         AND a.code = 'supplier_balance:' || d.debtor_id
        WHERE d.party IN ('supplier', 'sla')
          AND d.recovered_minor + d.written_off_minor < d.advanced_minor
          AND a.credits_posted > a.debits_posted
        UNION
        SELECT d.market_id, d.party, d.debtor_id, d.currency
        FROM advance AS d JOIN ledger_account AS a
          ON a.market_id = d.market_id AND a.currency = d.currency
         AND a.code >= 'channel_balance:' AND a.code < 'channel_balance;'
        WHERE d.party = 'channel'
          AND d.recovered_minor + d.written_off_minor < d.advanced_minor
          AND a.credits_posted > a.debits_posted
        """
    )


def _advance(row: Record) -> Advance:
    return Advance(
        claim_no=row["claim_no"],
        party=row["party"],
        debtor_id=row["debtor_id"],
        order_no=row["order_no"],
        currency=row["currency"],
        advanced_minor=row["advanced_minor"],
        recovered_minor=row["recovered_minor"],
        written_off_minor=row["written_off_minor"],
        first_at=row["first_at"],
    )
