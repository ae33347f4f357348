"""All SQL of exports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from makegood.bundles.exports.rules import Export, Request
from makegood.store.database import Connection, Record

_COLUMNS: Final = ", ".join(Export.__struct_fields__)


async def known_claims(conn: Connection, market_id: str, claim_nos: Sequence[str]) -> set[str]:
    """Which of these claims there are."""
    rows = await conn.fetch(
        "select claim_no from claim where market_id = $1 and claim_no = any($2)",
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
            select $1, coalesce(max(export_no), 0) + 1, $2, $3, $4, $5, $6, $7, $8, 'making', $9,
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


async def save_made(
    tx: Connection, market_id: str, export_no: int, sha256: str, size: int, at: datetime
) -> None:
    """The file is in the storage."""
    await tx.execute(
        """
        update scoped_export set state = 'made', made_at = $3, sha256 = decode($4, 'hex'),
               file_ref = $4, bytes = $5, problem = ''
        where market_id = $1 and export_no = $2 and state in ('making', 'failed')
        """,
        market_id,
        export_no,
        at,
        sha256,
        size,
    )


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


async def forget_exports_of(tx: Connection, market_id: str, claim_nos: Sequence[str]) -> list[str]:
    """Let go of the files that hold these claims; answers their SHA-256 for the storage.

    That there was an export, for whom and why, stays on record.
    """
    rows = await tx.fetch(
        """
        with held as (
            select export_no, file_ref from scoped_export
            where market_id = $1 and claim_nos && $2 and file_ref <> '' for update
        )
        update scoped_export e set file_ref = '' from held
        where e.market_id = $1 and e.export_no = held.export_no
        returning held.file_ref as sha256
        """,
        market_id,
        list(claim_nos),
    )
    return [row["sha256"] for row in rows]


async def export_files(conn: Connection) -> set[tuple[str, str]]:
    """(market, SHA-256) of every file that an export still has."""
    rows = await conn.fetch("select market_id, file_ref from scoped_export where file_ref <> ''")
    return {(row["market_id"], row["file_ref"]) for row in rows}


def _export(row: Record) -> Export:
    return Export(**row)
