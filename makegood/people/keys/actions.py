"""API keys: made and printed once, listed, revoked, resolved on every request."""

from datetime import datetime

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.people.caller import Caller
from makegood.people.fresh import FreshCache
from makegood.people.keys import store
from makegood.people.keys.rules import (
    KEY_PREFIX,
    USE_NOTED_EVERY,
    ApiKey,
    NewKey,
    actor_of,
    fits_role,
)
from makegood.people.markets.store import load_seller
from makegood.people.tokens import is_of_market, new_token, token_hash
from makegood.store.database import Connection, Database


class CreatedKey(msgspec.Struct, frozen=True):
    """A new key; `token` is shown once and stored nowhere."""

    key_id: str
    token: str


class KeyRing:
    """Resolves API keys with at most about one query a second for each."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: FreshCache[ApiKey | None] = FreshCache()

    async def caller(self, market_id: str, token: str, now: datetime) -> Caller | None:
        """Who holds this key, or None when it is unknown, revoked or of another market."""
        if not is_of_market(token, market_id, KEY_PREFIX):
            return None
        key = await self._known.get(token, now, lambda: self._load(market_id, token, now))
        if key is None:
            return None
        return Caller(
            market_id=market_id, actor=actor_of(key), via="api_key", display_name=key.name
        )

    def forget(self, token: str) -> None:
        """Ask again at the next request."""
        self._known.forget(token)

    async def _load(self, market_id: str, token: str, now: datetime) -> ApiKey | None:
        async with self._db.connection() as conn:
            key = await store.load_live_key(conn, market_id, token_hash(token))
            if key is not None and _use_is_old(key, now):
                await store.note_use(conn, market_id, key.key_id, now)
            return key


async def create_key(tx: Connection, act: Act, ids: Ids, new: NewKey) -> CreatedKey:
    """Make a key; refused `setting_invalid` when role and seller do not go together."""
    known = new.seller_id is None or await load_seller(tx, act.market_id, new.seller_id)
    if not fits_role(new) or not known:
        raise Refused("setting_invalid", fields=["seller_id"])
    key_id, token = ids.uuid(), new_token(ids, act.market_id, KEY_PREFIX)
    hashed = token_hash(token)
    await store.insert_key(tx, act.market_id, key_id, hashed, new, act.actor.id, act.now)
    return CreatedKey(key_id, token)


async def list_keys(conn: Connection, market_id: str) -> list[ApiKey]:
    """Every key of the market with its last use, newest first."""
    return await store.list_keys(conn, market_id)


async def revoke_key(tx: Connection, act: Act, key_id: str) -> bool:
    """End the key everywhere within a second; False when there is no such live key."""
    return await store.revoke(tx, act.market_id, key_id, act.now)


def _use_is_old(key: ApiKey, now: datetime) -> bool:
    return key.last_used_at is None or now - key.last_used_at > USE_NOTED_EVERY
