"""All SQL of statements, disputed lines and settlements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from makegood.store.database import Connection, Record

_MINE = """
    SELECT claim_no FROM supplier_charge WHERE market_id = $1 AND supplier_id = $2
    UNION
    SELECT claim_no FROM advance
    WHERE market_id = $1 AND debtor_id = $2 AND party IN ('supplier', 'sla')
"""
"""The claims of a supplier: those it was charged for, and whatever the ledger says it owes."""
_DISPUTE = """
    dispute_no, supplier_id, claim_no, amount_minor, currency, text, files, opened_at, due_at,
    state, borne_by, decided_by, decided_at, decided_text
"""


async def ledger_lines(
    conn: Connection, market_id: str, supplier_id: str, currency: str
) -> list[Record]:
    """Every posted transfer on a receivable of this supplier's claims, oldest first.

    With them what the supplier got back of what it had paid (`credit`), and what that paid.
    """
    return await conn.fetch(
        f"""
        SELECT t.id, mine.claim_no, t.recipe, t.posted_at, side.name AS side,
               CASE WHEN t.debit = side.code THEN t.amount_minor
                    ELSE -t.amount_minor END AS amount_minor
        FROM ({_MINE}) AS mine,
             LATERAL (VALUES ('supplier_receivable:' || mine.claim_no, 'debt'),
                             ('sla_receivable:' || mine.claim_no, 'sla'),
                             ('supplier_balance:' || $2, 'credit')) AS side (code, name),
             LATERAL (
                 SELECT id, recipe, posted_at, debit, amount_minor
                 FROM transfer
                 WHERE market_id = $1 AND claim_no = mine.claim_no AND claim_no <> ''
                   AND kind IN ('single', 'post') AND currency = $3
                   AND side.code IN (debit, credit)
                 OFFSET 0
             ) AS t
        ORDER BY t.posted_at, t.id
        """,
        market_id,
        supplier_id,
        currency,
    )


async def posted(conn: Connection, market_id: str, ids: Sequence[str]) -> list[Record]:
    """The transfers among these ids that moved something, oldest first."""
    return await conn.fetch(
        """
        SELECT t.id, t.amount_minor, t.posted_at
        FROM unnest($2::uuid[]) AS wanted (id),
             LATERAL (
                 SELECT id, amount_minor, posted_at FROM transfer
                 WHERE market_id = $1 AND id = wanted.id AND kind IN ('single', 'post')
                 OFFSET 0
             ) AS t
        ORDER BY t.posted_at, t.id
        """,
        market_id,
        list(ids),
    )


async def balance_minor(conn: Connection, market_id: str, supplier_id: str, currency: str) -> int:
    """What the ledger's accounts say this supplier owes in all."""
    value: int = await conn.fetchval(
        f"""
        WITH account AS (
            SELECT 'supplier_receivable:' || claim_no AS code FROM ({_MINE}) AS mine
            UNION ALL
            SELECT 'sla_receivable:' || claim_no FROM ({_MINE}) AS mine
            UNION ALL
            SELECT 'supplier_balance:' || $2
        )
        SELECT coalesce(sum(a.debits_posted - a.credits_posted), 0)::bigint
        FROM account,
             LATERAL (
                 SELECT debits_posted, credits_posted FROM ledger_account
                 WHERE market_id = $1 AND currency = $3 AND code = account.code
                 OFFSET 0
             ) AS a
        """,
        market_id,
        supplier_id,
        currency,
    )
    return value


async def arrived_refunds(conn: Connection, market_id: str, supplier_id: str) -> list[Record]:
    """Refunds of this supplier's claims that arrived, with the accounts that gave their money."""
    return await conn.fetch(
        f"""
        SELECT r.refund_no, r.claim_no, r.changed_at, r.currency, r.sources
        FROM ({_MINE}) AS mine,
             LATERAL (
                 SELECT refund_no, claim_no, changed_at, currency, sources FROM refund
                 WHERE market_id = $1 AND claim_no = mine.claim_no AND state = 'arrived'
                 OFFSET 0
             ) AS r
        """,
        market_id,
        supplier_id,
    )


async def settlement_parts(conn: Connection, market_id: str, supplier_id: str) -> list[Record]:
    """What the supplier paid, claim by claim."""
    return await conn.fetch(
        """
        SELECT s.settlement_no, s.reference, s.recorded_at, s.currency, p.claim_no, p.amount_minor
        FROM supplier_settlement s
        JOIN supplier_settlement_part p USING (market_id, settlement_no)
        WHERE s.market_id = $1 AND s.supplier_id = $2
        ORDER BY s.recorded_at, s.settlement_no, p.claim_no
        """,
        market_id,
        supplier_id,
    )


async def insert_settlement(
    tx: Connection,
    market_id: str,
    settlement_no: str,
    supplier_id: str,
    reference: str,
    amount_minor: int,
    currency: str,
    person: str,
    now: datetime,
) -> bool:
    """Write money that came in; False when this reference was recorded before."""
    made = await tx.fetchval(
        """
        INSERT INTO supplier_settlement (market_id, settlement_no, supplier_id, reference,
                                         amount_minor, currency, recorded_by, recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (market_id, supplier_id, reference) DO NOTHING RETURNING true
        """,
        market_id,
        settlement_no,
        supplier_id,
        reference,
        amount_minor,
        currency,
        person,
        now,
    )
    return bool(made)


