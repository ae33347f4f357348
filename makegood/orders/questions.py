"""Questions that a person at a supplier answers on our page, by a deadline, once."""

from datetime import timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from makegood.base.actor import Act
from makegood.base.ids import Ids, derived_id
from makegood.base.refusal import Refused
from makegood.orders import question_store
from makegood.orders.order import At, ShortText
from makegood.orders.supplier import (
    AskedQuestion,
    SupplierAnswer,
    SupplierQuestion,
    SupplierStatus,
)
from makegood.people.links import store as link_store
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue

ANSWERED_JOB: Final = "supplier.answered"
LINK_PURPOSE: Final = "supplier_question"


class PageAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a supplier fills in on the page."""

    status: SupplierStatus
    redeemed_at: At | None = None
    redeemed_by: ShortText | None = None
    delivered_at: At | None = None
    delivered_to: ShortText | None = None
    region: ShortText | None = None
    expires_at: At | None = None
    eta_at: At | None = None
    accepts: bool | None = None
    note: Annotated[str, Meta(max_length=2000, pattern=r"^[^\x00]*$")] = ""


class AnsweredJob(msgspec.Struct, frozen=True):
    """What the job after an answer carries: the claim that waited for it."""

    claim_no: str
    question_no: str
    order_no: str
    line_no: int
    unit_no: int


def question_no_of(market_id: str, question: SupplierQuestion) -> str:
    """One number per supplier, claim and unit, so that asking again asks nothing new."""
    return derived_id(
        "question", market_id, question.supplier_id, question.claim_no, str(question.unit)
    )


async def ask_question(
    tx: Connection, act: Act, ids: Ids, question: SupplierQuestion, answer_within: timedelta
) -> tuple[AskedQuestion, bool]:
    """The question with its answer, if there is one; True when it was asked just now.

    The link to its page works once, until a day after the deadline.
    """
    question_no = question_no_of(act.market_id, question)
    known = await question_store.load(tx, act.market_id, question_no)
    if known is not None:
        return known, False
    asked = AskedQuestion(
        question_no=question_no,
        supplier_id=question.supplier_id,
        claim_no=question.claim_no,
        link_id=ids.uuid(),
        question=question,
        asked_at=act.now,
        due_at=act.now + answer_within,
    )
    if not await question_store.insert(tx, act.market_id, asked):
        twin = await question_store.load(tx, act.market_id, question_no)
        assert twin is not None
        return twin, False
    subject = {"question_no": question_no, "supplier_id": question.supplier_id}
    expires_at = asked.due_at + timedelta(days=1)
    await link_store.insert_link(
        tx, act.market_id, asked.link_id, LINK_PURPOSE, subject, act.now, expires_at
    )
    return asked, True


async def answer_question(
    tx: Connection, act: Act, question_no: str, answer: PageAnswer
) -> AskedQuestion:
    """Write a supplier's answer and wake the claim that waits for it.

    Raises:
        Refused: `already_answered`; the first answer stands.
    """
    fields = msgspec.structs.asdict(answer)
    told = SupplierAnswer(asked_at=act.now, **fields)
    answered_by = f"{act.actor.role}:{act.actor.id}"
    if not await question_store.answer(tx, act.market_id, question_no, told, answered_by):
        raise Refused("already_answered")
    asked = await question_store.load(tx, act.market_id, question_no)
    assert asked is not None
    await enqueue(tx, [_answered_job(act, asked)])
    return asked


def _answered_job(act: Act, asked: AskedQuestion) -> Job:
    unit = asked.question.unit
    return Job(
        kind=ANSWERED_JOB,
        market_id=act.market_id,
        payload=AnsweredJob(
            asked.claim_no, asked.question_no, unit.order_no, unit.line_no, unit.unit_no
        ),
        run_at=act.now,
        subject=asked.claim_no,
        request_id=act.request_id,
    )
