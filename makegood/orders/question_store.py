"""All SQL of the questions that suppliers answer on our page."""

import msgspec

from makegood.orders.supplier import AskedQuestion, SupplierAnswer, SupplierQuestion
from makegood.store.database import Connection, Record


async def insert(tx: Connection, market_id: str, asked: AskedQuestion) -> bool:
    """Write a new question; False when it was asked before."""
    made = await tx.fetchval(
        """
        INSERT INTO supplier_question (market_id, question_no, supplier_id, claim_no, link_id,
                                       question, asked_at, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT DO NOTHING RETURNING true
        """,
        market_id,
        asked.question_no,
        asked.supplier_id,
        asked.claim_no,
        asked.link_id,
        asked.question,
        asked.asked_at,
        asked.due_at,
    )
    return bool(made)


async def load(conn: Connection, market_id: str, question_no: str) -> AskedQuestion | None:
    """One question with its answer, or None."""
    row = await conn.fetchrow(
        """
        SELECT question_no, supplier_id, claim_no, link_id, question, asked_at, due_at, answer,
               answered_by
        FROM supplier_question WHERE market_id = $1 AND question_no = $2
        """,
        market_id,
        question_no,
    )
    return _asked(row) if row else None


async def list_open(conn: Connection, market_id: str, supplier_id: str) -> list[AskedQuestion]:
    """A supplier's unanswered questions, the most urgent first."""
    rows = await conn.fetch(
        """
        SELECT question_no, supplier_id, claim_no, link_id, question, asked_at, due_at, answer,
               answered_by
        FROM supplier_question
        WHERE market_id = $1 AND supplier_id = $2 AND answer IS NULL
        ORDER BY due_at, question_no LIMIT 200
        """,
        market_id,
        supplier_id,
    )
    return [_asked(row) for row in rows]


async def answer(
    tx: Connection, market_id: str, question_no: str, told: SupplierAnswer, answered_by: str
) -> bool:
    """Write the first answer to a question; False when there is one."""
    written = await tx.fetchval(
        """
        UPDATE supplier_question SET answer = $3, answered_by = $4
        WHERE market_id = $1 AND question_no = $2 AND answer IS NULL RETURNING true
        """,
        market_id,
        question_no,
        told,
        answered_by,
    )
    return bool(written)


def _asked(row: Record) -> AskedQuestion:
    told = row["answer"]
    return AskedQuestion(
        question_no=row["question_no"],
        supplier_id=row["supplier_id"],
        claim_no=row["claim_no"],
        link_id=row["link_id"],
        question=msgspec.convert(row["question"], SupplierQuestion),
        asked_at=row["asked_at"],
        due_at=row["due_at"],
        answer=None if told is None else msgspec.convert(told, SupplierAnswer),
        answered_by=row["answered_by"],
    )
