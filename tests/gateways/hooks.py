"""A door that keeps every notice as it came, for tests of what gateways send."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from makegood.ledger.refund.gateway import Notification


class Hook:
    """Where notices arrive."""

    def __init__(self) -> None:
        self.url = ""
        self._came: queue.Queue[Notification] = queue.Queue()

    def take(self, notification: Notification) -> None:
        self._came.put(notification)

    def next(self) -> Notification:
        """The next notice, waited for up to a minute."""
        return self._came.get(timeout=60)


@contextmanager
def listening() -> Iterator[Hook]:
    """A hook on a free port of this machine."""
    hook = Hook()

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._take(b"")

        def do_POST(self) -> None:
            self._take(self.rfile.read(int(self.headers.get("content-length") or 0)))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

        def _take(self, body: bytes) -> None:
            fields = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            headers = {name.lower(): value for name, value in self.headers.items()}
            hook.take(Notification(fields=fields, body=body, headers=headers))
            self.send_response(200)
            self.send_header("content-length", "7")
            self.end_headers()
            self.wfile.write(b"success")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    hook.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
