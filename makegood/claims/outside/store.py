"""All SQL of questions to bodies outside."""

from datetime import datetime

import msgspec

from makegood.claims.outside.rules import OutsideAnswer, OutsideCase
from makegood.store.database import Connection, Record

_COLUMNS = """
    ref_no, claim_no, kind, body, contact, language, question, link_id, asked_at, asked_by, due_at,
    reminded_at, answer, answered_at
"""


async def insert_case(tx: Connection, market_id: str, case: OutsideCase) -> None:
    """Write a new question."""
    await tx.execute(
        """
        insert into outside_case (market_id, ref_no, claim_no, kind, body, contact, language,
                                  question, link_id, asked_at, asked_by, due_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        market_id,
        case.ref_no,
        case.claim_no,
        case.kind,
        case.body,
        case.contact,
        case.language,
        case.question,
        case.link_id,
        case.asked_at,
        case.asked_by,
        case.due_at,
    )


async def load_case(conn: Connection, market_id: str, ref_no: str) -> OutsideCase | None:
    """One question with its answer, or None."""
    row = await conn.fetchrow(
        f"select {_COLUMNS} from outside_case where market_id = $1 and ref_no = $2",
        market_id,
        ref_no,
    )
    return _case(row) if row else None


async def open_case_of(conn: Connection, market_id: str, claim_no: str) -> OutsideCase | None:
    """The question of a claim that still waits for its answer."""
    row = await conn.fetchrow(
        f"""
        select {_COLUMNS} from outside_case
        where market_id = $1 and claim_no = $2 and answered_at is null
        order by asked_at desc, ref_no desc limit 1
        """,
        market_id,
        claim_no,
    )
    return _case(row) if row else None


async def cases_of(conn: Connection, market_id: str, claim_no: str) -> list[OutsideCase]:
    """Every question of a claim, oldest first."""
    rows = await conn.fetch(
        f"""
        select {_COLUMNS} from outside_case where market_id = $1 and claim_no = $2
        order by asked_at, ref_no
        """,
        market_id,
        claim_no,
    )
    return [_case(row) for row in rows]


async def write_answer(
    tx: Connection, market_id: str, ref_no: str, answer: OutsideAnswer, at: datetime
) -> bool:
    """Write the first answer; False when there is one."""
    written = await tx.fetchval(
        """
        update outside_case set answer = $3, answered_at = $4
        where market_id = $1 and ref_no = $2 and answered_at is null returning true
        """,
        market_id,
        ref_no,
        answer,
        at,
    )
    return bool(written)


async def note_reminded(tx: Connection, market_id: str, ref_no: str, at: datetime) -> bool:
    """Mark the reminder as sent; False when it was, or the answer came before."""
    noted = await tx.fetchval(
        """
        update outside_case set reminded_at = $3
        where market_id = $1 and ref_no = $2 and reminded_at is null and answered_at is null
        returning true
        """,
        market_id,
        ref_no,
        at,
    )
    return bool(noted)


def _case(row: Record) -> OutsideCase:
    return msgspec.convert(dict(row), OutsideCase)
