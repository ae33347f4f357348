"""SQL of holds and of the list of erasures."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from makegood.privacy.rules import Erased, Hold
from makegood.store.database import Connection

_HOLD = "hold_id, kind, subject, reason, placed_at, placed_by, lifted_at, lifted_by"
_ERASURE = ", ".join(Erased.__struct_fields__)


async def add_hold(tx: Connection, market_id: str, hold: Hold) -> bool:
    """Place a hold; False when one stands on the same thing already."""
    added = await tx.fetchval(
        """
        insert into legal_hold (market_id, hold_id, kind, subject, reason, placed_at, placed_by)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (market_id, kind, subject) where lifted_at is null do nothing
        returning true
        """,
        market_id,
        hold.hold_id,
        hold.kind,
        hold.subject,
        hold.reason,
        hold.placed_at,
        hold.placed_by,
    )
    return bool(added)


async def lift_hold(tx: Connection, market_id: str, hold_id: str, by: str, now: datetime) -> bool:
    """Lift a standing hold; False when there is none."""
    lifted = await tx.fetchval(
        """
        update legal_hold set lifted_at = $4, lifted_by = $3
        where market_id = $1 and hold_id = $2 and lifted_at is null returning true
        """,
        market_id,
        hold_id,
        by,
        now,
    )
    return bool(lifted)


async def standing_holds(conn: Connection, market_id: str) -> list[Hold]:
    """Every hold that stands, the newest first."""
    rows = await conn.fetch(
        f"""
        select {_HOLD} from legal_hold where market_id = $1 and lifted_at is null
        order by placed_at desc, hold_id
        """,
        market_id,
    )
    return [msgspec.convert(dict(row), Hold) for row in rows]


async def forget_holds_on(
    tx: Connection, market_id: str, buyer_ids: Sequence[str], claim_nos: Sequence[str]
) -> None:
    """Forget lifted holds of erased people, and the reasons given for their claims."""
    await tx.execute(
        """
        delete from legal_hold where market_id = $1 and lifted_at is not null
          and ((kind = 'person' and subject = any ($2))
               or (kind = 'claim' and subject = any ($3)))
        """,
        market_id,
        list(buyer_ids),
        list(claim_nos),
    )


async def add_erasure(tx: Connection, market_id: str, done: Erased) -> None:
    """List an erasure."""
    await tx.execute(
        f"""
        insert into erasure (market_id, {_ERASURE})
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        market_id,
        *msgspec.structs.astuple(done),
    )


async def note_cleaned(conn: Connection, market_id: str, erasure_id: str, now: datetime) -> None:
    """The files of an erasure are gone and its tables vacuumed."""
    await conn.execute(
        """
        update erasure set cleaned_at = $3
        where market_id = $1 and erasure_id = $2 and cleaned_at is null
        """,
        market_id,
        erasure_id,
        now,
    )


async def list_erasures(conn: Connection, market_id: str, limit: int = 50) -> list[Erased]:
    """The newest erasures."""
    rows = await conn.fetch(
        f"""
        select {_ERASURE} from erasure where market_id = $1
        order by erased_at desc, erasure_id desc limit $2
        """,
        market_id,
        limit,
    )
    return [msgspec.convert(dict(row), Erased) for row in rows]


async def load_erasure(conn: Connection, market_id: str, erasure_id: str) -> Erased | None:
    """One erasure, or None."""
    row = await conn.fetchrow(
        f"select {_ERASURE} from erasure where market_id = $1 and erasure_id = $2",
        market_id,
        erasure_id,
    )
    return None if row is None else msgspec.convert(dict(row), Erased)


async def still_named(conn: Connection, market_id: str, contents: Sequence[str]) -> set[str]:
    """Which of these contents something that is kept still needs."""
    rows = await conn.fetch(
        """
        select sha256 from evidence where market_id = $1 and sha256 = any ($2)
        union
        select thumb_sha256 from evidence where market_id = $1 and thumb_sha256 = any ($2)
        union
        select proof ->> 'file_sha256' from refund
        where market_id = $1 and proof ->> 'file_sha256' = any ($2)
        union
        select sha256 from bill where market_id = $1 and sha256 = any ($2)
        union
        select sha256 from foreign_bundle where market_id = $1 and sha256 = any ($2)
        union
        select file_ref from scoped_export where market_id = $1 and file_ref = any ($2)
        union
        select loose_ref from scoped_export where market_id = $1 and loose_ref = any ($2)
        """,
        market_id,
        list(contents),
    )
    return {row["sha256"] for row in rows}
