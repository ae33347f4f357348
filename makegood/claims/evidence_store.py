"""All SQL of evidence items and of uploads under way."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from makegood.base.actor import Actor
from makegood.claims.evidence import Evidence
from makegood.claims.files import Part
from makegood.claims.view import Audience
from makegood.store.database import Connection


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file on its way: who sends it, for what, and how much of it is here (bytes)."""

    market_id: str
    upload_id: str
    claim_no: str
    slot: str
    party: str
    audience: Audience
    actor_role: str
    actor_id: str
    filename: str
    declared_size: int | None
    """None when the sender did not say, as in a plain form."""
    part_sizes: list[int] = []
    received: int = 0
    evidence_id: str | None = None
    """Set once the file has become evidence."""
    created_at: datetime
    expires_at: datetime

    def is_by(self, actor: Actor) -> bool:
        """Whether this actor began it; to everyone else it does not exist."""
        return (self.actor_role, self.actor_id) == (actor.role, actor.id)

    def parts(self) -> list[Part]:
        """The stored pieces in order."""
        starts = [sum(self.part_sizes[:place]) for place in range(len(self.part_sizes))]
        return [Part(start, size) for start, size in zip(starts, self.part_sizes, strict=True)]


_EVIDENCE: Final = (
    "market_id, evidence_id, claim_no, slot, party, audience, filename, media_type, size, "
    "sha256, thumb_sha256, notes, added_at"
)
_UPLOAD: Final = (
    "market_id, upload_id, claim_no, slot, party, audience, actor_role, actor_id, filename, "
    "declared_size, part_sizes, received, evidence_id, created_at, expires_at"
)


