"""How anything outside is called: short timeouts, no redirects, no retries, bounded answers."""

import logging
import ssl
from typing import Final

import httpx

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 10.0


class AnswerTooLong(httpx.HTTPError):
    """Whoever was asked sends more than anybody wants to read."""


def make_client(trusted: ssl.SSLContext | None = None) -> httpx.AsyncClient:
    """A client that goes straight to an address: a proxy of the environment is not asked.

    `trusted` says whose certificates count; without it those that come with httpx do.
    httpx logs full addresses, and epay V1 carries its key in them; so its log is turned off.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return httpx.AsyncClient(
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
        verify=trusted or True,
    )


async def bounded(answer: httpx.Response, most: int) -> bytes:
    """The body of a streamed answer. Raises AnswerTooLong above `most` bytes."""
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > most:
            raise AnswerTooLong(f"more than {most} bytes")
    return bytes(body)
