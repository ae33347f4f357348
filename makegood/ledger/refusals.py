"""Requests about money that were refused: who asked for what and why not, kept for people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from makegood.base.actor import Act
from makegood.ledger import refusal_store
from makegood.store.database import Connection, Database


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One refused request. `detail` holds what the refusal named: limits, accounts, fields."""

    at: datetime
    actor_role: str
    actor_id: str
    request_id: str
    action: str
    code: str
    detail: dict[str, Any]


class RefusedNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway's notification that moved nothing: why, and how often the same one came."""

    at: datetime
    channel: str
    verdict: str
    times: int


async def note_refusal(
    db: Database, act: Act, action: str, code: str, detail: Mapping[str, object]
) -> None:
    """Keep a refusal in a commit of its own: the request's transaction is undone already."""
    plain = {name: _plain(one) for name, one in detail.items()}
    async with db.transaction() as tx:
        await refusal_store.insert(tx, act, action, code, plain)


async def latest_refusals(
    conn: Connection, market_id: str, limit: int = 100, before: datetime | None = None
) -> list[Refusal]:
    """What was refused lately, the latest first."""
    rows = await refusal_store.latest(conn, market_id, limit, before)
    return [msgspec.convert(dict(row), Refusal) for row in rows]


async def latest_refused_notices(
    conn: Connection, market_id: str, limit: int = 100, before: datetime | None = None
) -> list[RefusedNotice]:
    """Notifications that were forged, misdirected or not confirmed, the latest first."""
    rows = await refusal_store.refused_notices(conn, market_id, limit, before)
    return [msgspec.convert(dict(row), RefusedNotice) for row in rows]


def _plain(value: object) -> int | str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return value if isinstance(value, int) else str(value)
