"""From the outbox to a real mail server: once, in the background, and nothing secret stored."""

import asyncio
from datetime import datetime, timedelta

import msgspec
import pytest

from makegood.gateways.channels.mail import SmtpMailer, SmtpSettings
from makegood.people.links.actions import make_link, read_link
from makegood.people.proofs.actions import Asked, Gate, begin_proof, finish_proof, proof_code
from makegood.people.proofs.rules import OrderContact
from makegood.store.jobs import NotYet, TakenJob, done, take
from makegood.talk import store
from makegood.talk.actions import SEND_MAIL_JOB, mail_id_of, queue_mail, queue_mails
from makegood.talk.mail import Letter, Mail, MailFailed, Reader, SignInLink, Survey
from makegood.worker.loop import Worker
from makegood.worker.mails import (
    LOOK_AGAIN,
    MAILS_WAIT,
    MailBusy,
    Post,
    keep_mail,
    keep_proof_code,
    send_mail,
    send_proof_code,
)
from makegood.worker.sweep import sweep_people
from tests.people.kit import CountingIds, act_at
from tests.talk.conftest import FixedClock, MailboxProgram

NO = "AS-261121-7K3QFX"
ORDER = OrderContact(order_no="YQ-1", buyer_id="b-1", contact_hash=b"r" * 32)


def survey(key: str = "survey:1", to: str = "b1@example.com") -> Mail:
    return Mail(key=key, to=to, content=Survey(claim_no=NO, title="星海点卡"), subject=NO)


async def _jobs(post: Post, now: datetime) -> list[TakenJob]:
    async with post.db.transaction() as tx:
        return await take(tx, now)


async def _queue(post: Post, now: datetime, *mails: Mail) -> list[TakenJob]:
    async with post.db.transaction() as tx:
        await queue_mails(tx, act_at(now), mails)
    return await _jobs(post, now)


async def _lines(post: Post) -> list[store.MailLine]:
    async with post.db.connection() as conn:
        return await store.list_mails(conn, "main", NO)


async def test_a_queued_mail_arrives(post: Post, mailbox: MailboxProgram, now: datetime) -> None:
    (job,) = await _queue(post, now, survey())
    await send_mail(post, job)
    (mail,) = mailbox.mails("b1@example.com")
    assert "星海点卡" in mail.subject + mail.text
    assert f"https://help.example.com/c/{NO}" in mail.text
    assert "云桥寄售" in mail.html
    assert [line.state for line in await _lines(post)] == ["sent"]


async def test_the_same_key_makes_one_mail(
    post: Post, mailbox: MailboxProgram, now: datetime
) -> None:
    async def queue() -> None:
        async with post.db.transaction() as tx:
            await queue_mail(tx, act_at(now), survey())

    await asyncio.gather(*(queue() for _ in range(20)))
    assert [job.kind for job in await _jobs(post, now)] == [SEND_MAIL_JOB]


async def test_a_job_that_runs_twice_sends_once(
    post: Post, mailbox: MailboxProgram, now: datetime
) -> None:
    (job,) = await _queue(post, now, survey())
    await send_mail(post, job)
    await send_mail(post, job)
    assert len(mailbox.mails()) == 1


async def test_two_workers_with_the_same_job_send_once(
    post: Post, mailbox: MailboxProgram, now: datetime
) -> None:
    (job,) = await _queue(post, now, survey())
    answers = await asyncio.gather(
        *(send_mail(post, job) for _ in range(5)), return_exceptions=True
    )
    assert all(answer is None or isinstance(answer, MailBusy) for answer in answers)
    assert len(mailbox.mails()) == 1


async def test_a_mail_whose_worker_died_is_sent_after_its_lease(
    post: Post, mailbox: MailboxProgram, clock: FixedClock, now: datetime
) -> None:
    (job,) = await _queue(post, now, survey())
    async with post.db.transaction() as tx:
        await store.take_mail(tx, "main", mail_id_of("main", "survey:1"), now)
    with pytest.raises(MailBusy):
        await send_mail(post, job)
    clock.at = now + timedelta(seconds=61)
    await send_mail(post, job)
    assert len(mailbox.mails()) == 1


