"""The mailbox page of the demo: shows what arrived, escaped, and ends when told."""

import smtplib
import subprocess
import sys

import pytest

from makegood.demo.programs.mailbox import Mailbox
from makegood.gateways.channels.mail import SmtpMailer, SmtpSettings, smtp_settings
from makegood.talk.mail import MailFailed
from tests.talk.conftest import MailboxProgram


def _send(mailbox: MailboxProgram, subject: str, text: str) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port) as server:
        lines = f"Subject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}"
        server.sendmail("a@example.com", ["b@example.com"], lines.encode())


def test_the_list_and_the_mail_are_pages(mailbox: MailboxProgram) -> None:
    _send(mailbox, "hello", "see https://help.example.com/c/1 now")
    number = mailbox.mails()[0].number
    assert "hello" in mailbox.page().text
    shown = mailbox.page(f"/mail/{number}").text
    assert '<a href="https://help.example.com/c/1">' in shown


def test_a_mail_cannot_run_script_in_the_page(mailbox: MailboxProgram) -> None:
    _send(mailbox, "<script>1</script>", '<img src=x onerror=alert(1)> http://x/"onclick="1')
    number = mailbox.mails()[0].number
    shown = mailbox.page().text + mailbox.page(f"/mail/{number}").text
    assert "<script>" not in shown
    assert "<img" not in shown
    assert '"onclick="' not in shown
    assert "default-src 'none'" in mailbox.page().headers["content-security-policy"]


def test_an_empty_mailbox_says_what_would_fill_it(mailbox: MailboxProgram) -> None:
    assert "还没有邮件" in mailbox.page().text
    assert mailbox.page("/mail/999999").status_code == 404


def test_mails_can_be_asked_for_by_address(mailbox: MailboxProgram) -> None:
    _send(mailbox, "one", "x")
    assert len(mailbox.mails("b@example.com")) == 1
    assert mailbox.mails("c@example.com") == []


def test_only_the_newest_are_kept() -> None:
    mailbox = Mailbox()
    for number in range(600):
        mailbox.add("a@example.com", ["b@example.com"], f"Subject: {number}\n\nx".encode())
    assert len(mailbox.newest()) == 500
    assert mailbox.newest()[0].subject == "599"


def test_it_ends_when_told() -> None:
    command = [sys.executable, "-m", "makegood.demo.programs.mailbox"]
    with subprocess.Popen(
        [*command, "--smtp-port", "0", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        assert process.wait(timeout=60) == 0


async def test_doctor_can_ask_whether_the_server_is_there(mailbox: MailboxProgram) -> None:
    await SmtpMailer(SmtpSettings(port=mailbox.smtp_port)).check()
    with pytest.raises(MailFailed):
        await SmtpMailer(SmtpSettings(port=9, timeout_s=2)).check()


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("smtp://127.0.0.1:2525", SmtpSettings(port=2525)),
        ("smtp://mail.example.com", SmtpSettings(host="mail.example.com")),
        (
            "smtp://me:p%40ss@mail.example.com",
            SmtpSettings(
                host="mail.example.com",
                port=587,
                security="starttls",
                username="me",
                password="p@ss",
            ),
        ),
        (
            "smtps://me:pw@mail.example.com",
            SmtpSettings(
                host="mail.example.com", port=465, security="tls", username="me", password="pw"
            ),
        ),
        (
            "smtp://me:pw@localhost:1025",
            SmtpSettings(host="localhost", port=1025, username="me", password="pw"),
        ),
    ],
)
def test_an_address_of_a_mail_server_is_read(url: str, settings: SmtpSettings) -> None:
    assert smtp_settings(url) == settings
