"""All SQL of proposals."""

from datetime import datetime

from makegood.people.approvals.rules import NewProposal, Proposal
from makegood.store.database import Connection, Record

_COLUMNS = """
    proposal_no, kind, subject, amount_minor, currency, payload, why, proposed_by, proposed_name,
    proposed_at, state, decided_by, decided_name, decided_at, decided_text
"""


async def insert_proposal(
    tx: Connection, market_id: str, proposal: Proposal, request_key: str
) -> bool:
    """Write a new proposal; False when one with this key is open or approved already."""
    made = await tx.fetchval(
        """
        INSERT INTO proposal (market_id, proposal_no, kind, subject, amount_minor, currency,
                              payload, why, request_key, proposed_by, proposed_name, proposed_at,
                              state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'open')
        ON CONFLICT (market_id, kind, request_key)
            WHERE request_key <> '' AND state IN ('open', 'approved') DO NOTHING
        RETURNING true
        """,
        market_id,
        proposal.proposal_no,
        proposal.kind,
        proposal.subject,
        proposal.amount_minor,
        proposal.currency,
        proposal.payload,
        proposal.why,
        request_key,
        proposal.proposed_by,
        proposal.proposed_name,
        proposal.proposed_at,
    )
    return bool(made)


async def find_by_key(conn: Connection, market_id: str, new: NewProposal) -> Proposal | None:
    """The open or approved proposal with this key."""
    row = await conn.fetchrow(
        f"""
        SELECT {_COLUMNS} FROM proposal
        WHERE market_id = $1 AND kind = $2 AND request_key = $3 AND request_key <> ''
          AND state IN ('open', 'approved')
        """,
        market_id,
        new.kind,
        new.key,
    )
    return _proposal(row) if row else None


async def lock_proposal(tx: Connection, market_id: str, proposal_no: str) -> Proposal | None:
    """One proposal, locked until the transaction ends."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM proposal WHERE market_id = $1 AND proposal_no = $2 FOR UPDATE",
        market_id,
        proposal_no,
    )
    return _proposal(row) if row else None


async def load_proposal(conn: Connection, market_id: str, proposal_no: str) -> Proposal | None:
    """One proposal as it is now."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM proposal WHERE market_id = $1 AND proposal_no = $2",
        market_id,
        proposal_no,
    )
    return _proposal(row) if row else None


async def save_decision(tx: Connection, market_id: str, proposal: Proposal) -> None:
    """Store how a locked proposal was decided."""
    await tx.execute(
        """
        UPDATE proposal SET state = $3, decided_by = $4, decided_name = $5, decided_at = $6,
                            decided_text = $7
        WHERE market_id = $1 AND proposal_no = $2 AND state = 'open'
        """,
        market_id,
        proposal.proposal_no,
        proposal.state,
        proposal.decided_by,
        proposal.decided_name,
        proposal.decided_at,
        proposal.decided_text,
    )


async def lock_open_of(tx: Connection, market_id: str, kind: str, subject: str) -> list[Proposal]:
    """The open proposals of a kind about one subject, locked."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS} FROM proposal
        WHERE market_id = $1 AND kind = $2 AND subject = $3 AND state = 'open'
        ORDER BY proposal_no FOR UPDATE
        """,
        market_id,
        kind,
        subject,
    )
    return [_proposal(row) for row in rows]


async def open_of(conn: Connection, market_id: str, kind: str, subject: str) -> list[Proposal]:
    """The open proposals of a kind about one subject, as they are now."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM proposal
        WHERE market_id = $1 AND kind = $2 AND subject = $3 AND state = 'open'
        ORDER BY proposal_no
        """,
        market_id,
        kind,
        subject,
    )
    return [_proposal(row) for row in rows]


async def named_files(conn: Connection) -> set[tuple[str, str]]:
    """(market, SHA-256) of the files that proposals name as their proof."""
    rows = await conn.fetch(
        """
        SELECT market_id, payload ->> 'file_sha256' AS sha256 FROM proposal
        WHERE payload ->> 'file_sha256' <> ''
        """
    )
    return {(row["market_id"], row["sha256"]) for row in rows}


async def list_proposals(
    conn: Connection, market_id: str, states: list[str], kind: str = "", limit: int = 100
) -> list[Proposal]:
    """Proposals in these states, the newest first; all kinds unless one is named."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM proposal
        WHERE market_id = $1 AND state = ANY ($2) AND ($3 = '' OR kind = $3)
        ORDER BY proposed_at DESC, proposal_no
        LIMIT $4
        """,
        market_id,
        states,
        kind,
        limit,
    )
    return [_proposal(row) for row in rows]


async def count_open(conn: Connection, market_id: str) -> dict[str, int]:
    """How many proposals wait, by kind."""
    rows = await conn.fetch(
        """
        SELECT kind, count(*)::integer AS waiting FROM proposal
        WHERE market_id = $1 AND state = 'open' GROUP BY kind ORDER BY kind
        """,
        market_id,
    )
    return {row["kind"]: row["waiting"] for row in rows}


async def proven_at(conn: Connection, market_id: str, session_id: str) -> datetime | None:
    """When the second factor of a live staff session was last shown."""
    value: datetime | None = await conn.fetchval(
        """
        SELECT second_factor_at FROM staff_session
        WHERE market_id = $1 AND session_id = $2 AND revoked_at IS NULL
        """,
        market_id,
        session_id,
    )
    return value


async def note_proven(tx: Connection, market_id: str, session_id: str, now: datetime) -> None:
    """The second factor of this session was shown again."""
    await tx.execute(
        """
        UPDATE staff_session SET second_factor_at = $3
        WHERE market_id = $1 AND session_id = $2 AND revoked_at IS NULL
        """,
        market_id,
        session_id,
        now,
    )


def _proposal(row: Record) -> Proposal:
    return Proposal(
        proposal_no=row["proposal_no"],
        kind=row["kind"],
        subject=row["subject"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        payload=row["payload"],
        why=row["why"],
        proposed_by=row["proposed_by"],
        proposed_name=row["proposed_name"],
        proposed_at=row["proposed_at"],
        state=row["state"],
        decided_by=row["decided_by"],
        decided_name=row["decided_name"],
        decided_at=row["decided_at"],
        decided_text=row["decided_text"],
    )
