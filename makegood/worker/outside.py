"""Jobs `outside.ask` and `outside.remind`: the question to somebody outside, and one reminder."""

from typing import Final

from makegood.base.actor import SYSTEM, Act
from makegood.base.time import Clock
from makegood.claims.outside.actions import OutsideJob
from makegood.claims.outside.rules import OutsideCase
from makegood.claims.outside.store import load_case, note_reminded
from makegood.store.database import Database
from makegood.store.jobs import TakenJob
from makegood.talk.actions import queue_mail
from makegood.talk.mail import Mail, OutsideAsked, Said

THEN: Final = Said(
    zh="由平台按已有材料继续处理", en="The platform goes on with the material there is"
)


async def ask(db: Database, clock: Clock, job: TakenJob) -> None:
    """Mail the question, once."""
    await _mail(db, clock, job, reminder=False)


async def remind(db: Database, clock: Clock, job: TakenJob) -> None:
    """Mail one reminder; nothing where the answer came before."""
    await _mail(db, clock, job, reminder=True)


async def _mail(db: Database, clock: Clock, job: TakenJob, *, reminder: bool) -> None:
    ref_no = job.payload_as(OutsideJob).ref_no
    act = Act(job.market_id, SYSTEM, clock.now(), job.request_id)
    async with db.transaction() as tx:
        case = await load_case(tx, job.market_id, ref_no)
        if case is None or case.answer is not None:
            return
        if reminder and not await note_reminded(tx, job.market_id, ref_no, act.now):
            return
        await queue_mail(tx, act, _letter(case, reminder=reminder))


def _letter(case: OutsideCase, *, reminder: bool) -> Mail:
    return Mail(
        key=f"outside:{case.ref_no}:{'reminder' if reminder else 'question'}",
        to=case.contact,
        content=OutsideAsked(
            claim_no=case.claim_no,
            question=case.question,
            due_at=case.due_at,
            then=THEN,
            link_id=case.link_id,
            reminder=reminder,
        ),
        language=case.language,
        subject=case.claim_no,
    )
