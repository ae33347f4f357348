"""Payouts stand still while the books do not agree, until a person lets them go on."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.base.time import rfc3339
from makegood.ledger.audits import pause_store
from makegood.store.database import Connection

PROMISE: Final = timedelta(hours=24)
"""When whoever waits for money is told that a paused payout will have been looked at."""
CHECK_AGAIN: Final = timedelta(seconds=60)
"""How often a waiting payout looks whether it may go on."""

_MAY_RESUME: Final = ("operator", "lead")


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """A difference for which the payouts of a currency stand still. Times are aware UTC.

    `found` names the audit, `account` what differs and `amount_minor` by how much; `times` counts
    how often the audits saw it since.
    """

    currency: str
    since: datetime
    found: str
    account: str
    amount_minor: int
    times: int
    last_at: datetime
    resumed_at: datetime | None = None
    resumed_by: str | None = None
    reason: str | None = None


async def pause_payouts(
    tx: Connection, act: Act, currency: str, *, found: str, account: str, amount_minor: int
) -> None:
    """Stop all payouts of a currency; a difference that is known already is only counted."""
    await pause_store.put(tx, act.market_id, currency, act.now, found, account, amount_minor)


async def open_pauses(conn: Connection, market_id: str) -> list[Pause]:
    """What payouts wait for now, the oldest first."""
    return await _read(conn, market_id, only_open=True)


async def all_pauses(conn: Connection, market_id: str, limit: int = 100) -> list[Pause]:
    """Every pause with who ended it and why, the latest first."""
    return await _read(conn, market_id, only_open=False, limit=limit)


async def paused_since(conn: Connection, market_id: str, currency: str) -> datetime | None:
    """Since when payouts of a currency stand still; None while they flow."""
    return await pause_store.since(conn, market_id, currency)


async def refuse_if_paused(conn: Connection, market_id: str, currency: str) -> None:
    """Refuse to let money out while the books do not agree.

    Raises:
        Refused: `payouts_paused` with the time since when.
    """
    since = await paused_since(conn, market_id, currency)
    if since is not None:
        raise Refused("payouts_paused", since=rfc3339(since))


async def resume_payouts(tx: Connection, act: Act, currency: str, reason: str) -> int:
    """A person has looked at the difference and lets payouts go on; answers how many ended.

    Refunds that wait look again within a minute. A difference that is still there when its
    account moves, or in the next whole audit, stops them anew.

    Raises:
        Refused: `person_needed` for anybody but an operator or lead, `reason_needed`, or
            `not_found` when nothing is paused.
    """
    if act.actor.role not in _MAY_RESUME:
        raise Refused("person_needed")
    if not reason.strip():
        raise Refused("reason_needed")
    ended = await pause_store.end(
        tx, act.market_id, currency, act.now, act.actor.id, reason.strip()
    )
    if not ended:
        raise Refused("not_found")
    return ended


async def _read(
    conn: Connection, market_id: str, *, only_open: bool, limit: int = 1000
) -> list[Pause]:
    rows = await pause_store.read(conn, market_id, only_open, limit)
    return [msgspec.convert(dict(row), Pause) for row in rows]
