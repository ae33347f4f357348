"""Hands letters to a mail server by SMTP: plain, STARTTLS or TLS, as the address says."""

import ssl
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from ipaddress import ip_address
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from makegood.talk.mail import Letter, MailFailed

Security: TypeAlias = Literal["offered", "starttls", "tls"]

_PERMANENT_FROM: Final = 500
_STARTTLS: Final[dict[Security, bool | None]] = {"offered": None, "starttls": True, "tls": False}


class SmtpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the mail server is; `offered` takes STARTTLS when the server has it."""

    host: str = "127.0.0.1"
    port: int = 25
    security: Security = "offered"
    username: str = ""
    password: str = ""
    timeout_s: float = 20.0
    ca_file: str = ""
    """A file of certificates to trust instead of the system's; empty for the system's."""


def smtp_settings(url: str, ca_file: str = "") -> SmtpSettings:
    """The settings of `smtp://user:password@host:port` or `smtps://…`.

    Where a password would travel to another machine, STARTTLS is demanded, not only taken when
    offered: whoever sits in between could leave the offer out.
    """
    parts = urlsplit(url)
    host = parts.hostname or "127.0.0.1"
    tls = parts.scheme == "smtps"
    secret = bool(parts.password) and not _is_loopback(host)
    return SmtpSettings(
        host=host,
        port=parts.port or (465 if tls else 587 if parts.username else 25),
        security="tls" if tls else "starttls" if secret else "offered",
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        ca_file=ca_file,
    )


class SmtpMailer:
    """A mail server. One connection per letter: mails are few, and connections go stale."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings

    async def send(self, letter: Letter) -> None:
        """Return when the server has taken the letter; raises MailFailed."""
        message = _message(letter)
        try:
            await self._hand_over(message, letter)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            codes = [one.code for one in refused.recipients]
            raise MailFailed("recipient refused", permanent=_all_permanent(codes)) from refused
        except aiosmtplib.SMTPAuthenticationError as refused:
            # The operator repairs the password and the mail goes out: never final.
            raise MailFailed("sign-in at the mail server failed", permanent=False) from refused
        except aiosmtplib.SMTPResponseException as refused:
            permanent = _all_permanent([refused.code])
            raise MailFailed(f"server answered {refused.code}", permanent=permanent) from refused
        except (aiosmtplib.SMTPException, OSError) as broken:
            problem = f"the mail server does not answer ({type(broken).__name__})"
            raise MailFailed(problem, permanent=False) from broken

    async def check(self) -> None:
        """Connect and sign in without sending, for doctor; raises MailFailed with what is wrong."""
        client = self._client()
        try:
            async with client:
                await client.noop()
        except (aiosmtplib.SMTPException, OSError) as broken:
            raise MailFailed(f"{type(broken).__name__}: {broken}", permanent=False) from broken

    async def _hand_over(self, message: EmailMessage, letter: Letter) -> None:
        async with self._client() as client:
            await client.send_message(message, sender=letter.sender, recipients=[letter.to])

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.username or None,
            password=settings.password or None,
            timeout=settings.timeout_s,
            use_tls=settings.security == "tls",
            start_tls=_STARTTLS[settings.security],
            tls_context=self._tls(),
        )

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._settings.ca_file or None)


def _message(letter: Letter) -> EmailMessage:
    message = EmailMessage()
    # A wrong sender is repaired in the settings and the mail goes out; a wrong recipient is not.
    message["From"] = _address(letter.sender, letter.sender_name, permanent=False)
    message["To"] = _address(letter.to.strip(), permanent=True)
    message["Subject"] = letter.subject
    message["Date"] = letter.sent_at
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = letter.language
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def _address(text: str, name: str = "", *, permanent: bool) -> Address:
    try:
        address = Address(name, addr_spec=text)
    except (ValueError, IndexError, HeaderParseError) as wrong:
        raise MailFailed("not an address", permanent=permanent) from wrong
    if not address.domain:
        raise MailFailed("not an address", permanent=permanent)
    return address


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _all_permanent(codes: list[int]) -> bool:
    return all(code >= _PERMANENT_FROM for code in codes)
