"""A mail server and a mailbox page for demo and tests: takes every mail, shows it, sends nothing.

`python -m makegood.demo.programs.mailbox --smtp-port 2525 --port 8025`; a port of 0 takes any free
one. The addresses are printed as one line of JSON when it is ready.
"""

import argparse
import asyncio
import html
import json
import signal
import threading
from collections import deque
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT: Final = 500
_STYLE: Final = """
:root{color-scheme:light dark}body{margin:0 auto;max-width:760px;padding:24px 16px;
font:16px/1.6 system-ui,'PingFang SC','Noto Sans CJK SC',sans-serif}
h1{font-size:20px;margin:0 0 4px}a{color:light-dark(#2a4fd0,#9db4ff)}
ul{list-style:none;margin:16px 0;padding:0}li{border-top:1px solid light-dark(#d8d4cc,#44423d);
padding:10px 0}small,.meta{color:light-dark(#5c584f,#b4afa4);font-size:14px}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}
"""

_EMPTY: Final = (
    "<p>还没有邮件。申请验证码后，邮件会出现在这里。<br>"
    "No mail yet. Ask for a code and it appears here.</p>"
)


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One mail that arrived, newest number last."""

    number: int
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    message_id: str


class Mailbox:
    """The last mails, shared by the SMTP side (an event loop) and the web side (threads)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mails: deque[Received] = deque(maxlen=KEPT)
        self._count = 0

    def add(self, sender: str, to: list[str], content: bytes) -> None:
        """Keep a mail as it came over the wire."""
        message = message_from_bytes(content, _class=EmailMessage, policy=default_policy)
        with self._lock:
            self._count += 1
            self._mails.append(
                Received(
                    number=self._count,
                    sender=sender,
                    to=tuple(to),
                    subject=str(message["Subject"] or ""),
                    text=_part(message, "plain"),
                    html=_part(message, "html"),
                    message_id=str(message["Message-ID"] or ""),
                )
            )

    def newest(self, to: str = "") -> list[Received]:
        """The kept mails, newest first; only those to an address when one is given."""
        with self._lock:
            kept = list(self._mails)
        return [mail for mail in reversed(kept) if not to or to in mail.to]

    def clear(self) -> None:
        """Throw everything away."""
        with self._lock:
            self._mails.clear()


class Taking:
    """What the SMTP server calls for a mail. Addresses at `refuse.example` are refused."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the recipient, or play a server that does not."""
        if address.endswith("@refuse.example"):
            return "550 5.1.1 no such mailbox"
        if address.endswith("@busy.example"):
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self._mailbox.add(envelope.mail_from or "", list(envelope.rcpt_tos), content)
        return "250 OK"


def main(arguments: list[str] | None = None) -> None:
    """Run until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--smtp-port", type=int, default=2525)
    parser.add_argument("--port", type=int, default=8025, help="of the mailbox page")
    asyncio.run(_run(parser.parse_args(arguments)))


async def _run(options: argparse.Namespace) -> None:
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    taking = Taking(mailbox)
    smtp = await loop.create_server(
        lambda: SMTP(taking, enable_SMTPUTF8=True, hostname="mailbox"),
        options.host,
        options.smtp_port,
    )
    pages = ThreadingHTTPServer((options.host, options.port), _page_handler(mailbox))
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    ready = {"smtp_port": smtp.sockets[0].getsockname()[1], "port": pages.server_address[1]}
    told = _when_told()
    print(json.dumps(ready), flush=True)
    await told.wait()
    pages.shutdown()
    smtp.close()


def _when_told() -> asyncio.Event:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    return told


def _page_handler(mailbox: Mailbox) -> type[BaseHTTPRequestHandler]:
    class Pages(BaseHTTPRequestHandler):
        """`/` the list, `/mail/N` one mail, `/mails.json?to=` for programs, DELETE `/mails`."""

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            to = parse_qs(asked.query).get("to", [""])[0]
            if asked.path == "/mails.json":
                body = msgspec.json.encode(mailbox.newest(to))
                return self._answer("application/json", body)
            if asked.path == "/":
                return self._answer("text/html; charset=utf-8", _list_page(mailbox.newest(to)))
            mail = _named(mailbox, asked.path)
            if mail is None:
                return self.send_error(HTTPStatus.NOT_FOUND)
            return self._answer("text/html; charset=utf-8", _mail_page(mail))

        def do_DELETE(self) -> None:
            mailbox.clear()
            self._answer("application/json", b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep quiet: addresses of mails are nobody's log lines."""

        def _answer(self, kind: str, body: bytes) -> None:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header(
                "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"
            )
            self.end_headers()
            self.wfile.write(body)

    return Pages


def _named(mailbox: Mailbox, path: str) -> Received | None:
    name = path.removeprefix("/mail/")
    return next((mail for mail in mailbox.newest() if str(mail.number) == name), None)


def _list_page(mails: list[Received]) -> bytes:
    rows = "".join(
        f'<li><a href="/mail/{mail.number}">{html.escape(mail.subject)}</a><br>'
        f"<small>{html.escape(', '.join(mail.to))}</small></li>"
        for mail in mails
    )
    return _page(
        "邮箱 Mailbox",
        "演示用：只收不发 · For the demo: nothing leaves",
        f"<ul>{rows}</ul>" if rows else _EMPTY,
    )


def _mail_page(mail: Received) -> bytes:
    body = f'<p><a href="/">← 邮箱 Mailbox</a></p><pre>{_with_links(mail.text)}</pre>'
    return _page(html.escape(mail.subject), html.escape(", ".join(mail.to)), body)


def _with_links(text: str) -> str:
    """The mail's text with its addresses as links, and everything else escaped."""
    return "".join(
        _link(word) if word.startswith(("http://", "https://")) else html.escape(word)
        for word in _words(text)
    )


def _words(text: str) -> list[str]:
    """The text cut so that every address stands alone; joined again it is the same text."""
    marked = text.replace("http", "\x00http")
    parts = []
    for piece in marked.split("\x00"):
        end = next((at for at, letter in enumerate(piece) if letter.isspace()), len(piece))
        parts += [piece[:end], piece[end:]]
    return parts


def _link(address: str) -> str:
    safe = html.escape(address)
    return f'<a href="{safe}">{safe}</a>'


def _page(title: str, below: str, body: str) -> bytes:
    return (
        f'<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f'<body><main><h1>{title}</h1><p class="meta">{below}</p>{body}</main></body></html>'
    ).encode()


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


if __name__ == "__main__":
    main()
