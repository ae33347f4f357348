"""A mailbox program of its own process, and what sending needs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime

import httpx
import msgspec
import pytest

from makegood.demo.programs.mailbox import Received
from makegood.gateways.channels.mail import SmtpMailer, SmtpSettings
from makegood.people.markets.actions import Markets
from makegood.store.database import Database
from makegood.store.vault import Vault
from makegood.talk.letters import Letters
from makegood.worker.mails import Post
from tests.people.kit import CountingIds, make_market, new_vault


class MailboxProgram(msgspec.Struct, frozen=True):
    """A running mailbox: where it takes mail, and what arrived."""

    smtp_port: int
    port: int

    def mails(self, to: str = "") -> list[Received]:
        answer = self._ask("GET", "/mails.json", to=to)
        return msgspec.json.decode(answer.content, type=list[Received])

    def page(self, path: str = "/") -> httpx.Response:
        return self._ask("GET", path)

    def clear(self) -> None:
        self._ask("DELETE", "/mails")

    def _ask(self, method: str, path: str, **query: str) -> httpx.Response:
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.request(method, url, params=query or None, trust_env=False, timeout=60)


class FixedClock:
    """A clock that stands where a test sets it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


@pytest.fixture(scope="session")
def mailbox_program() -> Iterator[MailboxProgram]:
    command = [sys.executable, "-m", "makegood.demo.programs.mailbox"]
    with subprocess.Popen(
        [*command, "--smtp-port", "0", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield MailboxProgram(**json.loads(process.stdout.readline()))
        process.terminate()


@pytest.fixture
def mailbox(mailbox_program: MailboxProgram) -> MailboxProgram:
    mailbox_program.clear()
    return mailbox_program


@pytest.fixture
def clock(now: datetime) -> FixedClock:
    return FixedClock(now)


@pytest.fixture
def ids() -> CountingIds:
    return CountingIds()


@pytest.fixture
def vault() -> Vault:
    return new_vault()


@pytest.fixture
async def post(
    db: Database, vault: Vault, clock: FixedClock, mailbox: MailboxProgram, now: datetime
) -> Post:
    await make_market(db, now)
    mailer = SmtpMailer(SmtpSettings(port=mailbox.smtp_port))
    return Post(db, vault, clock, Markets(db), Letters(), mailer)
