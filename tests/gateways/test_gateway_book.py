"""One account that cannot be read leaves the others alone; an account may be switched off."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from makegood.base.actor import Act, Actor
from makegood.demo.programs.gateway_machine import Faults
from makegood.gateways.payments.book import GatewayBook
from makegood.gateways.payments.http import make_client
from makegood.ledger.refund.account_store import put_account, switch_account
from makegood.ledger.refund.gateway import (
    Arrived,
    GatewayUnavailable,
    RefundRequest,
    Unsupported,
)
from makegood.ledger.refund.health_store import read_health
from makegood.store.database import Database
from makegood.store.vault import Vault
from tests.gateways.payments import NO_ONE, GatewayProgram, RealClock, running

MARKET = "main"
VAULT = Vault.from_key(bytes(range(32)))
CLOCK = RealClock()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with make_client(NO_ONE) as made:
        yield made


def an_act() -> Act:
    return Act(MARKET, Actor("operator", "op-1"), CLOCK.now())


async def a_book(db: Database, client: httpx.AsyncClient, program: GatewayProgram) -> GatewayBook:
    """A book of all the program's accounts, as an operator would have stored them."""
    async with db.transaction() as tx:
        for account in program.accounts():
            kind = type(account).__struct_config__.tag
            config = msgspec.json.encode(account)
            await put_account(tx, an_act(), VAULT, account.channel, str(kind), config)
    book = GatewayBook(db, VAULT, client, CLOCK)
    await book.refresh()
    return book


def a_request(program: GatewayProgram) -> RefundRequest:
    program.pay("T1", "O1", 500)
    return RefundRequest(
        refund_no="R1", trade_no="T1", order_no="O1", amount_minor=500, paid_minor=500
    )


async def test_a_broken_account_is_set_aside_and_all_others_work(
    db: Database, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    with running(tmp_path) as program:
        book = await a_book(db, client, program)
        async with db.transaction() as tx:
            broken = {"kind": "alipay", "channel": "alipay", "app_id": "1"}
            broken |= {"private_key": "no key", "alipay_key": "no key"}
            config = msgspec.json.encode(broken)
            await put_account(tx, an_act(), VAULT, "alipay", "alipay", config)
            await put_account(tx, an_act(), VAULT, "odd", "epay_v1", b'{"kind":"epay_v9"}')
        await book.refresh()
        known = book.of(MARKET)
        assert "alipay" not in known
        assert "odd" not in known
        assert {"epay", "epay2", "balance", "wechat", "stripe", "paypal", "usdt"} <= known.keys()
        assert isinstance(await known["stripe"].refund(a_request(program)), Arrived)


async def test_an_unchanged_account_keeps_its_gateway(
    db: Database, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    with running(tmp_path) as program:
        book = await a_book(db, client, program)
        before = book.of(MARKET)["wechat"]
        await book.refresh()
        assert book.of(MARKET)["wechat"] is before


async def test_an_account_that_is_switched_off_sends_nothing_and_still_answers(
    db: Database, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    with running(tmp_path) as program:
        book = await a_book(db, client, program)
        request = a_request(program)
        await book.of(MARKET)["stripe"].refund(request)
        async with db.transaction() as tx:
            assert await switch_account(tx, an_act(), "stripe", enabled=False)
        await book.refresh()
        off = book.of(MARKET)["stripe"]
        other = msgspec.structs.replace(request, refund_no="R2")
        assert not off.abilities.can_refund
        assert isinstance(await off.refund(other), Unsupported)
        assert isinstance(await off.query_refund(request), Arrived)
        assert len(program.refunds()) == 1


async def test_how_an_account_fares_is_kept(
    db: Database, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    with running(tmp_path) as program:
        book = await a_book(db, client, program)
        await book.of(MARKET)["wechat"].query_payment(trade_no="none")
        program.set_faults(Faults(down=True))
        with pytest.raises(GatewayUnavailable):
            await book.of(MARKET)["wechat"].query_payment(trade_no="none")
        await book.refresh()
        await book.refresh()
    async with db.connection() as conn:
        health = (await read_health(conn, MARKET))["wechat"]
    assert (health.good, health.bad, health.trouble) == (1, 1, "silent")
    assert health.good_at is not None
    assert health.bad_at is not None
