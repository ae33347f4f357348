"""All SQL of the mail outbox."""

from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from makegood.people.markets.rules import Language
from makegood.store.database import Connection, Record
from makegood.talk.mail import Content, Mail, Reader

MailState: TypeAlias = Literal["queued", "sending", "sent", "failed"]
SENDING_LEASE: Final = timedelta(seconds=60)


class TakenMail(msgspec.Struct, frozen=True):
    """A mail that this worker sends now."""

    mail_id: str
    to: str
    language: Language
    reader: Reader
    content: Content


class MailLine(msgspec.Struct, frozen=True, kw_only=True):
    """One mail as shown beside a claim: which one and what became of it, never to whom."""

    mail_id: str
    template: str
    state: MailState
    problem: str
    queued_at: datetime
    settled_at: datetime | None


async def insert_mail(
    tx: Connection, market_id: str, mail_id: str, mail: Mail, now: datetime
) -> bool:
    """Store a mail to send; False when its key is known already."""
    made = await tx.fetchval(
        """
        INSERT INTO mail (market_id, mail_id, key, template, language, address, details, reader,
                          subject, queued_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (market_id, key) DO NOTHING RETURNING true
        """,
        market_id,
        mail_id,
        mail.key,
        mail.content.__struct_config__.tag,
        mail.language,
        mail.to,
        mail.content,
        mail.reader,
        mail.subject,
        now,
    )
    return bool(made)


async def take_mail(
    tx: Connection, market_id: str, mail_id: str, now: datetime
) -> TakenMail | None:
    """Lease the mail for sending; None when it is settled or another worker sends it."""
    row = await tx.fetchrow(
        """
        UPDATE mail SET state = 'sending', attempts = attempts + 1, lease_until = $4
        WHERE market_id = $1 AND mail_id = $2 AND erased_at IS NULL
          AND (state = 'queued' OR (state = 'sending' AND lease_until <= $3))
        RETURNING mail_id, address, language, reader, details
        """,
        market_id,
        mail_id,
        now,
        now + SENDING_LEASE,
    )
    if row is None:
        return None
    content = msgspec.convert(row["details"], Content)
    return TakenMail(row["mail_id"], row["address"], row["language"], row["reader"], content)


async def mail_state(conn: Connection, market_id: str, mail_id: str) -> MailState | None:
    """What became of a mail; None when there is none."""
    state: MailState | None = await conn.fetchval(
        "SELECT state FROM mail WHERE market_id = $1 AND mail_id = $2", market_id, mail_id
    )
    return state


async def mail_key(conn: Connection, market_id: str, mail_id: str) -> str | None:
    """What the mail was queued for, by its key."""
    key: str | None = await conn.fetchval(
        "SELECT key FROM mail WHERE market_id = $1 AND mail_id = $2", market_id, mail_id
    )
    return key


async def settle_mail(
    tx: Connection, market_id: str, mail_id: str, state: MailState, problem: str, now: datetime
) -> None:
    """Note that the server took it, or never will; `queued` lets it be tried again."""
    await tx.execute(
        """
        UPDATE mail SET state = $3, problem = $4, lease_until = NULL,
                        settled_at = CASE WHEN $3 = 'queued' THEN NULL ELSE $5::timestamptz END
        WHERE market_id = $1 AND mail_id = $2
        """,
        market_id,
        mail_id,
        state,
        problem,
        now,
    )


async def give_up_mail(
    tx: Connection, market_id: str, mail_id: str, before: datetime, problem: str, now: datetime
) -> bool:
    """Settle a mail that waits since before `before` as failed; False when it may wait on."""
    given_up = await tx.fetchval(
        """
        UPDATE mail SET state = 'failed', problem = $4, settled_at = $5
        WHERE market_id = $1 AND mail_id = $2 AND queued_at < $3
          AND (state = 'queued' OR (state = 'sending' AND lease_until <= $5))
        RETURNING true
        """,
        market_id,
        mail_id,
        before,
        problem,
        now,
    )
    return bool(given_up)


async def list_mails(conn: Connection, market_id: str, subject: str) -> list[MailLine]:
    """The mails about a claim, oldest first."""
    rows = await conn.fetch(
        """
        SELECT mail_id, template, state, problem, queued_at, settled_at FROM mail
        WHERE market_id = $1 AND subject = $2 ORDER BY queued_at, mail_id
        """,
        market_id,
        subject,
    )
    return [_line(row) for row in rows]


async def erase_settled(tx: Connection, before: datetime, now: datetime) -> int:
    """Forget addresses and contents of mails settled before `before`; answers how many."""
    rows = await tx.fetch(
        """
        UPDATE mail SET address = NULL, details = NULL, problem = '', erased_at = $2
        WHERE settled_at < $1 AND erased_at IS NULL RETURNING 1
        """,
        before,
        now,
    )
    return len(rows)


async def erase_about(tx: Connection, market_id: str, subject: str, now: datetime) -> int:
    """Forget addresses and contents of every mail about a claim; answers how many."""
    rows = await tx.fetch(
        """
        UPDATE mail SET address = NULL, details = NULL, problem = '', erased_at = $3
        WHERE market_id = $1 AND subject = $2 AND erased_at IS NULL RETURNING 1
        """,
        market_id,
        subject,
        now,
    )
    return len(rows)


def _line(row: Record) -> MailLine:
    return MailLine(
        mail_id=row["mail_id"],
        template=row["template"],
        state=row["state"],
        problem=row["problem"],
        queued_at=row["queued_at"],
        settled_at=row["settled_at"],
    )
