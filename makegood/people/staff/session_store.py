"""All SQL of staff sessions."""

from datetime import datetime

import msgspec

from makegood.people.staff.rules import Session, StaffRole
from makegood.store.database import Connection, Record


class LiveSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that was not revoked, with the account it belongs to."""

    session_id: str
    account_id: str
    display_name: str
    language: str
    role: StaffRole
    party_id: str
    second_factor: bool
    second_factor_required: bool
    last_seen_at: datetime
    expires_at: datetime


async def insert_session(
    tx: Connection,
    market_id: str,
    account_id: str,
    session: Session,
    token_hash: bytes,
) -> None:
    """Store a new session."""
    await tx.execute(
        """
        INSERT INTO staff_session (market_id, session_id, token_hash, account_id, browser,
                                   second_factor_at, created_at, last_seen_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)
        """,
        market_id,
        session.session_id,
        token_hash,
        account_id,
        session.browser,
        session.created_at if session.second_factor else None,
        session.created_at,
        session.expires_at,
    )


async def load_live(conn: Connection, market_id: str, token_hash: bytes) -> LiveSession | None:
    """The session of this token with its account, unless revoked or disabled."""
    row = await conn.fetchrow(
        """
        SELECT s.session_id, s.account_id, a.display_name, a.language, a.role,
               coalesce(a.seller_id, a.supplier_id, a.account_id) AS party_id,
               s.second_factor_at IS NOT NULL AS second_factor,
               m.settings -> 'second_factor_roles' ? a.role AS second_factor_required,
               s.last_seen_at, s.expires_at
        FROM staff_session s
        JOIN account a USING (market_id, account_id)
        JOIN market m USING (market_id)
        WHERE s.market_id = $1 AND s.token_hash = $2
          AND s.revoked_at IS NULL AND a.disabled_at IS NULL
        """,
        market_id,
        token_hash,
    )
    return _live(row) if row else None


async def touch(conn: Connection, market_id: str, session_id: str, now: datetime) -> None:
    """Note when the session was last used."""
    await conn.execute(
        """
        UPDATE staff_session SET last_seen_at = $3
        WHERE market_id = $1 AND session_id = $2 AND last_seen_at < $3
        """,
        market_id,
        session_id,
        now,
    )


async def rotate(
    tx: Connection,
    market_id: str,
    session_id: str,
    token_hash: bytes,
    second_factor_at: datetime | None,
) -> None:
    """Give the session a new token; a given `second_factor_at` is added, never taken away."""
    await tx.execute(
        """
        UPDATE staff_session
        SET token_hash = $3, second_factor_at = coalesce($4, second_factor_at)
        WHERE market_id = $1 AND session_id = $2
        """,
        market_id,
        session_id,
        token_hash,
        second_factor_at,
    )


async def list_sessions(
    conn: Connection, market_id: str, account_id: str, now: datetime
) -> list[Session]:
    """The account's sessions that were neither revoked nor ended, newest use first."""
    rows = await conn.fetch(
        """
        SELECT session_id, browser, second_factor_at IS NOT NULL AS second_factor, created_at,
               last_seen_at, expires_at
        FROM staff_session
        WHERE market_id = $1 AND account_id = $2 AND revoked_at IS NULL AND expires_at > $3
        ORDER BY last_seen_at DESC, session_id
        """,
        market_id,
        account_id,
        now,
    )
    return [_session(row) for row in rows]


async def revoke(
    tx: Connection, market_id: str, account_id: str, session_id: str, now: datetime
) -> bool:
    """End one session of this account; False when it has no such live session."""
    ended = await tx.fetchval(
        """
        UPDATE staff_session SET revoked_at = $4
        WHERE market_id = $1 AND account_id = $2 AND session_id = $3 AND revoked_at IS NULL
        RETURNING true
        """,
        market_id,
        account_id,
        session_id,
        now,
    )
    return bool(ended)


async def revoke_all(
    tx: Connection, market_id: str, account_id: str, now: datetime, keep: str = ""
) -> int:
    """End every session of this account but `keep`; answers how many."""
    rows = await tx.fetch(
        """
        UPDATE staff_session SET revoked_at = $3
        WHERE market_id = $1 AND account_id = $2 AND revoked_at IS NULL AND session_id <> $4
        RETURNING 1
        """,
        market_id,
        account_id,
        now,
        keep,
    )
    return len(rows)


async def forget_older(tx: Connection, before: datetime) -> int:
    """Delete sessions that ended before `before`; answers how many."""
    rows = await tx.fetch("DELETE FROM staff_session WHERE expires_at < $1 RETURNING 1", before)
    return len(rows)


def _live(row: Record) -> LiveSession:
    return LiveSession(
        session_id=row["session_id"],
        account_id=row["account_id"],
        display_name=row["display_name"],
        language=row["language"],
        role=row["role"],
        party_id=row["party_id"],
        second_factor=row["second_factor"],
        second_factor_required=row["second_factor_required"],
        last_seen_at=row["last_seen_at"],
        expires_at=row["expires_at"],
    )


def _session(row: Record) -> Session:
    return Session(
        session_id=row["session_id"],
        browser=row["browser"],
        second_factor=row["second_factor"],
        created_at=row["created_at"],
        last_seen_at=row["last_seen_at"],
        expires_at=row["expires_at"],
    )
