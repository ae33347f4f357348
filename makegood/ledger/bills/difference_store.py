"""All SQL of where bills and our book differ: tasks until something or somebody explains them."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from makegood.ledger.bills.rules import BillLine, Difference, LineKind, What
from makegood.store.database import Connection, Record

_DIFFERENCE = """
    channel, kind, number, what, day, order_no, bill_minor, book_minor, currency, bill_no, line_no,
    found_at, resolved_at, resolved_by, resolution
"""


class OpenDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A difference as a person sees it; open while `resolved_at` is None."""

    channel: str
    kind: LineKind
    number: str
    what: What
    day: date
    order_no: str
    bill_minor: int | None
    book_minor: int | None
    currency: str
    bill_no: str
    line_no: int
    found_at: datetime
    resolved_at: datetime | None = None
    resolved_by: str = ""
    resolution: str = ""


class DifferenceWish(msgspec.Struct, frozen=True, kw_only=True):
    """Which differences: open or closed ones, and if given of a channel and a sort."""

    is_open: bool = True
    channel: str = ""
    what: str = ""


async def put_differences(
    tx: Connection,
    market_id: str,
    channel: str,
    bill_no: str,
    found: Sequence[Difference],
    now: datetime,
) -> None:
    """Keep differences as tasks; one that is known and open is left as it is."""
    await tx.executemany(
        """
        INSERT INTO bill_difference (market_id, channel, kind, number, what, day, order_no,
            bill_minor, book_minor, currency, bill_no, line_no, found_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (market_id, channel, kind, number) DO NOTHING
        """,
        [
            (
                market_id,
                channel,
                one.kind,
                one.number,
                one.what,
                one.day,
                one.order_no,
                one.bill_minor,
                one.book_minor,
                one.currency,
                bill_no,
                one.line_no,
                now,
            )
            for one in found
        ],
    )


async def missing_here(conn: Connection, market_id: str, channel: str) -> list[BillLine]:
    """Lines of bills that stand open because our book lacked them."""
    rows = await conn.fetch(
        """
        SELECT l.line_no, l.kind, l.number, l.day, l.amount_minor, l.currency, l.fee_minor,
               l.order_no, l.trade_no
        FROM bill_difference AS d
        JOIN bill_line AS l ON l.market_id = d.market_id AND l.channel = d.channel
                           AND l.kind = d.kind AND l.number = d.number
        WHERE d.market_id = $1 AND d.channel = $2 AND d.what = 'missing_here'
          AND d.resolved_at IS NULL
        ORDER BY l.day, l.line_no
        """,
        market_id,
        channel,
    )
    return [msgspec.convert({**dict(row), "names": (row["number"],)}, BillLine) for row in rows]


async def resolve(
    tx: Connection,
    market_id: str,
    channel: str,
    kind: str,
    numbers: Collection[str],
    *,
    by: str,
    text: str,
    now: datetime,
) -> int:
    """Close open differences; answers how many there were."""
    closed = await tx.fetch(
        """
        UPDATE bill_difference SET resolved_at = $5, resolved_by = $6, resolution = $7
        WHERE market_id = $1 AND channel = $2 AND kind = $3 AND number = ANY ($4)
          AND resolved_at IS NULL
        RETURNING number
        """,
        market_id,
        channel,
        kind,
        list(numbers),
        now,
        by,
        text,
    )
    return len(closed)


async def list_differences(
    conn: Connection,
    market_id: str,
    *,
    is_open: bool = True,
    channel: str = "",
    what: str = "",
    limit: int = 200,
) -> list[OpenDifference]:
    """Differences by state, channel and sort, the oldest day first."""
    wish = DifferenceWish(is_open=is_open, channel=channel, what=what)
    return [difference_of(row) for row in await differences_after(conn, market_id, wish, limit)]


async def differences_after(
    conn: Connection,
    market_id: str,
    wish: DifferenceWish,
    limit: int,
    after: Record | None = None,
) -> list[Record]:
    """The next differences, the oldest day first; `after` is the last one that was sent."""
    place = (after["day"], after["channel"], after["kind"], after["number"]) if after else _START
    return await conn.fetch(
        f"""
        SELECT {_DIFFERENCE} FROM bill_difference
        WHERE market_id = $1 AND (resolved_at IS NULL) = $2
          AND ($3 = '' OR channel = $3) AND ($4 = '' OR what = $4)
          AND ($6::date IS NULL OR (day, channel, kind, number) > ($6, $7, $8, $9))
        ORDER BY day, channel, kind, number
        LIMIT $5
        """,
        market_id,
        wish.is_open,
        wish.channel,
        wish.what,
        limit,
        *place,
    )


async def count_wished(conn: Connection, market_id: str, wish: DifferenceWish) -> int:
    """How many differences a filter finds."""
    value: int = await conn.fetchval(
        """
        SELECT count(*) FROM bill_difference
        WHERE market_id = $1 AND (resolved_at IS NULL) = $2
          AND ($3 = '' OR channel = $3) AND ($4 = '' OR what = $4)
        """,
        market_id,
        wish.is_open,
        wish.channel,
        wish.what,
    )
    return value


def difference_of(row: Record) -> OpenDifference:
    """One difference as it was read."""
    return msgspec.convert(dict(row), OpenDifference)


_START: Final = (None, "", "", "")


async def differences_of_bill(
    conn: Connection, market_id: str, bill_no: str
) -> list[OpenDifference]:
    """What one file brought up, open or closed, in the order of its lines."""
    rows = await conn.fetch(
        f"""
        SELECT {_DIFFERENCE} FROM bill_difference WHERE market_id = $1 AND bill_no = $2
        ORDER BY resolved_at NULLS FIRST, line_no, kind, number LIMIT 500
        """,
        market_id,
        bill_no,
    )
    return [msgspec.convert(dict(row), OpenDifference) for row in rows]


async def count_differences(conn: Connection, market_id: str) -> dict[tuple[str, str], int]:
    """How many open differences there are by (channel, sort)."""
    rows = await conn.fetch(
        """
        SELECT channel, what, count(*)::integer AS found FROM bill_difference
        WHERE market_id = $1 AND resolved_at IS NULL GROUP BY channel, what
        """,
        market_id,
    )
    return {(row["channel"], row["what"]): row["found"] for row in rows}


async def waiting_channels(conn: Connection) -> list[tuple[str, str]]:
    """(market, channel) with lines that our book lacked when they came."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT market_id, channel FROM bill_difference
        WHERE resolved_at IS NULL AND what = 'missing_here' ORDER BY 1, 2
        """
    )
    return [(row["market_id"], row["channel"]) for row in rows]
