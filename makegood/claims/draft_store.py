"""SQL of drafts: what a buyer typed into the guided claim before submitting it."""

from datetime import datetime

import msgspec

from makegood.store.database import Connection


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The guided claim so far. Slots that hold text are kept by their code.

    `units` are line and unit as `1.2`; `began` is what the buyer says about when it began.
    """

    units: list[str] = []
    reason: str = ""
    description: str = ""
    wants: str = ""
    texts: dict[str, str] = {}
    began: str = ""
    asked: bool = False
    """Whether the one specific question was put already; it is asked once."""
    later: bool = False
    """Whether the buyer submits first and adds missing files within 48 hours."""


class KeptDraft(msgspec.Struct, frozen=True):
    """A draft as stored, with its number."""

    draft_no: str
    content: Draft
    saved_at: datetime


async def load_draft(
    conn: Connection, market_id: str, order_no: str, buyer_id: str
) -> KeptDraft | None:
    """The buyer's draft for an order."""
    row = await conn.fetchrow(
        """
        SELECT draft_no, content, saved_at FROM claim_draft
        WHERE market_id = $1 AND order_no = $2 AND buyer_id = $3
        """,
        market_id,
        order_no,
        buyer_id,
    )
    if row is None:
        return None
    return KeptDraft(row["draft_no"], msgspec.convert(row["content"], Draft), row["saved_at"])


async def save_draft(
    tx: Connection,
    market_id: str,
    order_no: str,
    buyer_id: str,
    draft_no: str,
    content: Draft,
    now: datetime,
) -> str:
    """Keep the draft; answers its number, which stays the one it was first given."""
    kept = await tx.fetchval(
        """
        INSERT INTO claim_draft (market_id, order_no, buyer_id, draft_no, content, saved_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (market_id, order_no, buyer_id)
        DO UPDATE SET content = excluded.content, saved_at = excluded.saved_at
        RETURNING draft_no
        """,
        market_id,
        order_no,
        buyer_id,
        draft_no,
        content,
        now,
    )
    return str(kept)


async def forget_draft(tx: Connection, market_id: str, draft_no: str) -> None:
    """Drop a draft that became a claim."""
    await tx.execute(
        "DELETE FROM claim_draft WHERE market_id = $1 AND draft_no = $2", market_id, draft_no
    )


async def forget_drafts_before(tx: Connection, before: datetime) -> None:
    """Drop drafts nobody came back to."""
    await tx.execute("DELETE FROM claim_draft WHERE saved_at < $1", before)
