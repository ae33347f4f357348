"""All SQL of approvers from outside."""

from datetime import datetime

from makegood.store.database import Connection, Record


async def insert_approver(
    tx: Connection,
    market_id: str,
    approver_id: str,
    name: str,
    contact: str,
    added_by: str,
    now: datetime,
) -> None:
    """Write a new approver without a second factor."""
    await tx.execute(
        """
        INSERT INTO outside_approver (market_id, approver_id, name, contact, added_by, added_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        market_id,
        approver_id,
        name,
        contact,
        added_by,
        now,
    )


async def end_approver(tx: Connection, market_id: str, approver_id: str, now: datetime) -> bool:
    """End an approver; False when there was no live one."""
    ended = await tx.fetchval(
        """
        UPDATE outside_approver SET ended_at = $3
        WHERE market_id = $1 AND approver_id = $2 AND ended_at IS NULL RETURNING true
        """,
        market_id,
        approver_id,
        now,
    )
    return bool(ended)


async def live_approvers(conn: Connection, market_id: str) -> list[Record]:
    """Approvers who were not ended, the first named first."""
    return await conn.fetch(
        """
        SELECT approver_id, name, contact, totp_confirmed_at IS NOT NULL AS has_factor, added_at,
               ended_at
        FROM outside_approver WHERE market_id = $1 AND ended_at IS NULL
        ORDER BY added_at, approver_id
        """,
        market_id,
    )


async def sealed_secret(conn: Connection, market_id: str, approver_id: str) -> bytes | None:
    """The sealed secret, if one was made."""
    value: bytes | None = await conn.fetchval(
        "SELECT totp_sealed FROM outside_approver WHERE market_id = $1 AND approver_id = $2",
        market_id,
        approver_id,
    )
    return value


async def keep_secret(tx: Connection, market_id: str, approver_id: str, sealed: bytes) -> None:
    """Store a first secret; one that is there stays."""
    await tx.execute(
        """
        UPDATE outside_approver SET totp_sealed = $3
        WHERE market_id = $1 AND approver_id = $2 AND totp_sealed IS NULL
        """,
        market_id,
        approver_id,
        sealed,
    )


async def lock_factor(tx: Connection, market_id: str, approver_id: str) -> Record | None:
    """The second factor of a live approver, locked until the transaction ends."""
    return await tx.fetchrow(
        """
        SELECT totp_sealed, totp_last_step FROM outside_approver
        WHERE market_id = $1 AND approver_id = $2 AND ended_at IS NULL FOR UPDATE
        """,
        market_id,
        approver_id,
    )


async def use_step(
    tx: Connection, market_id: str, approver_id: str, step: int, now: datetime
) -> None:
    """Use a code up; the first one confirms the authenticator."""
    await tx.execute(
        """
        UPDATE outside_approver
        SET totp_last_step = $3, totp_confirmed_at = coalesce(totp_confirmed_at, $4)
        WHERE market_id = $1 AND approver_id = $2
        """,
        market_id,
        approver_id,
        step,
        now,
    )
