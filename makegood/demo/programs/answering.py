"""What the invented gateway and supplier share: JSON over HTTP on loopback, with faults."""

import json
import signal
import socket
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec


class Cut(Exception):
    """The connection breaks without an answer."""


class ServerFailure(Exception):
    """The server answers 500."""


class JsonHandler(BaseHTTPRequestHandler):
    """Answers what `route` says, unless a fault comes first."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    """Head and body leave as one: in two parts, the second waits 40 ms for the first's receipt."""

    def route(self, body: bytes) -> tuple[int, object]:
        """The status and the answer to one request."""
        return 404, {"msg": "not found"}

    def signatures(self, data: bytes) -> dict[str, str]:
        """Headers by which an answer proves where it comes from."""
        return {}

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Quiet: addresses and bodies carry keys."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            status, answer = self.route(body)
        except Cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        except ServerFailure:
            status, answer = 500, {"msg": "系统繁忙"}
        self._answer(status, msgspec.json.encode(answer))

    def _answer(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in self.signatures(data).items():
            self.send_header(name, value)
        try:
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()
        except ConnectionError:
            # Whoever asked did not wait for a slow answer.
            self.close_connection = True


class Server(ThreadingHTTPServer):
    """One thread for each connection, many of which may come at once."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no event."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            traceback.print_exc()


def serve_until_stopped(handler: type[JsonHandler], port: int) -> None:
    """Print the address as one line of JSON, then serve until SIGTERM or Ctrl-C."""
    server = Server(("127.0.0.1", port), handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
