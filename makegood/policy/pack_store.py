"""All SQL of stored rule packs: their content, their versions, and since when each decides."""

from datetime import datetime

import msgspec

from makegood.policy.stages import Ref, Stage
from makegood.store.database import Connection, Record


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A published version; permanent."""

    pack_id: str
    version: int
    digest: str
    draft_id: str
    published_at: datetime
    published_by: str

    @property
    def ref(self) -> Ref:
        """As decisions cite it."""
        return Ref(self.pack_id, self.version)


async def insert_pack(
    tx: Connection, market_id: str, digest: str, source: bytes, at: datetime
) -> None:
    """Keep a pack's one file under its digest; the same file twice is one."""
    await tx.execute(
        """
        insert into policy_pack (market_id, digest, source, stored_at) values ($1, $2, $3, $4)
        on conflict (market_id, digest) do nothing
        """,
        market_id,
        digest,
        source,
        at,
    )


async def insert_version(tx: Connection, market_id: str, version: Version) -> bool:
    """Publish a version; False when this number is taken."""
    done = await tx.fetchval(
        """
        insert into policy_version
            (market_id, pack_id, version, digest, draft_id, published_at, published_by)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (market_id, pack_id, version) do nothing
        returning version
        """,
        market_id,
        version.pack_id,
        version.version,
        version.digest,
        version.draft_id,
        version.published_at,
        version.published_by,
    )
    return done is not None


async def insert_stage(tx: Connection, market_id: str, stage: Stage) -> bool:
    """Append a stage; False when another one took its number meanwhile."""
    done = await tx.fetchval(
        """
        insert into policy_stage (market_id, stage_no, from_at, pack_id, stable, candidate, share,
                                  kind, draft_id, by_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (market_id, stage_no) do nothing
        returning stage_no
        """,
        market_id,
        stage.stage_no,
        stage.from_at,
        stage.pack_id,
        stage.stable,
        stage.candidate,
        stage.share,
        stage.kind,
        stage.draft_id,
        stage.by_id,
    )
    return done is not None


async def load_source(conn: Connection, market_id: str, ref: Ref) -> bytes | None:
    """The one file of a published version, or None."""
    found = await conn.fetchval(
        """
        select p.source from policy_version v
        join policy_pack p on p.market_id = v.market_id and p.digest = v.digest
        where v.market_id = $1 and v.pack_id = $2 and v.version = $3
        """,
        market_id,
        ref.pack_id,
        ref.version,
    )
    return bytes(found) if found is not None else None


async def list_versions(conn: Connection, market_id: str) -> list[Version]:
    """Every published version, the newest first."""
    rows = await conn.fetch(
        """
        select pack_id, version, digest, draft_id, published_at, published_by from policy_version
        where market_id = $1 order by published_at desc, pack_id, version desc
        """,
        market_id,
    )
    return [Version(**row) for row in rows]


async def last_version(conn: Connection, market_id: str, pack_id: str) -> int:
    """The highest number published under this name; 0 for none."""
    found = await conn.fetchval(
        """
        select max(version) from policy_version where market_id = $1 and pack_id = $2
        """,
        market_id,
        pack_id,
    )
    return int(found or 0)


async def list_stages(conn: Connection, market_id: str) -> list[Stage]:
    """Every stage in the order it was written."""
    rows = await conn.fetch(
        """
        select stage_no, from_at, pack_id, stable, candidate, share, kind, draft_id, by_id
        from policy_stage where market_id = $1 order by stage_no
        """,
        market_id,
    )
    return [_stage(row) for row in rows]


def _stage(row: Record) -> Stage:
    return Stage(**row)
