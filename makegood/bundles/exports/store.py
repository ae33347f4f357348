"""SQL of requests: taken down, listed, handed over. What making a file needs is in `run_store`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from makegood.bundles.exports.rules import Export, Request
from makegood.store.database import Connection, Record

_COLUMNS: Final = ", ".join(Export.__struct_fields__)


async def lock_known_claims(tx: Connection, market_id: str, claim_nos: Sequence[str]) -> set[str]:
    """Which of these claims there are; an erasure of one waits for this transaction, or ends first.

    So every erasure either comes before a request is read or sees the request and what it made.
    """
    rows = await tx.fetch(
        """
        select claim_no from claim where market_id = $1 and claim_no = any($2)
        order by claim_no for share
        """,
        market_id,
        list(claim_nos),
    )
    return {row["claim_no"] for row in rows}


async def insert_export(
    tx: Connection, market_id: str, request: Request, by: str, at: datetime
) -> int:
    """Store a request; answers its number."""
    return int(
        await tx.fetchval(
            """
            insert into scoped_export (market_id, export_no, asked_by, kind, basis, case_no, due_at,
                                       parts, claim_nos, state, asked_at, asked_of)
            select $1, coalesce(max(export_no), 0) + 1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $9,
                   $10
            from scoped_export where market_id = $1
            returning export_no
            """,
            market_id,
            request.asked_by,
            request.kind,
            request.basis,
            request.case_no,
            request.due_at,
            [request.audience],
            list(request.claim_nos),
            at,
            by,
        )
    )


async def load_export(conn: Connection, market_id: str, export_no: int) -> Export | None:
    """One export."""
    row = await conn.fetchrow(
        f"select {_COLUMNS} from scoped_export where market_id = $1 and export_no = $2",
        market_id,
        export_no,
    )
    return _export(row) if row is not None else None


async def list_exports(conn: Connection, market_id: str, limit: int = 100) -> list[Export]:
    """Exports; what is owed first by its deadline, then the newest."""
    rows = await conn.fetch(
        f"""
        select {_COLUMNS} from scoped_export where market_id = $1
        order by (handed_at is not null), due_at nulls last, export_no desc limit $2
        """,
        market_id,
        limit,
    )
    return [_export(row) for row in rows]


async def save_handed(
    tx: Connection, market_id: str, export_no: int, note: str, at: datetime
) -> bool:
    """It was handed over; False when there is nothing to hand over or it was done before."""
    done = await tx.fetchval(
        """
        update scoped_export set state = 'handed_over', handed_at = $3, handed_note = $4
        where market_id = $1 and export_no = $2 and state = 'made' returning true
        """,
        market_id,
        export_no,
        at,
        note,
    )
    return bool(done)


async def export_files(conn: Connection) -> set[tuple[str, str]]:
    """(market, SHA-256) of every file that an export still has."""
    rows = await conn.fetch("select market_id, file_ref from scoped_export where file_ref <> ''")
    return {(row["market_id"], row["file_ref"]) for row in rows}


def _export(row: Record) -> Export:
    return Export(**row)
