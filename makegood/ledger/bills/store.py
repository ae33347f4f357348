"""All SQL of bills: files, lines, and our side of them."""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import msgspec

from makegood.ledger.bills.rules import BillLine, LineKind, OurLine
from makegood.store.database import Connection, Record

_BILL = """
    bill_no, channel, form, sha256, filename, size, state, day_from, day_to, lines, fault,
    imported_at, imported_by
"""


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """One file as it was imported; `fault` says why a refused one was not taken."""

    bill_no: str
    channel: str
    form: str
    sha256: str
    filename: str
    size: int
    state: str
    imported_at: datetime
    imported_by: str
    day_from: date | None = None
    day_to: date | None = None
    lines: int = 0
    fault: dict[str, Any] | None = None


class BillSum(msgspec.Struct, frozen=True, kw_only=True):
    """The new lines of one kind in a file."""

    kind: LineKind
    currency: str
    lines: int
    matched: int
    amount_minor: int
    fee_minor: int


class StoredLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that a bill told before."""

    kind: LineKind
    number: str
    bill_no: str
    amount_minor: int
    currency: str


async def put_bill(tx: Connection, market_id: str, bill: Bill) -> None:
    """Write a file's row; a refused file that is sent again replaces its own row."""
    await tx.execute(
        f"""
        INSERT INTO bill (market_id, {_BILL})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (market_id, bill_no) DO UPDATE SET
            channel = excluded.channel, form = excluded.form, filename = excluded.filename,
            state = excluded.state, day_from = excluded.day_from, day_to = excluded.day_to,
            lines = excluded.lines, fault = excluded.fault, imported_at = excluded.imported_at,
            imported_by = excluded.imported_by
        """,
        market_id,
        bill.bill_no,
        bill.channel,
        bill.form,
        bill.sha256,
        bill.filename,
        bill.size,
        bill.state,
        bill.day_from,
        bill.day_to,
        bill.lines,
        bill.fault,
        bill.imported_at,
        bill.imported_by,
    )


async def read_bill(conn: Connection, market_id: str, bill_no: str) -> Bill | None:
    """One file's row."""
    row = await conn.fetchrow(
        f"SELECT {_BILL} FROM bill WHERE market_id = $1 AND bill_no = $2", market_id, bill_no
    )
    return None if row is None else _bill(row)


async def list_bills(conn: Connection, market_id: str, limit: int = 50) -> list[Bill]:
    """Files, the newest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_BILL} FROM bill WHERE market_id = $1
        ORDER BY imported_at DESC, bill_no LIMIT $2
        """,
        market_id,
        limit,
    )
    return [_bill(row) for row in rows]


async def bill_files(conn: Connection) -> set[tuple[str, str]]:
    """(market, SHA-256) of every file that was sent as a bill."""
    rows = await conn.fetch("SELECT market_id, sha256 FROM bill")
    return {(row["market_id"], row["sha256"]) for row in rows}


async def lock_channel(tx: Connection, market_id: str, channel: str) -> None:
    """Let only one bill of a channel be compared at a time."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"bill {market_id} {channel}"
    )


async def known_lines(
    conn: Connection, market_id: str, channel: str, lines: Sequence[BillLine]
) -> dict[tuple[LineKind, str], StoredLine]:
    """Which of these lines an earlier bill told."""
    rows = await conn.fetch(
        """
        SELECT l.kind, l.number, l.bill_no, l.amount_minor, l.currency
        FROM unnest($3::text[], $4::text[]) AS told (kind, number)
        JOIN bill_line AS l ON l.market_id = $1 AND l.channel = $2 AND l.kind = told.kind
                           AND l.number = told.number
        """,
        market_id,
        channel,
        [line.kind for line in lines],
        [line.number for line in lines],
    )
    found = [msgspec.convert(dict(row), StoredLine) for row in rows]
    return {(line.kind, line.number): line for line in found}


async def insert_lines(
    tx: Connection,
    market_id: str,
    channel: str,
    bill_no: str,
    lines: Sequence[tuple[BillLine, str]],
) -> None:
    """Write new lines, each with the key of ours that it was found with, or nothing."""
    await tx.executemany(
        """
        INSERT INTO bill_line (market_id, channel, kind, number, bill_no, line_no, day, order_no,
                               trade_no, amount_minor, fee_minor, currency, ours)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        [
            (
                market_id,
                channel,
                line.kind,
                line.number,
                bill_no,
                line.line_no,
                line.day,
                line.order_no,
                line.trade_no,
                line.amount_minor,
                line.fee_minor,
                line.currency,
                ours,
            )
            for line, ours in lines
        ],
    )


