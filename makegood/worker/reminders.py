"""Job `order.reminder`: tells a buyer who came too early that a claim is accepted now."""

import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import UnitRef
from makegood.base.time import Clock
from makegood.orders.actions import take_reminder
from makegood.people.markets.rules import Language
from makegood.people.proofs.rules import looks_like_mail
from makegood.store.database import Database
from makegood.store.jobs import TakenJob
from makegood.talk.actions import queue_mail
from makegood.talk.mail import Mail, NowClaimable


class DueUnit(msgspec.Struct, frozen=True):
    """The payload: which unit, and the reason the buyer came with."""

    order_no: str
    line_no: int
    unit_no: int
    reason: str


async def remind(db: Database, clock: Clock, job: TakenJob) -> None:
    """Send the reminder once; nothing when the goods arrived meanwhile."""
    due = job.payload_as(DueUnit)
    unit = UnitRef(due.order_no, due.line_no, due.unit_no)
    act = Act(job.market_id, SYSTEM, clock.now(), job.request_id)
    async with db.transaction() as tx:
        reminder = await take_reminder(tx, act, unit, due.reason)
        if reminder is None or not reminder.contact or not looks_like_mail(reminder.contact):
            return
        language: Language = "en" if reminder.reminder.language == "en" else "zh"
        content = NowClaimable(order_no=unit.order_no, title=reminder.title)
        key = f"reminder:{unit}:{due.reason}"
        mail = Mail(
            key=key, to=reminder.contact, content=content, language=language, subject=unit.order_no
        )
        await queue_mail(tx, act, mail)
