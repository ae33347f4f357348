"""All SQL of proofs and buyer sessions."""

from datetime import datetime, timedelta

import msgspec

from makegood.people.markets.rules import Language
from makegood.people.proofs.rules import CODE_TRIES, ProvenBy
from makegood.store.database import Connection


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A begun proof. `fits` says whether the contact was the order's; nobody is told."""

    proof_id: str
    order_no: str
    buyer_id: str
    address_sealed: bytes | None
    language: Language
    fits: bool
    created_at: datetime
    expires_at: datetime


class NewBuyerSession(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer session to store."""

    session_id: str
    buyer_id: str
    order_nos: tuple[str, ...]
    proven_by: ProvenBy
    created_at: datetime
    expires_at: datetime


async def insert_proof(tx: Connection, market_id: str, proof: Proof) -> None:
    """Store a begun proof, whether it fits or not."""
    await tx.execute(
        """
        INSERT INTO proof (market_id, proof_id, order_no, buyer_id, address_sealed, language, fits,
                           created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        market_id,
        proof.proof_id,
        proof.order_no,
        proof.buyer_id,
        proof.address_sealed,
        proof.language,
        proof.fits,
        proof.created_at,
        proof.expires_at,
    )


async def count_fitting(conn: Connection, market_id: str, order_no: str, now: datetime) -> int:
    """How many codes were mailed for this order within the last hour."""
    count = await conn.fetchval(
        """
        SELECT count(*) FROM proof
        WHERE market_id = $1 AND order_no = $2 AND created_at > $3 AND fits
        """,
        market_id,
        order_no,
        now - timedelta(hours=1),
    )
    return int(count)


async def load_proof(conn: Connection, market_id: str, proof_id: str) -> Proof | None:
    """A proof that was not used yet, or None."""
    row = await conn.fetchrow(
        """
        SELECT proof_id, order_no, buyer_id, address_sealed, language, fits, created_at, expires_at
        FROM proof WHERE market_id = $1 AND proof_id = $2 AND used_at IS NULL
        """,
        market_id,
        proof_id,
    )
    if row is None:
        return None
    return Proof(
        proof_id=row["proof_id"],
        order_no=row["order_no"],
        buyer_id=row["buyer_id"],
        address_sealed=row["address_sealed"],
        language=row["language"],
        fits=row["fits"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )


async def count_try(tx: Connection, market_id: str, proof_id: str, now: datetime) -> bool:
    """Count one typed code; False when the proof is unknown, used, over or out of tries."""
    counted = await tx.fetchval(
        """
        UPDATE proof SET attempts = attempts + 1
        WHERE market_id = $1 AND proof_id = $2 AND attempts < $3 AND expires_at > $4
          AND used_at IS NULL
        RETURNING true
        """,
        market_id,
        proof_id,
        CODE_TRIES,
        now,
    )
    return bool(counted)


async def use_proof(tx: Connection, market_id: str, proof_id: str, now: datetime) -> bool:
    """Use a fitting proof up and forget its address; False when someone else just did."""
    used = await tx.fetchval(
        """
        UPDATE proof SET used_at = $3, address_sealed = NULL
        WHERE market_id = $1 AND proof_id = $2 AND used_at IS NULL AND fits
        RETURNING true
        """,
        market_id,
        proof_id,
        now,
    )
    return bool(used)


async def forget_older(tx: Connection, before: datetime) -> int:
    """Delete proofs and buyer sessions that ended before `before`; answers how many."""
    proofs = await tx.fetch("DELETE FROM proof WHERE expires_at < $1 RETURNING 1", before)
    sessions = await tx.fetch("DELETE FROM buyer_session WHERE expires_at < $1 RETURNING 1", before)
    return len(proofs) + len(sessions)


async def insert_session(tx: Connection, market_id: str, session: NewBuyerSession) -> None:
    """Store a buyer session: how it was proven, and so that it can be revoked."""
    await tx.execute(
        """
        INSERT INTO buyer_session (market_id, session_id, buyer_id, order_nos, proven_by,
                                   created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        market_id,
        session.session_id,
        session.buyer_id,
        list(session.order_nos),
        session.proven_by,
        session.created_at,
        session.expires_at,
    )


async def revoke_session(tx: Connection, market_id: str, session_id: str, now: datetime) -> bool:
    """End one buyer session; False when there is no such live one."""
    ended = await tx.fetchval(
        """
        UPDATE buyer_session SET revoked_at = $3
        WHERE market_id = $1 AND session_id = $2 AND revoked_at IS NULL RETURNING true
        """,
        market_id,
        session_id,
        now,
    )
    return bool(ended)


async def revoke_buyer(tx: Connection, market_id: str, buyer_id: str, now: datetime) -> int:
    """End every session of a buyer; answers how many."""
    rows = await tx.fetch(
        """
        UPDATE buyer_session SET revoked_at = $3
        WHERE market_id = $1 AND buyer_id = $2 AND revoked_at IS NULL AND expires_at > $3
        RETURNING 1
        """,
        market_id,
        buyer_id,
        now,
    )
    return len(rows)


async def list_revoked(conn: Connection, market_id: str, since: datetime) -> set[str]:
    """The ids of buyer sessions that were revoked since `since`."""
    rows = await conn.fetch(
        "SELECT session_id FROM buyer_session WHERE market_id = $1 AND revoked_at > $2",
        market_id,
        since,
    )
    return {row["session_id"] for row in rows}
