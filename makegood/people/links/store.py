"""All SQL of one-time links."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from makegood.store.database import Connection

_Subject = dict[str, str]


async def insert_link(
    tx: Connection,
    market_id: str,
    link_id: str,
    purpose: str,
    subject: Mapping[str, str],
    now: datetime,
    expires_at: datetime,
) -> None:
    """Store a new link; its token is derived, so nothing secret is stored."""
    await tx.execute(
        """
        INSERT INTO one_time_link (market_id, link_id, purpose, subject, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        market_id,
        link_id,
        purpose,
        dict(subject),
        now,
        expires_at,
    )


async def live_subject(
    conn: Connection, market_id: str, link_id: str, purpose: str, now: datetime
) -> dict[str, str] | None:
    """What a link that still works is about, without using it up."""
    value = await conn.fetchval(
        """
        SELECT subject FROM one_time_link
        WHERE market_id = $1 AND link_id = $2 AND purpose = $3
          AND used_at IS NULL AND expires_at > $4
        """,
        market_id,
        link_id,
        purpose,
        now,
    )
    return None if value is None else msgspec.convert(value, _Subject)


async def use_up(
    tx: Connection, market_id: str, link_id: str, purpose: str, now: datetime
) -> dict[str, str] | None:
    """Mark the link used and answer what it is about; None when it does not work any more."""
    value = await tx.fetchval(
        """
        UPDATE one_time_link SET used_at = $4
        WHERE market_id = $1 AND link_id = $2 AND purpose = $3
          AND used_at IS NULL AND expires_at > $4
        RETURNING subject
        """,
        market_id,
        link_id,
        purpose,
        now,
    )
    return None if value is None else msgspec.convert(value, _Subject)


async def withdraw_links(
    tx: Connection, market_id: str, purpose: str, subject: Mapping[str, str], now: datetime
) -> None:
    """End every live link of this purpose about this subject."""
    await tx.execute(
        """
        UPDATE one_time_link SET used_at = $4
        WHERE market_id = $1 AND purpose = $2 AND used_at IS NULL AND subject @> $3
        """,
        market_id,
        purpose,
        dict(subject),
        now,
    )