async def add_evidence(tx: Connection, item: Evidence) -> None:
    """Write an item. The same content twice for one slot is a unique violation."""
    await tx.execute(
        f"""
        insert into evidence ({_EVIDENCE})
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        *msgspec.structs.astuple(item),
    )


async def same_evidence(conn: Connection, item: Evidence) -> Evidence | None:
    """The item of the same claim, party and slot with the very same content, or None."""
    row = await conn.fetchrow(
        f"""
        select {_EVIDENCE} from evidence
        where market_id = $1 and claim_no = $2 and party = $3 and slot = $4 and sha256 = $5
        """,
        item.market_id,
        item.claim_no,
        item.party,
        item.slot,
        item.sha256,
    )
    return None if row is None else _evidence(row)


async def evidence_by_id(conn: Connection, market_id: str, evidence_id: str) -> Evidence | None:
    """One item, or None."""
    row = await conn.fetchrow(
        f"select {_EVIDENCE} from evidence where market_id = $1 and evidence_id = $2",
        market_id,
        evidence_id,
    )
    return None if row is None else _evidence(row)


async def evidence_of_claim(conn: Connection, market_id: str, claim_no: str) -> list[Evidence]:
    """All items of a claim, oldest first. Who may see which is the caller's question."""
    rows = await conn.fetch(
        f"""
        select {_EVIDENCE} from evidence
        where market_id = $1 and claim_no = $2 order by added_at, evidence_id
        """,
        market_id,
        claim_no,
    )
    return [_evidence(row) for row in rows]


async def claims_with_content(
    conn: Connection, market_id: str, sha256: str, but_not: str
) -> list[str]:
    """Other claims in which the very same file was filed: a hint at copied evidence."""
    rows = await conn.fetch(
        """
        select distinct claim_no from evidence
        where market_id = $1 and sha256 = $2 and claim_no <> $3
          and claim_no not like 'draft:%'
        order by claim_no
        """,
        market_id,
        sha256,
        but_not,
    )
    return [row["claim_no"] for row in rows]


async def move_evidence(
    tx: Connection, market_id: str, from_no: str, claim_no: str
) -> list[Evidence]:
    """Give the items of a draft to the claim that it became; answers them, oldest first."""
    await tx.execute(
        "update upload set claim_no = $3 where market_id = $1 and claim_no = $2",
        market_id,
        from_no,
        claim_no,
    )
    rows = await tx.fetch(
        f"""
        update evidence set claim_no = $3 where market_id = $1 and claim_no = $2
        returning {_EVIDENCE}
        """,
        market_id,
        from_no,
        claim_no,
    )
    return sorted(map(_evidence, rows), key=lambda item: (item.added_at, item.evidence_id))


async def lock_filing(tx: Connection, market_id: str, claim_no: str, party: str) -> None:
    """Let one filing of a party in a claim be counted at a time, until the transaction ends."""
    await tx.execute(
        "select pg_advisory_xact_lock(hashtextextended($1, 50))",
        f"{market_id}\x1f{claim_no}\x1f{party}",
    )


async def count_items(
    tx: Connection, market_id: str, claim_no: str, party: str, slot: str
) -> tuple[int, int]:
    """How many items a party has filed in a claim: in this slot, and in all."""
    row = await tx.fetchrow(
        """
        select count(*) filter (where slot = $4) as in_slot, count(*) as in_all
        from evidence where market_id = $1 and claim_no = $2 and party = $3
        """,
        market_id,
        claim_no,
        party,
        slot,
    )
    assert row is not None
    return row["in_slot"], row["in_all"]


async def count_open_uploads(
    tx: Connection, market_id: str, claim_no: str, party: str, now: datetime
) -> int:
    """How many uploads of a party in a claim have neither ended nor expired."""
    count: int = await tx.fetchval(
        """
        select count(*) from upload
        where market_id = $1 and claim_no = $2 and party = $3
          and evidence_id is null and expires_at > $4
        """,
        market_id,
        claim_no,
        party,
        now,
    )
    return count


async def add_upload(tx: Connection, upload: Upload) -> bool:
    """Write an upload; False when its id is taken."""
    added = await tx.fetchval(
        f"""
        insert into upload ({_UPLOAD})
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        on conflict (market_id, upload_id) do nothing returning true
        """,
        *msgspec.structs.astuple(upload),
    )
    return bool(added)


async def upload_by_id(conn: Connection, market_id: str, upload_id: str) -> Upload | None:
    """One upload, or None."""
    row = await conn.fetchrow(
        f"select {_UPLOAD} from upload where market_id = $1 and upload_id = $2",
        market_id,
        upload_id,
    )
    return None if row is None else _upload(row)


async def lock_upload(tx: Connection, market_id: str, upload_id: str) -> Upload | None:
    """One upload, held until the transaction ends."""
    row = await tx.fetchrow(
        f"select {_UPLOAD} from upload where market_id = $1 and upload_id = $2 for update",
        market_id,
        upload_id,
    )
    return None if row is None else _upload(row)


async def advance_upload(
    tx: Connection, market_id: str, upload_id: str, part: Part, expires_at: datetime
) -> bool:
    """Count a stored piece; False when the upload has meanwhile gone on from elsewhere."""
    moved = await tx.fetchval(
        """
        update upload
        set received = received + $4, part_sizes = part_sizes || to_jsonb($4::bigint),
            expires_at = $5
        where market_id = $1 and upload_id = $2 and received = $3 and evidence_id is null
        returning true
        """,
        market_id,
        upload_id,
        part.offset,
        part.size,
        expires_at,
    )
    return bool(moved)


async def end_upload(tx: Connection, market_id: str, upload_id: str, evidence_id: str) -> None:
    """Note what the upload became, so that asking again gives the same answer."""
    await tx.execute(
        "update upload set evidence_id = $3 where market_id = $1 and upload_id = $2",
        market_id,
        upload_id,
        evidence_id,
    )


async def forget_uploads(tx: Connection, uploads: Sequence[tuple[str, str]]) -> None:
    """Delete uploads by (market, id)."""
    await tx.execute(
        """
        delete from upload using unnest($1::text[], $2::text[]) as gone (market_id, upload_id)
        where upload.market_id = gone.market_id and upload.upload_id = gone.upload_id
        """,
        [market_id for market_id, _ in uploads],
        [upload_id for _, upload_id in uploads],
    )


async def expired_uploads(conn: Connection, now: datetime, limit: int) -> list[tuple[str, str]]:
    """(market, id) of uploads whose time has passed, the longest first."""
    rows = await conn.fetch(
        """
        select market_id, upload_id from upload
        where expires_at <= $1 order by expires_at limit $2
        """,
        now,
        limit,
    )
    return [(row["market_id"], row["upload_id"]) for row in rows]


async def forget_draft_items(tx: Connection, before: datetime) -> None:
    """Delete what was filed for drafts that never became a claim."""
    await tx.execute("delete from evidence where claim_no like 'draft:%' and added_at < $1", before)


async def kept_files(conn: Connection) -> set[tuple[str, str]]:
    """(market, SHA-256) of every file that some item needs, thumbs among them."""
    rows = await conn.fetch(
        """
        select market_id, sha256 from evidence
        union select market_id, thumb_sha256 from evidence where thumb_sha256 is not null
        """
    )
    return {(row["market_id"], row["sha256"]) for row in rows}


def _evidence(row: asyncpg.Record) -> Evidence:
    return msgspec.convert(dict(row), Evidence)


def _upload(row: asyncpg.Record) -> Upload:
    return msgspec.convert(dict(row), Upload)
