"""All SQL of API keys."""

from datetime import datetime

from makegood.people.keys.rules import ApiKey, NewKey
from makegood.store.database import Connection, Record


async def insert_key(
    tx: Connection,
    market_id: str,
    key_id: str,
    key_hash: bytes,
    new: NewKey,
    created_by: str,
    now: datetime,
) -> None:
    """Store a new key's hash."""
    await tx.execute(
        """
        INSERT INTO api_key (market_id, key_id, key_hash, role, seller_id, name, created_by,
                             created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        market_id,
        key_id,
        key_hash,
        new.role,
        new.seller_id,
        new.name,
        created_by,
        now,
    )


async def load_live_key(conn: Connection, market_id: str, key_hash: bytes) -> ApiKey | None:
    """The key with this hash, unless revoked."""
    row = await conn.fetchrow(
        """
        SELECT key_id, role, seller_id, name, created_by, created_at, last_used_at, revoked_at
        FROM api_key WHERE market_id = $1 AND key_hash = $2 AND revoked_at IS NULL
        """,
        market_id,
        key_hash,
    )
    return _key(row) if row else None


async def list_keys(conn: Connection, market_id: str) -> list[ApiKey]:
    """Every key of the market, revoked ones too, newest first."""
    rows = await conn.fetch(
        """
        SELECT key_id, role, seller_id, name, created_by, created_at, last_used_at, revoked_at
        FROM api_key WHERE market_id = $1 ORDER BY created_at DESC, key_id
        """,
        market_id,
    )
    return [_key(row) for row in rows]


async def note_use(conn: Connection, market_id: str, key_id: str, now: datetime) -> None:
    """Note when the key was last used."""
    await conn.execute(
        "UPDATE api_key SET last_used_at = $3 WHERE market_id = $1 AND key_id = $2",
        market_id,
        key_id,
        now,
    )


async def revoke(tx: Connection, market_id: str, key_id: str, now: datetime) -> bool:
    """End the key; False when there is no such live key."""
    ended = await tx.fetchval(
        """
        UPDATE api_key SET revoked_at = $3
        WHERE market_id = $1 AND key_id = $2 AND revoked_at IS NULL RETURNING true
        """,
        market_id,
        key_id,
        now,
    )
    return bool(ended)


def _key(row: Record) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"],
        role=row["role"],
        seller_id=row["seller_id"],
        name=row["name"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
    )
