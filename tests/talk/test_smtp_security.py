"""Mail servers with TLS, STARTTLS and passwords: what is demanded is demanded."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from makegood.demo.programs.mailbox import Mailbox, Taking
from makegood.gateways.channels.mail import SmtpMailer, SmtpSettings
from makegood.talk.mail import Letter, MailFailed

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

LETTER = Letter(
    sender_name="云桥寄售",
    sender="after-sales@example.com",
    to="b1@example.com",
    subject="hello",
    text="text",
    html="<p>text</p>",
    message_id="<m-1@example.com>",
    language="zh",
    sent_at=datetime(2026, 11, 21, tzinfo=UTC),
)


class Certificate(msgspec.Struct, frozen=True):
    """A certificate for 127.0.0.1 that its own file vouches for."""

    file: str
    context: ssl.SSLContext


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime(2026, 1, 1, tzinfo=UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=3650))
        .not_valid_after(today + timedelta(days=3650))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    file, key_file = tmp_path / "cert.pem", tmp_path / "key.pem"
    file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, key_file)
    return Certificate(str(file), context)


@asynccontextmanager
async def running(
    make: Callable[[Taking], SMTP], tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Mailbox, int]]:
    """A mail server in this test's own loop: what it received, and its port."""
    mailbox = Mailbox()
    talks: list[SMTP] = []

    def accept() -> SMTP:
        talks.append(make(Taking(mailbox)))
        return talks[-1]

    server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0, ssl=tls)
    yield mailbox, server.sockets[0].getsockname()[1]
    server.close()
    for talk in talks:
        if talk.transport is not None:
            talk.transport.close()
    await server.wait_closed()


def check_password(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: LoginPassword
) -> AuthResult:
    """Only `me` with `pw` may send."""
    return AuthResult(success=auth_data == LoginPassword(b"me", b"pw"), handled=False)


async def test_starttls_is_used_where_it_is_demanded(certificate: Certificate) -> None:
    def make(taking: Taking) -> SMTP:
        return SMTP(taking, tls_context=certificate.context, require_starttls=True)

    async with running(make) as (mailbox, port):
        settings = SmtpSettings(port=port, security="starttls", ca_file=certificate.file)
        await SmtpMailer(settings).send(LETTER)
        assert len(mailbox.newest()) == 1


async def test_a_server_that_leaves_the_offer_out_gets_no_mail_and_no_password() -> None:
    def make(taking: Taking) -> SMTP:
        return SMTP(taking, authenticator=check_password, auth_require_tls=False)

    async with running(make) as (mailbox, port):
        settings = SmtpSettings(port=port, security="starttls", username="me", password="pw")
        with pytest.raises(MailFailed) as caught:
            await SmtpMailer(settings).send(LETTER)
        assert not caught.value.permanent
        assert mailbox.newest() == []


async def test_tls_from_the_start(certificate: Certificate) -> None:
    async with running(SMTP, certificate.context) as (mailbox, port):
        settings = SmtpSettings(port=port, security="tls", ca_file=certificate.file)
        await SmtpMailer(settings).send(LETTER)
        assert len(mailbox.newest()) == 1


async def test_a_certificate_nobody_vouches_for_is_refused(certificate: Certificate) -> None:
    async with running(SMTP, certificate.context) as (mailbox, port):
        with pytest.raises(MailFailed) as caught:
            await SmtpMailer(SmtpSettings(port=port, security="tls")).send(LETTER)
        assert not caught.value.permanent
        assert mailbox.newest() == []


@pytest.mark.parametrize(("password", "taken"), [("pw", 1), ("wrong", 0)])
async def test_a_wrong_password_keeps_the_mail_for_later(password: str, taken: int) -> None:
    def make(taking: Taking) -> SMTP:
        return SMTP(
            taking, authenticator=check_password, auth_required=True, auth_require_tls=False
        )

    async with running(make) as (mailbox, port):
        mailer = SmtpMailer(SmtpSettings(port=port, username="me", password=password))
        failures = await _failures(mailer)
        assert [failed.permanent for failed in failures] == [False] * (1 - taken)
        assert len(mailbox.newest()) == taken


async def _failures(mailer: SmtpMailer) -> list[MailFailed]:
    try:
        await mailer.send(LETTER)
    except MailFailed as failed:
        return [failed]
    return []
