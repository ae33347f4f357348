"""A supplier without an API: asked once by mail, answers once, and silence says nothing."""

from datetime import datetime, timedelta

import httpx
import msgspec
import pytest

from makegood.base.ids import derived_id
from makegood.base.refusal import Refused
from makegood.gateways.suppliers.page import PageSupplier
from makegood.gateways.suppliers.registry import SupplierBook
from makegood.gateways.suppliers.signed import SignedSupplier
from makegood.orders import question_store
from makegood.orders.connections import (
    PageConnection,
    SignedConnection,
    connect_supplier,
    disconnect_supplier,
)
from makegood.orders.questions import PageAnswer, answer_question, question_no_of
from makegood.orders.supplier import SupplierUnavailable
from makegood.people.links.actions import link_token, use_link
from makegood.people.markets.actions import change_supplier, create_market, put_suppliers
from makegood.people.markets.rules import Supplier
from makegood.store import jobs
from makegood.store.database import Database
from makegood.store.vault import Vault
from tests.gateways.suppliers import question
from tests.orders.conftest import NOW, SETTINGS, act

VAULT = Vault.from_key(bytes(range(32)))


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


class CountedIds:
    """Ids that count, so that a test can repeat itself."""

    def __init__(self) -> None:
        self._made = 0

    def claim_no(self, now: datetime) -> str:
        return f"AS-{self.uuid()}"

    def uuid(self) -> str:
        self._made += 1
        return derived_id("test", str(self._made))

    def secret(self, size: int = 32) -> bytes:
        return bytes(size)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def page(db: Database, clock: Clock) -> PageSupplier:
    async with db.transaction() as tx:
        await create_market(tx, act("operator"), SETTINGS)
        await put_suppliers(tx, act(), {"u-1": "u-1"})
        await change_supplier(tx, act(), Supplier("u-1", "上游", "goods@example.com"))
    return PageSupplier(PageConnection(), "main", db, CountedIds(), clock)


async def ask(page: PageSupplier) -> None:
    """Put the question to somebody who has not answered yet."""
    with pytest.raises(SupplierUnavailable):
        await page.query(question())


async def test_a_question_without_an_answer_is_silence_before_the_deadline_and_after_it(
    page: PageSupplier, clock: Clock
) -> None:
    await ask(page)
    clock.at += timedelta(hours=12)
    await ask(page)


async def test_asking_again_asks_nothing_new(page: PageSupplier, db: Database) -> None:
    for _ in range(3):
        await ask(page)
    async with db.connection() as conn:
        mails = await conn.fetchval("SELECT count(*) FROM mail")
        questions = await question_store.list_open(conn, "main", "u-1")
    assert mails == 1
    assert len(questions) == 1


async def test_the_answer_of_the_page_is_the_answer_of_the_supplier(
    page: PageSupplier, db: Database
) -> None:
    await ask(page)
    told = PageAnswer(status="redeemed", redeemed_by="someone", note="看过后台")
    async with db.transaction() as tx:
        no = question_no_of("main", question())
        await answer_question(tx, act("supplier"), no, told)
        woken = await jobs.take(tx, NOW, kinds=["supplier.answered"])
    answer = await page.query(question())
    assert (answer.status, answer.redeemed_by) == ("redeemed", "someone")
    assert [job.subject for job in woken] == ["AS-1"]


async def test_only_the_first_answer_counts(page: PageSupplier, db: Database) -> None:
    await ask(page)
    no = question_no_of("main", question())
    async with db.transaction() as tx:
        await answer_question(tx, act("supplier"), no, PageAnswer(status="valid"))
        with pytest.raises(Refused) as refusal:
            await answer_question(tx, act("supplier"), no, PageAnswer(status="invalid"))
    assert refusal.value.code == "already_answered"
    assert (await page.query(question())).status == "valid"


async def test_the_link_of_the_mail_leads_to_the_question_once(
    page: PageSupplier, db: Database
) -> None:
    await ask(page)
    async with db.transaction() as tx:
        [asked] = await question_store.list_open(tx, "main", "u-1")
        token = link_token(VAULT, "main", "supplier_question", asked.link_id)
        subject = await use_link(tx, act("supplier"), VAULT, "supplier_question", token)
        with pytest.raises(Refused, match="link_expired"):
            await use_link(tx, act("supplier"), VAULT, "supplier_question", token)
    assert subject == {"question_no": asked.question_no, "supplier_id": "u-1"}


async def test_the_question_shows_no_key(page: PageSupplier, db: Database) -> None:
    await ask(page)
    async with db.connection() as conn:
        stored = await conn.fetchval("SELECT question FROM supplier_question")
    assert "ET-1" in msgspec.json.encode(stored).decode()
    assert "SECRET" not in msgspec.json.encode(stored).decode()


async def test_a_supplier_is_found_by_its_stored_connection(
    page: PageSupplier, db: Database, clock: Clock
) -> None:
    signed = SignedConnection(base_url="http://127.0.0.1:9", account="a", secret="top secret")
    async with httpx.AsyncClient(verify=False) as client:
        book = SupplierBook(db, VAULT, client, clock, CountedIds())
        async with db.transaction() as tx:
            await connect_supplier(tx, act("operator"), VAULT, "u-1", signed)
            sealed = await tx.fetchval("SELECT sealed FROM supplier_connection")
        first = await book.gateway_of("main", "u-1")
        nobody = await book.gateway_of("main", "u-2")
        async with db.transaction() as tx:
            await disconnect_supplier(tx, act("operator"), "u-1")
        clock.at += timedelta(minutes=1)
        gone = await book.gateway_of("main", "u-1")
    assert isinstance(first, SignedSupplier)
    assert (nobody, gone) == (None, None)
    assert b"top secret" not in sealed
