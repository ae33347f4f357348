"""Whoever is called outside is called straight, and cannot fill our memory."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from makegood.gateways.anchors import http as anchors
from makegood.gateways.outside import make_client
from makegood.gateways.payments import http as payments
from makegood.gateways.suppliers import http as suppliers
from makegood.ledger.refund.gateway import GatewayUnavailable
from makegood.orders.supplier import SupplierUnavailable
from makegood.record.anchors.gateway import AnchorUnavailable

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"


@pytest.fixture
async def endless() -> AsyncIterator[str]:
    """A server whose answers never end."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        try:
            while True:
                writer.write(b" " * 65536)
                await writer.drain()
        except ConnectionError:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_an_answer_without_end_is_a_failure(endless: str) -> None:
    async with make_client() as client:
        with pytest.raises(GatewayUnavailable, match="AnswerTooLong") as failed:
            await payments.exchange(client, "GET", endless)
        assert failed.value.sent
        with pytest.raises(SupplierUnavailable, match="AnswerTooLong"):
            await suppliers.post(client, endless, b"", {})
        with pytest.raises(AnchorUnavailable, match="AnswerTooLong"):
            await anchors.get(client, endless)


async def test_a_proxy_of_the_environment_is_not_asked(
    endless: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with make_client() as client:
        with pytest.raises(AnchorUnavailable, match="AnswerTooLong"):
            await anchors.get(client, endless)