async def insert_parts(
    tx: Connection, market_id: str, settlement_no: str, parts: Sequence[tuple[str, int]]
) -> None:
    """Write to which claims a payment went."""
    await tx.executemany(
        """
        INSERT INTO supplier_settlement_part (market_id, settlement_no, claim_no, amount_minor)
        VALUES ($1, $2, $3, $4)
        """,
        [(market_id, settlement_no, claim_no, minor) for claim_no, minor in parts],
    )


async def list_settlements(conn: Connection, market_id: str, supplier_id: str) -> list[Record]:
    """What the supplier paid, the newest first."""
    return await conn.fetch(
        """
        SELECT settlement_no, reference, amount_minor, currency, recorded_by, recorded_at
        FROM supplier_settlement WHERE market_id = $1 AND supplier_id = $2
        ORDER BY recorded_at DESC, settlement_no DESC LIMIT 50
        """,
        market_id,
        supplier_id,
    )


async def insert_dispute(tx: Connection, market_id: str, row: dict[str, Any]) -> bool:
    """Write a new dispute; False when this claim's line is disputed already."""
    made = await tx.fetchval(
        """
        INSERT INTO supplier_dispute (market_id, dispute_no, supplier_id, claim_no, amount_minor,
                                      currency, text, files, opened_at, due_at, state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open')
        ON CONFLICT (market_id, claim_no) WHERE state = 'open' DO NOTHING RETURNING true
        """,
        market_id,
        row["dispute_no"],
        row["supplier_id"],
        row["claim_no"],
        row["amount_minor"],
        row["currency"],
        row["text"],
        row["files"],
        row["opened_at"],
        row["due_at"],
    )
    return bool(made)


async def lock_dispute(tx: Connection, market_id: str, dispute_no: str) -> Record | None:
    """One dispute, locked until the transaction ends."""
    return await tx.fetchrow(
        f"""
        SELECT {_DISPUTE} FROM supplier_dispute
        WHERE market_id = $1 AND dispute_no = $2 FOR UPDATE
        """,
        market_id,
        dispute_no,
    )


async def lock_open_dispute(tx: Connection, market_id: str, claim_no: str) -> Record | None:
    """The open dispute of a claim's line, locked until the transaction ends."""
    return await tx.fetchrow(
        f"""
        SELECT {_DISPUTE} FROM supplier_dispute
        WHERE market_id = $1 AND claim_no = $2 AND state = 'open' FOR UPDATE
        """,
        market_id,
        claim_no,
    )


async def accepted_of_claim(
    conn: Connection, market_id: str, claim_no: str, currency: str
) -> list[Record]:
    """What accepted disputes took off the supplier of a claim, oldest first."""
    return await conn.fetch(
        """
        SELECT borne_by, amount_minor FROM supplier_dispute
        WHERE market_id = $1 AND claim_no = $2 AND currency = $3 AND state = 'accepted'
        ORDER BY decided_at, dispute_no
        """,
        market_id,
        claim_no,
        currency,
    )


async def save_dispute(tx: Connection, market_id: str, row: dict[str, Any]) -> None:
    """Store what may change of a locked dispute."""
    await tx.execute(
        """
        UPDATE supplier_dispute SET files = $3, due_at = $4, state = $5, borne_by = $6,
            decided_by = $7, decided_at = $8, decided_text = $9, amount_minor = $10
        WHERE market_id = $1 AND dispute_no = $2
        """,
        market_id,
        row["dispute_no"],
        row["files"],
        row["due_at"],
        row["state"],
        row["borne_by"],
        row["decided_by"],
        row["decided_at"],
        row["decided_text"],
        row["amount_minor"],
    )


async def disputes_of(conn: Connection, market_id: str, supplier_id: str) -> list[Record]:
    """Every dispute of a supplier, those that wait first, then the newest."""
    return await conn.fetch(
        f"""
        SELECT {_DISPUTE} FROM supplier_dispute WHERE market_id = $1 AND supplier_id = $2
        ORDER BY state <> 'open', due_at DESC, dispute_no DESC LIMIT 500
        """,
        market_id,
        supplier_id,
    )


async def evidence_files(conn: Connection) -> set[tuple[str, str]]:
    """(market, SHA-256) of every file that a supplier filed; storage keeps them."""
    rows = await conn.fetch(
        """
        SELECT market_id, file ->> 'sha256' AS sha256
        FROM supplier_dispute, LATERAL jsonb_array_elements(files) AS file
        """
    )
    return {(row["market_id"], row["sha256"]) for row in rows}


async def suppliers_with_charges(conn: Connection, market_id: str) -> list[str]:
    """Suppliers that were ever charged."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT supplier_id FROM supplier_charge WHERE market_id = $1
        ORDER BY supplier_id
        """,
        market_id,
    )
    return [row["supplier_id"] for row in rows]
