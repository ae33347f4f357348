"""All SQL of public rows."""

from datetime import datetime
from typing import Final

import msgspec

from makegood.insight.rows.rules import ENDED, PublicRow
from makegood.store.database import Connection

PAGE: Final = 1000


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """An ended claim whose row is missing or older than the claim."""

    claim_no: str
    seller_id: str
    version: int
    last: PublicRow | None


async def ended_claims(
    conn: Connection, market_id: str, before: datetime, limit: int
) -> list[Ended]:
    """Claims that ended, were left alone since `before`, and are not in a row as they are now."""
    rows = await conn.fetch(
        """
        select c.claim_no, c.seller_id, c.version, r.row as last
        from claim c left join lateral (
            select p.claim_version, p.row from public_row p
            where p.market_id = c.market_id and p.claim_no = c.claim_no
            order by p.number desc limit 1
        ) r on true
        where c.market_id = $1 and c.state = any($2) and c.changed_at < $3
          and c.seller_id <> '' and (r.claim_version is null or r.claim_version < c.version)
        order by c.seller_id, c.claim_no limit $4
        """,
        market_id,
        list(ENDED),
        before,
        limit,
    )
    return [
        Ended(
            claim_no=row["claim_no"],
            seller_id=row["seller_id"],
            version=row["version"],
            last=msgspec.convert(row["last"], PublicRow) if row["last"] is not None else None,
        )
        for row in rows
    ]


async def last_number(conn: Connection, market_id: str, seller_id: str) -> int:
    """The number of a seller's newest row; 0 before the first."""
    return int(
        await conn.fetchval(
            """
            select coalesce(max(number), 0) from public_row
            where market_id = $1 and seller_id = $2
            """,
            market_id,
            seller_id,
        )
    )


async def insert_row(
    tx: Connection,
    market_id: str,
    claim_no: str,
    claim_version: int,
    row: PublicRow,
    entry: bytes,
    released_at: datetime,
) -> None:
    """Store a released row."""
    await tx.execute(
        """
        insert into public_row (market_id, seller_id, number, claim_no, claim_version, row, entry,
                                released_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        market_id,
        row.seller,
        row.number,
        claim_no,
        claim_version,
        row,
        entry,
        released_at,
    )


async def note_unchanged(tx: Connection, market_id: str, claim_no: str, version: int) -> None:
    """The claim went on without changing what its newest row says."""
    await tx.execute(
        """
        update public_row set claim_version = $3
        where market_id = $1 and claim_no = $2 and number = (
            select max(number) from public_row where market_id = $1 and claim_no = $2)
        """,
        market_id,
        claim_no,
        version,
    )


async def numbers_of_claim(
    conn: Connection, market_id: str, claim_no: str
) -> list[tuple[str, int]]:
    """(seller, number) of the rows of a claim, for its parties only; the last one holds."""
    rows = await conn.fetch(
        """
        select seller_id, number from public_row
        where market_id = $1 and claim_no = $2 order by number
        """,
        market_id,
        claim_no,
    )
    return [(row["seller_id"], row["number"]) for row in rows]


class Page(msgspec.Struct, frozen=True):
    """Some entries, and where the next page begins."""

    entries: list[bytes]
    last: tuple[str, int]


async def load_page(
    conn: Connection, market_id: str, seller_id: str = "", after: tuple[str, int] = ("", 0)
) -> Page:
    """Released entries after a seller's number, each seller's in the order of numbers; a page
    without entries is the end."""
    rows = await conn.fetch(
        """
        select seller_id, number, entry from public_row
        where market_id = $1 and ($2 = '' or seller_id = $2) and (seller_id, number) > ($3, $4)
        order by seller_id, number limit $5
        """,
        market_id,
        seller_id,
        *after,
        PAGE,
    )
    last = (rows[-1]["seller_id"], rows[-1]["number"]) if rows else after
    return Page([row["entry"] for row in rows], last)


async def markets_with_claims(conn: Connection) -> list[str]:
    """Every market of the install."""
    return [row["market_id"] for row in await conn.fetch("select market_id from market order by 1")]
