"""The outside world on loopback: a supplier and a shop balance that cost next to nothing.

The demo's own programs keep books and play faults; here they would be what is measured. These two
answer the same signed protocols from one function each, on kept connections.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Final, cast

import msgspec

from makegood.gateways.payments.shop_balance import RefundBody
from makegood.gateways.suppliers.signed import answer_signature

SECRET: Final = "bench"
CHANNEL: Final = "balance"
SUPPLIER: Final = "u-1"
PRICE_MINOR: Final = 9800
"""What every unit of the bench's orders costs, and so every refund."""
_decode_refund = msgspec.json.Decoder(RefundBody).decode

Respond = Callable[[bytes, bytes], bytes]
"""From the head and the body of a request to the bytes of the answer."""


class Outside:
    """What the two programs saw: how often each refund was asked for, and when first."""

    def __init__(self) -> None:
        self.asked_at: dict[str, float] = {}
        """Order number to the monotonic time of its first refund request."""
        self.refunds: dict[str, int] = {}
        """Refund number to how often it was asked for."""
        self.paid_minor: dict[str, int] = {}
        """Order number to what went back; a refund number pays once."""
        self.questions = 0

    def supply(self, head: bytes, body: bytes) -> bytes:
        """Every key is dead: the supplier says so, signed."""
        self.questions += 1
        answer = b'{"status":"invalid"}'
        asked = _header(head, b"makegood-signature").decode()
        signed = answer_signature(asked, answer, SECRET).encode()
        return _response(answer, b"makegood-signature: " + signed + b"\r\n")

    def pay(self, head: bytes, body: bytes) -> bytes:
        """Every refund arrives at once, and once."""
        if head.startswith(b"GET"):
            return self._told(head)
        wanted = _decode_refund(body)
        self.asked_at.setdefault(wanted.order_no, time.monotonic())
        if wanted.refund_no not in self.refunds:
            paid = self.paid_minor.get(wanted.order_no, 0)
            self.paid_minor[wanted.order_no] = paid + wanted.amount_minor
            self.refunds[wanted.refund_no] = 0
        self.refunds[wanted.refund_no] += 1
        return _response(_arrived(wanted.refund_no, wanted.amount_minor))

    def _told(self, head: bytes) -> bytes:
        """What became of a refund, asked by its number after a worker died."""
        number = head.split(b" ", 2)[1].rsplit(b"/", 1)[-1].decode()
        if number not in self.refunds:
            return _response(b'{"code":"not_found"}', status=b"404 Not Found")
        return _response(_arrived(number, PRICE_MINOR))


def _arrived(refund_no: str, amount_minor: int) -> bytes:
    return msgspec.json.encode(
        {"refund_no": refund_no, "amount_minor": amount_minor, "state": "arrived"}
    )


class Wire(asyncio.Protocol):
    """The least HTTP server: one request after the other on a kept connection."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._unread = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to answer."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        assert self._transport is not None
        self._unread += data
        while (end := self._unread.find(b"\r\n\r\n")) >= 0:
            head = self._unread[:end]
            size = int(_header(head, b"content-length") or b"0")
            if len(self._unread) < end + 4 + size:
                return
            body = self._unread[end + 4 : end + 4 + size]
            self._unread = self._unread[end + 4 + size :]
            self._transport.write(self._respond(head, body))


@contextlib.asynccontextmanager
async def listening(respond: Respond) -> AsyncIterator[str]:
    """A server on a free port of loopback; answers its address."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Wire(respond), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def _header(head: bytes, name: bytes) -> bytes:
    lowered = head.lower()
    place = lowered.find(b"\r\n" + name + b":")
    if place < 0:
        return b""
    start = place + len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else len(head)].strip()


def _response(body: bytes, headers: bytes = b"", status: bytes = b"200 OK") -> bytes:
    return (
        b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%b\r\n"
        % (status, len(body), headers)
    ) + body