async def test_an_address_that_does_not_exist_fails_for_good(post: Post, now: datetime) -> None:
    (job,) = await _queue(post, now, survey(to="nobody@refuse.example"))
    await send_mail(post, job)
    (line,) = await _lines(post)
    assert (line.state, line.problem) == ("failed", "recipient refused")


async def test_a_busy_server_is_tried_again(post: Post, now: datetime) -> None:
    (job,) = await _queue(post, now, survey(to="nobody@busy.example"))
    with pytest.raises(MailFailed):
        await send_mail(post, job)
    assert [line.state for line in await _lines(post)] == ["queued"]


async def test_a_server_that_is_away_keeps_the_mail_waiting(
    post: Post, mailbox: MailboxProgram, now: datetime
) -> None:
    (job,) = await _queue(post, now, survey())
    away = msgspec.structs.replace(post, mailer=SmtpMailer(SmtpSettings(port=9, timeout_s=2)))
    with pytest.raises(MailFailed):
        await send_mail(away, job)
    await send_mail(post, job)
    assert len(mailbox.mails()) == 1


@pytest.mark.parametrize("to", ["", "no address", "a@b\r\nRCPT TO:<x@y.z>", "<>", "张三", "a@"])
async def test_what_is_no_address_fails_for_good(post: Post, now: datetime, to: str) -> None:
    (job,) = await _queue(post, now, survey(to=to))
    await send_mail(post, job)
    assert [line.state for line in await _lines(post)] == ["failed"]


async def test_the_code_arrives_and_opens_the_order(
    post: Post, mailbox: MailboxProgram, ids: CountingIds, now: datetime
) -> None:
    gate = Gate(post.db, post.vault, ids)
    asked = Asked(
        order_no="YQ-1", contact="b1@example.com", contact_hash=b"r" * 32, address="203.0.113.7"
    )
    begun = await begin_proof(gate, act_at(now), ORDER, asked)
    await _run_all(post, now)
    (mail,) = mailbox.mails("b1@example.com")
    code = proof_code(post.vault, "main", begun.proof_id)
    assert code in mail.subject
    assert begun.tag in mail.text
    signed_in = await finish_proof(gate, act_at(now), begun.proof_id, code)
    assert signed_in.order_no == "YQ-1"


@pytest.mark.parametrize(
    ("contact", "typed"),
    [("b1@example.com", b"w" * 32), ("13800000000", b"r" * 32)],
    ids=["wrong contact", "telephone"],
)
async def test_no_mail_goes_where_no_code_belongs(
    post: Post, mailbox: MailboxProgram, ids: CountingIds, now: datetime, contact: str, typed: bytes
) -> None:
    gate = Gate(post.db, post.vault, ids)
    asked = Asked(order_no="YQ-1", contact=contact, contact_hash=typed, address="203.0.113.7")
    await begin_proof(gate, act_at(now), ORDER, asked)
    await _run_all(post, now)
    assert mailbox.mails() == []


async def test_a_code_that_comes_too_late_is_not_sent(
    post: Post, mailbox: MailboxProgram, ids: CountingIds, clock: FixedClock, now: datetime
) -> None:
    gate = Gate(post.db, post.vault, ids)
    asked = Asked(
        order_no="YQ-1", contact="b1@example.com", contact_hash=b"r" * 32, address="203.0.113.7"
    )
    await begin_proof(gate, act_at(now), ORDER, asked)
    clock.at = now + timedelta(minutes=11)
    await _run_all(post, clock.at)
    assert mailbox.mails() == []


