"""The same key gives the same answer, once, to its own caller only."""

import asyncio
from datetime import datetime, timedelta

import pytest

from makegood.base.refusal import Refused
from makegood.store.database import Database
from makegood.store.idempotency import (
    KEPT_FOR,
    Answer,
    KeyedRequest,
    first_answer,
    forget_old_answers,
    keep_answer,
    keyed_request,
)
from makegood.store.vault import Vault

VAULT = Vault.from_key(bytes(32))
CREATED = Answer(status=201, media_type="application/json", body=b'{"claim_no":"AS-1"}')


def asked(body: bytes = b"{}", caller: str = "key-1") -> KeyedRequest:
    return keyed_request("main", caller, "k1", method="POST", path="/claims", body=body)


async def ask(db: Database, request: KeyedRequest, now: datetime) -> bool:
    """Whether the request had to act; it answers CREATED in any case."""
    async with db.transaction() as tx:
        kept = await first_answer(tx, VAULT, request, now)
        if kept is not None:
            assert kept == CREATED
            return False
        await keep_answer(tx, VAULT, request, CREATED)
        return True


async def refuse(db: Database, request: KeyedRequest, now: datetime) -> None:
    async with db.transaction() as tx:
        await first_answer(tx, VAULT, request, now)
        raise Refused("window_closed")


async def test_the_second_request_gets_the_first_answer(db: Database, now: datetime) -> None:
    assert await ask(db, asked(), now)
    assert not await ask(db, asked(), now + timedelta(hours=23))


async def test_a_hundred_equal_requests_at_once_act_once(db: Database, now: datetime) -> None:
    acted = await asyncio.gather(*(ask(db, asked(), now) for _ in range(100)))
    assert sum(acted) == 1


async def test_another_body_under_the_same_key_is_refused(db: Database, now: datetime) -> None:
    await ask(db, asked(), now)
    with pytest.raises(Refused, match="idempotency_key_reused"):
        await ask(db, asked(b'{"other":1}'), now)


async def test_keys_of_different_callers_never_meet(db: Database, now: datetime) -> None:
    assert await ask(db, asked(), now)
    assert await ask(db, asked(caller="key-2"), now)


async def test_after_a_day_the_key_is_new(db: Database, now: datetime) -> None:
    await ask(db, asked(), now)
    assert await ask(db, asked(b"[]"), now + KEPT_FOR + timedelta(seconds=1))


async def test_a_refused_request_leaves_the_key_free(db: Database, now: datetime) -> None:
    with pytest.raises(Refused):
        await refuse(db, asked(), now)
    assert await ask(db, asked(), now)


async def test_kept_answers_are_sealed_and_forgotten(db: Database, now: datetime) -> None:
    await ask(db, asked(), now)
    async with db.connection() as conn:
        assert b"AS-1" not in await conn.fetchval("SELECT answer FROM idempotency")
        await forget_old_answers(conn, now + KEPT_FOR + timedelta(seconds=1))
        assert await conn.fetchval("SELECT count(*) FROM idempotency") == 0