async def our_lines(
    conn: Connection, market_id: str, channel: str, first: datetime, after: datetime
) -> list[OurLine]:
    """What our book holds between two times and no bill has listed yet.

    Days are those of China Standard Time, as in the ledger's clearing accounts.
    """
    rows = await conn.fetch(
        """
        SELECT o.kind, o.key, o.names, (o.at AT TIME ZONE 'Asia/Shanghai')::date AS day,
               o.amount_minor, o.currency, o.order_no, o.trade_no
        FROM (
            SELECT 'payment' AS kind, trade_no AS key, ARRAY[trade_no] AS names, paid_at AS at,
                   amount_minor, currency, order_no, trade_no
            FROM payment
            WHERE market_id = $1 AND channel = $2 AND kind <> 'coupon'
              AND paid_at >= $3 AND paid_at < $4
            UNION ALL
            SELECT 'refund', refund_no, ARRAY[refund_no, gateway_ref], changed_at,
                   amount_minor, currency, order_no, trade_no
            FROM refund
            WHERE market_id = $1 AND channel = $2 AND leg_kind <> 'coupon'
              AND state = 'arrived' AND changed_at >= $3 AND changed_at < $4
            UNION ALL
            SELECT 'dispute', dispute_ref, ARRAY[dispute_ref], opened_at,
                   amount_minor, currency, order_no, trade_no
            FROM dispute
            WHERE market_id = $1 AND channel = $2 AND kind = 'chargeback'
              AND opened_at >= $3 AND opened_at < $4
            UNION ALL
            SELECT 'dispute_back', dispute_ref, ARRAY[dispute_ref], ended_at,
                   amount_minor, currency, order_no, trade_no
            FROM dispute
            WHERE market_id = $1 AND channel = $2 AND kind = 'chargeback'
              AND state IN ('won', 'withdrawn') AND ended_at >= $3 AND ended_at < $4
        ) AS o
        WHERE NOT EXISTS (
            SELECT FROM bill_line AS l
            WHERE l.market_id = $1 AND l.channel = $2 AND l.kind = o.kind AND l.ours = o.key)
        ORDER BY o.at, o.key
        """,
        market_id,
        channel,
        first,
        after,
    )
    return [_ours(row) for row in rows]


async def found_ours(
    tx: Connection, market_id: str, channel: str, kind: LineKind, number: str, ours: str
) -> None:
    """Say which of ours a line that was open belongs to."""
    await tx.execute(
        """
        UPDATE bill_line SET ours = $5
        WHERE market_id = $1 AND channel = $2 AND kind = $3 AND number = $4
        """,
        market_id,
        channel,
        kind,
        number,
        ours,
    )


async def sums_of_bill(conn: Connection, market_id: str, bill_no: str) -> list[BillSum]:
    """How many lines of each kind a file brought that were new, and what they sum up to."""
    rows = await conn.fetch(
        """
        SELECT kind, currency, count(*)::integer AS lines,
               count(*) FILTER (WHERE ours <> '')::integer AS matched,
               sum(amount_minor)::bigint AS amount_minor, sum(fee_minor)::bigint AS fee_minor
        FROM bill_line WHERE market_id = $1 AND bill_no = $2
        GROUP BY kind, currency ORDER BY kind, currency
        """,
        market_id,
        bill_no,
    )
    return [msgspec.convert(dict(row), BillSum) for row in rows]


def digest_of(content: bytes) -> str:
    """The name under which a file's content is kept."""
    return sha256(content).hexdigest()


def _bill(row: Record) -> Bill:
    return msgspec.convert(dict(row), Bill)


def _ours(row: Record) -> OurLine:
    names = tuple(name for name in row["names"] if name)
    return msgspec.convert({**dict(row), "names": names}, OurLine)
