"""API keys: printed once, found by hash, bound to a market, ended within a second."""

import asyncio
from datetime import datetime, timedelta

import pytest

from makegood.base.refusal import Refused
from makegood.people.callers import Callers
from makegood.people.keys.actions import CreatedKey, KeyRing, create_key, list_keys, revoke_key
from makegood.people.keys.rules import KeyRole, NewKey
from makegood.people.markets.actions import put_sellers
from makegood.store.database import Database
from makegood.store.vault import Vault
from tests.people.kit import CountingIds, ListeningDatabase, act_at, make_market


async def _key(
    db: Database, ids: CountingIds, now: datetime, role: KeyRole = "market", market: str = "main"
) -> CreatedKey:
    async with db.transaction() as tx:
        new = NewKey(role=role, name="shop system")
        return await create_key(tx, act_at(now, market_id=market), ids, new)


async def test_a_key_acts_as_its_market(
    db: Database, ids: CountingIds, now: datetime, market: str
) -> None:
    key = await _key(db, ids, now)
    caller = await KeyRing(db).caller(market, key.token, now)
    assert key.token.startswith("mg_main_")
    assert caller is not None
    assert (caller.role, caller.via, caller.two_factor) == ("market", "api_key", False)


async def test_a_sellers_key_acts_as_the_seller(
    db: Database, ids: CountingIds, now: datetime, market: str
) -> None:
    async with db.transaction() as tx:
        await put_sellers(tx, act_at(now), {"s-1": "小满会员店"})
        key = await create_key(tx, act_at(now), ids, NewKey(role="seller", seller_id="s-1"))
    caller = await KeyRing(db).caller(market, key.token, now)
    assert caller is not None
    assert caller.actor is not None
    assert (caller.actor.role, caller.actor.id) == ("seller", "s-1")


@pytest.mark.parametrize(
    "new",
    [
        NewKey(role="seller"),
        NewKey(role="seller", seller_id="nobody"),
        NewKey(role="market", seller_id="s-1"),
    ],
)
async def test_role_and_seller_must_go_together(
    db: Database, ids: CountingIds, now: datetime, market: str, new: NewKey
) -> None:
    with pytest.raises(Refused) as caught:
        async with db.transaction() as tx:
            await create_key(tx, act_at(now), ids, new)
    assert caught.value.code == "setting_invalid"


async def test_another_markets_key_opens_nothing(
    db: Database, ids: CountingIds, now: datetime, market: str
) -> None:
    await make_market(db, now, "other")
    key = await _key(db, ids, now, market="other")
    disguised = key.token.replace("mg_other_", "mg_main_")
    ring = KeyRing(db)
    assert await ring.caller(market, key.token, now) is None
    assert await ring.caller(market, disguised, now) is None
    assert await ring.caller("other", key.token, now) is not None


async def test_a_revoked_key_stops_within_a_second(
    db: Database, ids: CountingIds, now: datetime, market: str
) -> None:
    key, ring = await _key(db, ids, now), KeyRing(db)
    assert await ring.caller(market, key.token, now) is not None
    async with db.transaction() as tx:
        assert await revoke_key(tx, act_at(now), key.key_id)
        assert not await revoke_key(tx, act_at(now), key.key_id)
    assert await ring.caller(market, key.token, now + timedelta(seconds=1)) is None


async def test_the_last_use_is_shown_and_written_once_a_minute(
    db: Database, ids: CountingIds, now: datetime, market: str
) -> None:
    key = await _key(db, ids, now)
    ring = KeyRing(db)
    for second in range(50):
        await ring.caller(market, key.token, now + timedelta(seconds=second))
    async with db.connection() as conn:
        assert (await list_keys(conn, market))[0].last_used_at == now
    await ring.caller(market, key.token, now + timedelta(seconds=70))
    async with db.connection() as conn:
        assert (await list_keys(conn, market))[0].last_used_at == now + timedelta(seconds=70)


async def test_requests_of_the_same_second_ask_the_database_once(
    db: Database, ids: CountingIds, now: datetime, market: str
) -> None:
    key = await _key(db, ids, now)
    listening = ListeningDatabase(db)
    ring = KeyRing(listening)
    await ring.caller(market, key.token, now)
    listening.taken()
    await asyncio.gather(*(ring.caller(market, key.token, now) for _ in range(500)))
    assert listening.taken() == []


async def test_the_secret_is_not_in_the_table(
    db: Database, ids: CountingIds, now: datetime, market: str
) -> None:
    key = await _key(db, ids, now)
    async with db.connection() as conn:
        line = await conn.fetchval("SELECT api_key::text FROM api_key")
    assert key.token not in line
    assert key.token.rpartition("_")[2] not in line


@pytest.mark.parametrize("token", ["", "mg_", "mg_main_", "mg_main_x", "💥", "mg_main_\ud800"])
async def test_a_made_up_key_is_nobody(
    db: Database, vault: Vault, now: datetime, market: str, token: str
) -> None:
    caller = await Callers(db, vault).of_bearer(market, token, now)
    assert caller.role == "nobody"


async def test_cookies_that_hold_nothing_are_nobody(
    db: Database, vault: Vault, now: datetime, market: str
) -> None:
    callers = Callers(db, vault)
    assert (await callers.of_sessions(market, None, None, now)).role == "nobody"
    assert (await callers.of_sessions(market, "x", "main.y", now)).role == "nobody"
