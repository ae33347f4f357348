"""SQL of ruling leases."""

from datetime import datetime

from makegood.store.database import Connection, Record


async def take(
    tx: Connection,
    market_id: str,
    claim_no: str,
    holder: tuple[str, str],
    now: datetime,
    until: datetime,
) -> Record | None:
    """Take or renew the lease when it is free, run out or one's own; answers who holds it then."""
    await tx.execute(
        """
        INSERT INTO claim_lease (market_id, claim_no, holder_id, holder_name, until)
        VALUES ($1, $2, $3, $4, $6)
        ON CONFLICT (market_id, claim_no) DO UPDATE
        SET holder_id = excluded.holder_id, holder_name = excluded.holder_name,
            until = excluded.until
        WHERE claim_lease.until <= $5 OR claim_lease.holder_id = $3
        """,
        market_id,
        claim_no,
        holder[0],
        holder[1],
        now,
        until,
    )
    return await read(tx, market_id, claim_no, now)


async def read(conn: Connection, market_id: str, claim_no: str, now: datetime) -> Record | None:
    """The lease that runs now, if any."""
    return await conn.fetchrow(
        """
        SELECT holder_id, holder_name, until FROM claim_lease
        WHERE market_id = $1 AND claim_no = $2 AND until > $3
        """,
        market_id,
        claim_no,
        now,
    )


async def drop(tx: Connection, market_id: str, claim_no: str, holder_id: str) -> None:
    """Give one's own lease back."""
    await tx.execute(
        "DELETE FROM claim_lease WHERE market_id = $1 AND claim_no = $2 AND holder_id = $3",
        market_id,
        claim_no,
        holder_id,
    )