async def test_neither_code_nor_link_is_readable_in_the_tables(
    post: Post, mailbox: MailboxProgram, ids: CountingIds, now: datetime
) -> None:
    gate = Gate(post.db, post.vault, ids)
    asked = Asked(
        order_no="YQ-1", contact="b1@example.com", contact_hash=b"r" * 32, address="203.0.113.7"
    )
    begun = await begin_proof(gate, act_at(now), ORDER, asked)
    token = await _invite_by_mail(post, ids, now)
    await _run_all(post, now)
    async with post.db.connection() as conn:
        rows = await conn.fetch(
            "SELECT mail::text AS line FROM mail UNION ALL SELECT proof::text FROM proof "
            "UNION ALL SELECT one_time_link::text FROM one_time_link "
            "UNION ALL SELECT job::text FROM job"
        )
    stored = "\n".join(row["line"] for row in rows)
    assert proof_code(post.vault, "main", begun.proof_id) not in stored
    assert token.partition(".")[2] not in stored
    assert token in mailbox.mails("chen@example.com")[0].text


async def test_the_link_in_the_mail_works(
    post: Post, mailbox: MailboxProgram, ids: CountingIds, now: datetime
) -> None:
    await _invite_by_mail(post, ids, now)
    await _run_all(post, now)
    text = mailbox.mails("chen@example.com")[0].text
    token = text.split("https://help.example.com/invite/")[1].split()[0]
    async with post.db.connection() as conn:
        subject = await read_link(conn, act_at(now), post.vault, "invitation", token)
    assert subject == {"account_id": "a-1"}


async def test_a_claim_link_in_a_mail_leads_into_the_claim(
    post: Post, mailbox: MailboxProgram, ids: CountingIds, now: datetime
) -> None:
    subject = {"order_no": "YQ-1", "buyer_id": "b-1", "claim_no": NO}
    async with post.db.transaction() as tx:
        token = await make_link(
            tx, act_at(now), post.vault, ids, "claim", subject, timedelta(days=7)
        )
    content = Survey(claim_no=NO, title="点卡", link_id=token.partition(".")[0])
    (job,) = await _queue(post, now, Mail(key="s", to="b1@example.com", content=content))
    await send_mail(post, job)
    assert f"https://help.example.com/l/c/{token}" in mailbox.mails()[0].text


@pytest.mark.parametrize(
    ("reader", "path"), [("buyer", "/c/"), ("seller", "/seller/c/"), ("staff", "/desk/c/")]
)
async def test_each_reader_is_led_to_their_own_page(
    post: Post, mailbox: MailboxProgram, now: datetime, reader: Reader, path: str
) -> None:
    (job,) = await _queue(post, now, msgspec.structs.replace(survey(), reader=reader))
    await send_mail(post, job)
    assert f"https://help.example.com{path}{NO}" in mailbox.mails()[0].text


async def test_contents_are_forgotten_after_ninety_days(
    post: Post, mailbox: MailboxProgram, clock: FixedClock, now: datetime
) -> None:
    (job,) = await _queue(post, now, survey())
    await send_mail(post, job)
    early = await sweep_people(post.db, now + timedelta(days=89))
    late = await sweep_people(post.db, now + timedelta(days=91))
    async with post.db.connection() as conn:
        line = await conn.fetchval("SELECT mail::text FROM mail")
    assert (early.mails, late.mails) == (0, 1)
    assert "b1@example.com" not in line
    assert "星海点卡" not in line


async def test_mails_about_a_claim_can_be_forgotten_at_once(post: Post, now: datetime) -> None:
    await _queue(post, now, survey())
    async with post.db.transaction() as tx:
        assert await store.erase_about(tx, "main", NO, now) == 1
        assert await store.take_mail(tx, "main", mail_id_of("main", "survey:1"), now) is None


