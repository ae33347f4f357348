"""The receipts of one stream: which events they are for, and whether each kept its promise."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from makegood.record.log.reading import ReceiptState
from makegood.record.log.receipt import MERGE_WITHIN, number_of
from makegood.store.database import Connection


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt in a list: what it is for, its number, and how it stands.

    `state` is never `unknown` here: the event is at hand, merged or not.
    """

    version: int
    what: str
    """The event's name."""
    by: str
    """The role that acted."""
    at: datetime
    number: str
    leaf_hash: bytes
    state: ReceiptState


async def given_in_stream(
    conn: Connection,
    market_id: str,
    stream: str,
    roles: Sequence[str],
    names: Sequence[str],
    now: datetime,
) -> list[Given]:
    """Receipts for what these roles did, and for events of these names, the newest first."""
    rows = await conn.fetch(
        """
        select e.version, e.name, e.at, e.actor_role, e.entry_hash, l.merged_at,
               coalesce(l.idx < h.signed_size, false) as signed
        from event as e
        left join log_entry as l
          on l.market_id = e.market_id and l.stream = e.stream and l.version = e.version
        left join log_head as h on h.market_id = e.market_id
        where e.market_id = $1 and e.stream = $2
          and (e.actor_role = any ($3) or e.name = any ($4))
        order by e.version desc
        """,
        market_id,
        stream,
        list(roles),
        list(names),
    )
    return [
        Given(
            version=row["version"],
            what=row["name"],
            by=row["actor_role"],
            at=row["at"],
            number=number_of(row["entry_hash"]),
            leaf_hash=row["entry_hash"],
            state=_state(row["at"], row["merged_at"] if row["signed"] else None, now),
        )
        for row in rows
    ]


async def number_at(conn: Connection, market_id: str, stream: str, version: int) -> str | None:
    """The number of the receipt of one event; None when there is no such event."""
    leaf_hash: bytes | None = await conn.fetchval(
        "select entry_hash from event where market_id = $1 and stream = $2 and version = $3",
        market_id,
        stream,
        version,
    )
    return None if leaf_hash is None else number_of(leaf_hash)


def _state(at: datetime, merged_at: datetime | None, now: datetime) -> ReceiptState:
    due = at + MERGE_WITHIN
    if merged_at is not None:
        return "merged_late" if merged_at > due else "merged"
    return "waiting" if now <= due else "late"
