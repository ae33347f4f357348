"""Who is ruling: a lease of a minute, renewed by activity, so that two never rule at once."""

from datetime import timedelta
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims import lease_store
from makegood.store.database import Connection, Record

LENGTH: Final = timedelta(seconds=60)


class Lease(msgspec.Struct, frozen=True):
    """Who may rule now, as this reader sees it; `seconds` until it runs out."""

    mine: bool
    holder_name: str
    seconds: int


async def take_lease(tx: Connection, act: Act, claim_no: str, name: str) -> Lease:
    """Take or renew the lease; another person's running lease stays theirs."""
    holder = (act.actor.id, name)
    row = await lease_store.take(tx, act.market_id, claim_no, holder, act.now, act.now + LENGTH)
    assert row is not None, "a lease was just taken or is another's"
    return _lease(row, act)


async def read_lease(conn: Connection, act: Act, claim_no: str) -> Lease | None:
    """The lease that runs now, if any."""
    row = await lease_store.read(conn, act.market_id, claim_no, act.now)
    return _lease(row, act) if row else None


async def end_lease(tx: Connection, act: Act, claim_no: str) -> None:
    """Give one's own lease back; refused `stale_version` while another person rules."""
    row = await lease_store.read(tx, act.market_id, claim_no, act.now)
    if row is not None and row["holder_id"] != act.actor.id:
        raise Refused("stale_version", holder=row["holder_name"])
    await lease_store.drop(tx, act.market_id, claim_no, act.actor.id)


def _lease(row: Record, act: Act) -> Lease:
    seconds = max(0, int((row["until"] - act.now).total_seconds()))
    return Lease(row["holder_id"] == act.actor.id, row["holder_name"], seconds)
