"""The page while the demo is being filled: how far it is, on the site's own address.

`python -m makegood.demo.progress HANDLE FILE` answers on a socket that already listens, until
SIGTERM; FILE holds the steps as `Telling` writes them. Every address gets the page with status
503, so that no program takes it for the site; a browser looks again by itself.
"""

import os
import signal
import socket
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final

import msgspec
from markupsafe import Markup
from rich.progress import Progress, TaskID

from makegood.demo.programs.answering import Server
from makegood.web.words import Catalogue, choose_language, load_catalogue

LOOK_AGAIN_SECONDS: Final = 2
_TELL_SECONDS: Final = 0.25

PAGE: Final = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{head}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{again}">
<style>:root {{ color-scheme: light dark }}
body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 32rem;
  margin: 15vh auto; padding: 0 1rem }}
h1 {{ font-size: 1.35rem }}
dl {{ display: grid; grid-template-columns: auto 1fr auto; gap: .5rem 1rem }}
dd {{ margin: 0 }} progress {{ width: 100% }}</style></head>
<body><main><h1>{head}</h1><p>{text}</p><dl>{steps}</dl></main></body></html>
"""
STEP: Final = """<dt id="{name}">{label}</dt>
<dd><progress max="{total}" value="{done}" aria-labelledby="{name}"></progress></dd>
<dd>{done} / {total}</dd>"""


class Step(msgspec.Struct, frozen=True):
    """One step of the filling; `name` is a key of the words `demo.filling.step`."""

    name: str
    done: int
    total: int


class Telling(Progress):
    """Bars on the console that the page shows too; a task's field `step` names its words."""

    def __init__(self, file: Path, *columns: Any, **options: Any) -> None:
        super().__init__(*columns, **options)
        self._file = file
        self._told_at = 0.0

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """One more is done; the page hears of it a few times a second."""
        super().advance(task_id, advance)
        if time.monotonic() - self._told_at > _TELL_SECONDS:
            self.tell()

    def tell(self) -> None:
        """Write the steps for the page."""
        self._told_at = time.monotonic()
        steps = [
            Step(task.fields["step"], int(task.completed), int(task.total))
            for task in self.tasks
            if task.total is not None
        ]
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(steps))
        fresh.replace(self._file)


def page(catalogue: Catalogue, lang: Any, steps: list[Step]) -> str:
    """The page in one language."""
    words = catalogue[lang]
    shown = "".join(
        Markup(STEP).format(
            name=step.name,
            label=words[f"demo.filling.step.{step.name}"],
            done=step.done,
            total=step.total,
        )
        for step in steps
    )
    return Markup(PAGE).format(
        lang=lang,
        head=words["demo.filling.head"],
        text=words["demo.filling.text"],
        again=LOOK_AGAIN_SECONDS,
        steps=Markup(shown),
    )


def read_steps(file: Path) -> list[Step]:
    """How far it is; nothing yet while there is no file."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[Step])
    except FileNotFoundError:
        return []


def handler(catalogue: Catalogue, file: Path) -> type[BaseHTTPRequestHandler]:
    """Answers every request with the page."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            lang = choose_language(None, None, self.headers.get("accept-language"))
            body = page(catalogue, lang, read_steps(file)).encode()
            self.send_response(HTTPStatus.SERVICE_UNAVAILABLE)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.send_header("cache-control", "no-store")
            self.send_header("retry-after", str(LOOK_AGAIN_SECONDS))
            self.send_header(
                "content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"
            )
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def do_PUT(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Quiet: the console shows the bars."""

    return Page


def main(handle: int, file: Path) -> None:
    """Answer until SIGTERM; the socket stays open in the process that gave it."""
    server = Server(("", 0), handler(load_catalogue(), file), bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=os.dup(handle))
    server.server_name, server.server_port = "", 0
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
