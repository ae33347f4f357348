"""A supplier without an API: asking writes a question that a person there answers on our page."""

from datetime import timedelta

from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import Ids
from makegood.base.time import Clock
from makegood.orders.connections import PageConnection, capabilities_of
from makegood.orders.questions import ask_question
from makegood.orders.supplier import (
    AskedQuestion,
    Capability,
    GoodsReply,
    SupplierAnswer,
    SupplierQuestion,
    SupplierUnavailable,
)
from makegood.people.markets.store import load_supplier
from makegood.store.database import Connection, Database
from makegood.talk.actions import queue_mail
from makegood.talk.mail import Mail, Said, SupplierAsked

_QUESTION = Said(zh="请核对这一件商品的状态", en="Please check the state of this item")
_THEN = Said(zh="逾期由人工按已有凭证处理", en="A person decides on what is there")


class PageSupplier:
    """One supplier who is asked by mail and answers on the page the mail leads to."""

    def __init__(
        self, connection: PageConnection, market_id: str, db: Database, ids: Ids, clock: Clock
    ) -> None:
        self._connection = connection
        self._market_id = market_id
        self._db = db
        self._ids = ids
        self._clock = clock

    @property
    def capabilities(self) -> frozenset[Capability]:
        return capabilities_of(self._connection)

    async def query(self, question: SupplierQuestion) -> SupplierAnswer:
        """The answer, once there is one. Until then, raises SupplierUnavailable: silence."""
        act = Act(self._market_id, SYSTEM, self._clock.now())
        within = timedelta(hours=self._connection.answer_within_hours)
        async with self._db.transaction() as tx:
            asked, new = await ask_question(tx, act, self._ids, question, within)
            if new:
                await self._mail(tx, act, asked)
        if asked.answer is None:
            raise SupplierUnavailable("asked on the page, not answered yet")
        return asked.answer

    async def withdraw(self, request_no: str, question: SupplierQuestion) -> SupplierAnswer:
        raise SupplierUnavailable("a page cannot withdraw a key")

    async def reissue(self, request_no: str, question: SupplierQuestion) -> GoodsReply:
        raise SupplierUnavailable("a page cannot reissue a key")

    async def query_reissue(self, request_no: str) -> GoodsReply:
        raise SupplierUnavailable("a page cannot reissue a key")

    async def upgrade(self, request_no: str, question: SupplierQuestion, to_sku: str) -> GoodsReply:
        raise SupplierUnavailable("a page cannot upgrade")

    async def query_upgrade(self, request_no: str) -> GoodsReply:
        raise SupplierUnavailable("a page cannot upgrade")

    async def _mail(self, tx: Connection, act: Act, asked: AskedQuestion) -> None:
        supplier = await load_supplier(tx, act.market_id, asked.supplier_id)
        if supplier is None or not supplier.contact:
            return
        content = SupplierAsked(
            question=_QUESTION,
            order_ref=asked.question.order_ref or asked.question.unit.order_no,
            due_at=asked.due_at,
            then=_THEN,
            link_id=asked.link_id,
        )
        mail = Mail(
            key=f"supplier_question:{asked.question_no}",
            to=supplier.contact,
            content=content,
            language=self._connection.language,
            subject=asked.claim_no,
        )
        await queue_mail(tx, act, mail)