async def test_the_sender_is_named_in_chinese_on_the_wire(
    mailbox: MailboxProgram, now: datetime
) -> None:
    letter = Letter(
        sender_name="云桥寄售",
        sender="after-sales@example.com",
        to="b1@example.com",
        subject="裁定：全额退款",
        text="正文",
        html="<p>正文</p>",
        message_id="<m-1@example.com>",
        language="zh",
        sent_at=now,
    )
    await SmtpMailer(SmtpSettings(port=mailbox.smtp_port)).send(letter)
    (mail,) = mailbox.mails()
    assert (mail.subject, mail.text.strip()) == ("裁定：全额退款", "正文")
    assert mail.message_id == "<m-1@example.com>"


async def _invite_by_mail(post: Post, ids: CountingIds, now: datetime) -> str:
    async with post.db.transaction() as tx:
        subject = {"account_id": "a-1"}
        token = await make_link(
            tx, act_at(now), post.vault, ids, "invitation", subject, timedelta(hours=72)
        )
        content = SignInLink(token.partition(".")[0], "陈默")
        await queue_mail(tx, act_at(now), Mail(key="i", to="chen@example.com", content=content))
    return token


async def _run_all(post: Post, now: datetime) -> None:
    """Carry out every job, and those that follow from it."""
    while jobs := await _jobs(post, now):
        for job in jobs:
            await (send_mail if job.kind == SEND_MAIL_JOB else send_proof_code)(post, job)
        async with post.db.transaction() as tx:
            await done(tx, jobs)


async def test_a_mail_server_that_is_away_is_told_in_words(
    post: Post, clock: FixedClock, now: datetime
) -> None:
    async with post.db.transaction() as tx:
        await queue_mails(tx, act_at(now), [survey()])
    away = msgspec.structs.replace(post, mailer=SmtpMailer(SmtpSettings(port=9, timeout_s=2)))
    sending = {SEND_MAIL_JOB: lambda job: send_mail(away, job)}
    assert await Worker(post.db, clock, sending).run_some() == 1
    async with post.db.connection() as conn:
        told = await conn.fetchval("SELECT last_error FROM job")
    assert told.startswith("MailFailed: the mail server does not answer")


async def test_without_a_mail_server_a_mail_waits_and_nothing_has_failed(
    post: Post, mailbox: MailboxProgram, clock: FixedClock, now: datetime
) -> None:
    async with post.db.transaction() as tx:
        await queue_mails(tx, act_at(now), [survey()])
    without = {SEND_MAIL_JOB: lambda job: keep_mail(post.db, clock, job)}
    assert await Worker(post.db, clock, without).run_due() == 1
    clock.at = now + LOOK_AGAIN
    (job,) = await _jobs(post, clock.at)
    assert (job.attempts, [line.state for line in await _lines(post)]) == (1, ["queued"])
    await send_mail(post, job)
    assert len(mailbox.mails()) == 1


async def test_a_mail_that_waited_too_long_for_a_server_is_given_up(
    post: Post, mailbox: MailboxProgram, clock: FixedClock, now: datetime
) -> None:
    (job,) = await _queue(post, now, survey())
    clock.at = now + MAILS_WAIT + timedelta(seconds=1)
    await keep_mail(post.db, clock, job)
    await send_mail(post, job)
    (line,) = await _lines(post)
    assert (line.state, line.problem) == ("failed", "no mail server was set")
    assert mailbox.mails() == []


async def test_a_code_waits_for_a_server_only_while_it_is_good(
    post: Post, clock: FixedClock, ids: CountingIds, now: datetime
) -> None:
    gate = Gate(post.db, post.vault, ids)
    asked = Asked(
        order_no="YQ-1", contact="b1@example.com", contact_hash=b"r" * 32, address="203.0.113.7"
    )
    await begin_proof(gate, act_at(now), ORDER, asked)
    (job,) = await _jobs(post, now)
    with pytest.raises(NotYet):
        await keep_proof_code(post.db, clock, job)
    clock.at = now + timedelta(minutes=11)
    await keep_proof_code(post.db, clock, job)
