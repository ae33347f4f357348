"""Buyer sessions: a sealed token that needs no query, and a short list of the revoked ones."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import datetime, timedelta
from typing import Final

import msgspec

from makegood.base.actor import Act, Actor
from makegood.base.ids import Ids
from makegood.people.caller import Caller
from makegood.people.fresh import FRESH_FOR as CACHE_FRESH_FOR
from makegood.people.proofs import store
from makegood.people.proofs.rules import (
    FRESH_FOR,
    ORDERS_PER_SESSION,
    SESSION_VALID,
    OrderContact,
    ProvenBy,
)
from makegood.store.database import Connection, Database
from makegood.store.vault import SealBroken, Vault

_PURPOSE: Final = "buyer_session"
_LONGEST_TOKEN: Final = 8_000
_COMMIT_LAG: Final = timedelta(seconds=60)
"""A revocation carries its request's time and may commit later: look back that far."""


class BuyerToken(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a buyer's cookie holds, sealed with a key that only we have."""

    session_id: str
    buyer_id: str
    order_nos: tuple[str, ...]
    fresh_until: datetime
    expires_at: datetime


class BuyerSignedIn(msgspec.Struct, frozen=True):
    """A buyer session that began; `token` goes into the cookie or the API's answer."""

    token: str
    order_no: str
    expires_at: datetime


class BuyerSessions:
    """Resolves buyer tokens: a seal to open, and at most about one query a second for all."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault
        self._revoked: dict[str, set[str]] = {}
        self._read_at: dict[str, datetime] = {}
        self._turn = asyncio.Lock()

    async def caller(self, market_id: str, token: str, now: datetime) -> Caller | None:
        """Whose token this is, or None when it is forged, ended, revoked or of another market."""
        opened = open_token(self._vault, market_id, token)
        if opened is None or now >= opened.expires_at:
            return None
        if opened.session_id in await self._revoked_now(market_id, now):
            return None
        return _caller(market_id, opened, now)

    def forget(self, market_id: str) -> None:
        """Read the revoked sessions again at the next request."""
        self._read_at.pop(market_id, None)

    async def _revoked_now(self, market_id: str, now: datetime) -> set[str]:
        if self._is_old(market_id, now):
            async with self._turn:
                if self._is_old(market_id, now):
                    await self._read(market_id, now)
        return self._revoked[market_id]

    def _is_old(self, market_id: str, now: datetime) -> bool:
        read_at = self._read_at.get(market_id)
        return read_at is None or now - read_at >= CACHE_FRESH_FOR

    async def _read(self, market_id: str, now: datetime) -> None:
        since = now - SESSION_VALID - _COMMIT_LAG
        async with self._db.connection() as conn:
            self._revoked[market_id] = await store.list_revoked(conn, market_id, since)
        self._read_at[market_id] = now


async def begin_buyer_session(
    tx: Connection,
    act: Act,
    vault: Vault,
    ids: Ids,
    order: OrderContact,
    proven_by: ProvenBy,
    before: Caller | None = None,
) -> BuyerSignedIn:
    """Store a new session for this order and hand out its token.

    `before` is the session the buyer had: orders of the same buyer stay open in the new one.
    """
    opened = BuyerToken(
        session_id=ids.uuid(),
        buyer_id=order.buyer_id,
        order_nos=_orders(order, before),
        fresh_until=act.now + FRESH_FOR,
        expires_at=act.now + SESSION_VALID,
    )
    await store.insert_session(tx, act.market_id, _stored(act, opened, proven_by))
    return BuyerSignedIn(
        seal_token(vault, act.market_id, opened), order.order_no, opened.expires_at
    )


async def revoke_buyer_session(tx: Connection, act: Act, session_id: str) -> bool:
    """End a buyer session everywhere within a second; False when there is no such live one."""
    return await store.revoke_session(tx, act.market_id, session_id, act.now)


async def revoke_buyer(tx: Connection, act: Act, buyer_id: str) -> int:
    """End every session of a buyer, because the contact changed or was stolen."""
    return await store.revoke_buyer(tx, act.market_id, buyer_id, act.now)


def seal_token(vault: Vault, market_id: str, opened: BuyerToken) -> str:
    """The token's text; it opens only for this market."""
    sealed = vault.seal(market_id, _PURPOSE, "", msgspec.msgpack.encode(opened))
    return urlsafe_b64encode(sealed).decode()


def open_token(vault: Vault, market_id: str, token: str) -> BuyerToken | None:
    """What a token holds, or None when it is not one of ours for this market."""
    if len(token) > _LONGEST_TOKEN:
        return None
    try:
        plain = vault.open_sealed(market_id, _PURPOSE, "", urlsafe_b64decode(token))
    except (SealBroken, Base64Error, ValueError):
        return None
    return msgspec.msgpack.decode(plain, type=BuyerToken)


def _orders(order: OrderContact, before: Caller | None) -> tuple[str, ...]:
    same_buyer = (
        before is not None and before.actor is not None and before.actor.id == order.buyer_id
    )
    earlier = before.order_nos if before is not None and same_buyer else ()
    kept = [order_no for order_no in earlier if order_no != order.order_no]
    return (order.order_no, *kept)[:ORDERS_PER_SESSION]


def _stored(act: Act, opened: BuyerToken, proven_by: ProvenBy) -> store.NewBuyerSession:
    return store.NewBuyerSession(
        session_id=opened.session_id,
        buyer_id=opened.buyer_id,
        order_nos=opened.order_nos,
        proven_by=proven_by,
        created_at=act.now,
        expires_at=opened.expires_at,
    )


def _caller(market_id: str, opened: BuyerToken, now: datetime) -> Caller:
    return Caller(
        market_id=market_id,
        actor=Actor(role="buyer", id=opened.buyer_id, fresh_proof=now < opened.fresh_until),
        via="buyer_session",
        session_id=opened.session_id,
        order_nos=opened.order_nos,
    )
