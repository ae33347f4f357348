"""All SQL of audits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from makegood.standing.audits.rules import Audit, Beacon, Cause, Drawn, Result
from makegood.store.database import Connection, Record

_AUDIT: Final = ", ".join(Audit.__struct_fields__)
_DRAWN: Final = ", ".join(Drawn.__struct_fields__)


class Candidate(msgspec.Struct, frozen=True):
    """An ended claim that an audit may draw."""

    claim_no: str
    seller_id: str


async def ended_between(
    conn: Connection, market_id: str, since: datetime, until: datetime
) -> list[Candidate]:
    """Claims that ended in a span of time, by number."""
    rows = await conn.fetch(
        """
        select claim_no, seller_id from claim
        where market_id = $1 and not is_open and closed_at >= $2 and closed_at < $3
        order by claim_no
        """,
        market_id,
        since,
        until,
    )
    return [Candidate(row["claim_no"], row["seller_id"]) for row in rows]


async def next_number(tx: Connection, market_id: str) -> int:
    """The number of the next audit; the caller's insert refuses a second one of the same."""
    return int(
        await tx.fetchval(
            "select coalesce(max(audit_no), 0) + 1 from audit where market_id = $1", market_id
        )
    )


async def insert_audit(
    tx: Connection, audit: Audit, by: str, population: Sequence[Candidate]
) -> None:
    """Store an announced audit with its whole population."""
    await tx.execute(
        """
        insert into audit (market_id, audit_no, beacon, known_at, miss_bps, since, until,
                           population, sample, announced_at, announced_by, event_no)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        audit.market_id,
        audit.audit_no,
        audit.beacon,
        audit.known_at,
        audit.miss_bps,
        audit.since,
        audit.until,
        audit.population,
        audit.sample,
        audit.announced_at,
        by,
        audit.event_no,
    )
    await tx.execute(
        """
        insert into audit_claim (market_id, audit_no, claim_no, seller_id)
        select $1, $2, claim_no, seller_id
        from unnest($3::text[], $4::text[]) as one (claim_no, seller_id)
        """,
        audit.market_id,
        audit.audit_no,
        [one.claim_no for one in population],
        [one.seller_id for one in population],
    )


async def load_audit(
    conn: Connection, market_id: str, audit_no: int, *, lock: bool = False
) -> Audit | None:
    """One audit; with `lock`, nobody else changes it meanwhile."""
    row = await conn.fetchrow(
        f"""
        select {_AUDIT} from audit where market_id = $1 and audit_no = $2
        {"for update" if lock else ""}
        """,
        market_id,
        audit_no,
    )
    return _audit(row) if row is not None else None


async def list_audits(conn: Connection, market_id: str, limit: int = 50) -> list[Audit]:
    """Audits, the newest first."""
    rows = await conn.fetch(
        f"select {_AUDIT} from audit where market_id = $1 order by audit_no desc limit $2",
        market_id,
        limit,
    )
    return [_audit(row) for row in rows]


async def population_of(conn: Connection, market_id: str, audit_no: int) -> list[str]:
    """The numbers of all claims that could be drawn."""
    rows = await conn.fetch(
        """
        select claim_no from audit_claim where market_id = $1 and audit_no = $2 order by claim_no
        """,
        market_id,
        audit_no,
    )
    return [row["claim_no"] for row in rows]


async def save_draw(
    tx: Connection, audit: Audit, value: str, drawn: Sequence[str], at: datetime
) -> None:
    """The beacon's value, and the places of what it drew."""
    await tx.execute(
        "update audit set value = $3, drawn_at = $4 where market_id = $1 and audit_no = $2",
        audit.market_id,
        audit.audit_no,
        value,
        at,
    )
    await tx.execute(
        """
        update audit_claim a set rank = one.rank
        from unnest($3::text[]) with ordinality as one (claim_no, rank)
        where a.market_id = $1 and a.audit_no = $2 and a.claim_no = one.claim_no
        """,
        audit.market_id,
        audit.audit_no,
        list(drawn),
    )


async def drawn_of(conn: Connection, market_id: str, audit_no: int) -> list[Drawn]:
    """The sample in the order of the draw; empty before it."""
    rows = await conn.fetch(
        f"""
        select {_DRAWN} from audit_claim
        where market_id = $1 and audit_no = $2 and rank is not null order by rank
        """,
        market_id,
        audit_no,
    )
    return [Drawn(**row) for row in rows]


async def save_result(
    tx: Connection,
    market_id: str,
    audit_no: int,
    rank: int,
    result: Result,
    cause: Cause,
    note: str,
    by: str,
    at: datetime,
) -> bool:
    """What was found at a place of the draw; False when it is not in the sample or was recorded."""
    done = await tx.fetchval(
        """
        update audit_claim set result = $4, cause = $5, note = $6, recorded_by = $7,
               recorded_at = $8
        where market_id = $1 and audit_no = $2 and rank = $3 and result is null returning true
        """,
        market_id,
        audit_no,
        rank,
        result,
        cause,
        note,
        by,
        at,
    )
    return bool(done)


async def save_finished(tx: Connection, market_id: str, audit_no: int, at: datetime) -> None:
    """The audit is over."""
    await tx.execute(
        "update audit set finished_at = $3 where market_id = $1 and audit_no = $2",
        market_id,
        audit_no,
        at,
    )


def _audit(row: Record) -> Audit:
    beacon: Beacon = msgspec.convert(row["beacon"], Beacon)
    return Audit(**{**row, "beacon": beacon})
