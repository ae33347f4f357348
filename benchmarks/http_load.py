"""Sends prepared HTTP requests over kept connections, so cheaply that the server is measured.

A general client costs about as much processor time per request as the server does; on the same two
cores that would halve the figure. This one writes bytes and reads a status and a length.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """One answer: its status, how long it took in seconds, and its body."""

    status: int
    seconds: float
    body: bytes


def request(
    method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> bytes:
    """The bytes of one request on a kept connection."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def send_all(
    address: str, requests: Iterator[bytes], *, connections: int = 16, until: float | None = None
) -> list[Answer]:
    """Send the requests over so many connections at once; stop early at monotonic `until`."""
    answers: list[Answer] = []
    parts = urlsplit(address)
    assert parts.hostname is not None
    assert parts.port is not None

    async def one_connection(host: str, port: int) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            for data in requests:
                if until is not None and time.monotonic() > until:
                    return
                answers.append(await exchange(reader, writer, data))
        finally:
            writer.close()

    await asyncio.gather(*(one_connection(parts.hostname, parts.port) for _ in range(connections)))
    return answers


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes
) -> Answer:
    """Send one request on a kept connection and read its answer."""
    began = time.perf_counter()
    writer.write(data)
    head = await reader.readuntil(b"\r\n\r\n")
    body = await _body(reader, head.lower())
    return Answer(int(head[9:12]), time.perf_counter() - began, body)


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if b"transfer-encoding: chunked" in head:
        return await _chunks(reader)
    _, found, rest = head.partition(b"content-length:")
    return await reader.readexactly(int(rest.split(b"\r\n", 1)[0])) if found else b""


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return body
