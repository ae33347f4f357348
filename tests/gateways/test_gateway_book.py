"""One account that cannot be read leaves the others alone; an account may be switched off."""

import httpx
import msgspec
import pytest

from makegood.base.actor import Act, Actor
from makegood.demo.programs.gateway_machine import Faults
from makegood.gateways.payments.book import GatewayBook
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
from tests.gateways.payments import GatewayProgram, RealClock

MARKET = "main"
VAULT = Vault.from_key(bytes(range(32)))
CLOCK = RealClock()


@pytest.fixture(scope="module")
def program(program: GatewayProgram) -> GatewayProgram:
    """A gateway program with one payment."""
    program.pay("T1", "O1", 500)
    return program


@pytest.fixture(autouse=True)
def no_faults(program: GatewayProgram) -> None:
    program.set_faults(Faults())


def an_act() -> Act:
    return Act(MARKET, Actor("operator", "op-1"), CLOCK.now())


async def a_book(
    db: Database, client: httpx.AsyncClient, program: GatewayProgram, *channels: str
) -> GatewayBook:
    """A book of some of the program's accounts, as an operator would have stored them."""
    chosen = [account for account in program.accounts() if account.channel in channels]
    async with db.transaction() as tx:
        for account in chosen:
            kind = type(account).__struct_config__.tag
            config = msgspec.json.encode(account)
            await put_account(tx, an_act(), VAULT, account.channel, str(kind), config)
    book = GatewayBook(db, VAULT, client, CLOCK)
    await book.refresh()
    return book


def a_request(number: int) -> RefundRequest:
    return RefundRequest(
        refund_no=f"R{number}", trade_no="T1", order_no="O1", amount_minor=100, paid_minor=500
    )


async def test_a_broken_account_is_set_aside_and_all_others_work(
    db: Database, client: httpx.AsyncClient, program: GatewayProgram
) -> None:
    book = await a_book(db, client, program, "epay", "alipay", "stripe", "usdt")
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
    assert known.keys() == {"epay", "stripe", "usdt"}
    assert isinstance(await known["stripe"].refund(a_request(1)), Arrived)


async def test_an_unchanged_account_keeps_its_gateway(
    db: Database, client: httpx.AsyncClient, program: GatewayProgram
) -> None:
    book = await a_book(db, client, program, "wechat")
    before = book.of(MARKET)["wechat"]
    await book.refresh()
    assert book.of(MARKET)["wechat"] is before


async def test_an_account_that_is_switched_off_sends_nothing_and_still_answers(
    db: Database, client: httpx.AsyncClient, program: GatewayProgram
) -> None:
    book = await a_book(db, client, program, "stripe")
    request = a_request(2)
    await book.of(MARKET)["stripe"].refund(request)
    async with db.transaction() as tx:
        assert await switch_account(tx, an_act(), "stripe", enabled=False)
    await book.refresh()
    off = book.of(MARKET)["stripe"]
    assert not off.abilities.can_refund
    assert isinstance(await off.refund(a_request(3)), Unsupported)
    assert isinstance(await off.query_refund(request), Arrived)
    assert "R3" not in [one.refund_no for one in program.refunds()]


async def test_how_an_account_fares_is_kept(
    db: Database, client: httpx.AsyncClient, program: GatewayProgram
) -> None:
    book = await a_book(db, client, program, "wechat")
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


async def test_payments_that_only_people_know_about_are_never_shown_as_failing(
    db: Database, client: httpx.AsyncClient, program: GatewayProgram
) -> None:
    book = await a_book(db, client, program, "usdt")
    with pytest.raises(GatewayUnavailable):
        await book.of(MARKET)["usdt"].query_payment(order_no="O1")
    await book.refresh()
    async with db.connection() as conn:
        assert await read_health(conn, MARKET) == {}
