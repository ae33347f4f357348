"""SQL of bundles that came from other installs."""

from datetime import datetime

import msgspec

from makegood.store.database import Connection


class ForeignBundle(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle of another install, as it was when it was taken in."""

    bundle_id: str
    sha256: str
    size: int
    origin: str
    """The name of the log that signed it: its mark, shown wherever it is shown."""
    claim_no: str
    audience: str
    entries: int
    state: str
    """The verdict at the import: `intact`, `unpinned`, `not_merged` or `late`."""
    pin: str
    """The key it was held to, or nothing."""
    note: str
    imported_at: datetime
    imported_by: str


_COLUMNS = ", ".join(ForeignBundle.__struct_fields__)


async def add(tx: Connection, market_id: str, bundle: ForeignBundle) -> bool:
    """List a bundle; False when the same file is listed already."""
    added = await tx.fetchval(
        f"""
        insert into foreign_bundle (market_id, {_COLUMNS})
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict (market_id, sha256) do nothing returning true
        """,
        market_id,
        *msgspec.structs.astuple(bundle),
    )
    return bool(added)


async def listed(conn: Connection, market_id: str, limit: int = 100) -> list[ForeignBundle]:
    """The newest bundles from outside."""
    rows = await conn.fetch(
        f"""
        select {_COLUMNS} from foreign_bundle where market_id = $1
        order by imported_at desc, bundle_id limit $2
        """,
        market_id,
        limit,
    )
    return [ForeignBundle(**row) for row in rows]


async def load(conn: Connection, market_id: str, bundle_id: str) -> ForeignBundle | None:
    """One bundle, or None."""
    row = await conn.fetchrow(
        f"select {_COLUMNS} from foreign_bundle where market_id = $1 and bundle_id = $2",
        market_id,
        bundle_id,
    )
    return None if row is None else ForeignBundle(**row)


async def remove(tx: Connection, market_id: str, bundle_id: str) -> str | None:
    """Forget a bundle; answers its hash, so that the file can go too."""
    sha256: str | None = await tx.fetchval(
        "delete from foreign_bundle where market_id = $1 and bundle_id = $2 returning sha256",
        market_id,
        bundle_id,
    )
    return sha256


async def bundle_files(conn: Connection) -> set[tuple[str, str]]:
    """(market, SHA-256) of every file that a bundle from outside needs."""
    rows = await conn.fetch("select market_id, sha256 from foreign_bundle")
    return {(row["market_id"], row["sha256"]) for row in rows}
