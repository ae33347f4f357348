"""The mail outbox: a mail is a row and a job that commit with the change they tell about."""

from collections.abc import Sequence
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import derived_id
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue
from makegood.talk import store
from makegood.talk.mail import Mail

SEND_MAIL_JOB: Final = "mail.send"


class SendMail(msgspec.Struct, frozen=True):
    """The payload of the job that sends a mail."""

    mail_id: str


async def queue_mail(tx: Connection, act: Act, mail: Mail) -> str:
    """Send this mail after commit, once for its key; answers the mail's id."""
    mail_id = mail_id_of(act.market_id, mail.key)
    if await store.insert_mail(tx, act.market_id, mail_id, mail, act.now):
        await enqueue(tx, [_send_job(act, mail_id, mail.subject)])
    return mail_id


async def queue_mails(tx: Connection, act: Act, mails: Sequence[Mail]) -> None:
    """Send several mails after commit, each once for its key."""
    for mail in mails:
        await queue_mail(tx, act, mail)


def mail_id_of(market_id: str, key: str) -> str:
    """The id of the one mail with this key."""
    return derived_id("mail", market_id, key)


def _send_job(act: Act, mail_id: str, subject: str) -> Job:
    return Job(
        kind=SEND_MAIL_JOB,
        market_id=act.market_id,
        payload=SendMail(mail_id),
        run_at=act.now,
        subject=subject,
        request_id=act.request_id,
        job_id=f"mail:{mail_id}",
    )
