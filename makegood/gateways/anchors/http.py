"""The one way to call a place outside: short timeouts, bounded answers, every failure one error."""

import logging
from collections.abc import Mapping
from typing import Final

import httpx
import msgspec

from makegood.record.anchors.gateway import AnchorUnavailable

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0
MAX_ANSWER_BYTES: Final = 256 * 1024


class Answer(msgspec.Struct, frozen=True):
    """What came back: the status, the kind of content, and the body as it is."""

    status: int
    kind: str
    body: bytes


def make_client() -> httpx.AsyncClient:
    """A client for all places: no redirects, no proxy from the environment, no retries."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return httpx.AsyncClient(
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
    )


async def post(
    client: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]
) -> Answer:
    """Post a body; answers any status below 500.

    Raises:
        AnchorUnavailable: no connection, no answer in time, a server error, too long an answer.
    """
    return await _call(client, "POST", url, body, headers)


async def get(client: httpx.AsyncClient, url: str) -> Answer:
    """Fetch an address, with the same promises as `post`."""
    return await _call(client, "GET", url, b"", {})


async def _call(
    client: httpx.AsyncClient, method: str, url: str, body: bytes, headers: Mapping[str, str]
) -> Answer:
    try:
        async with client.stream(method, url, content=body, headers=headers) as answer:
            if answer.status_code >= 500 or answer.status_code == 429:
                raise AnchorUnavailable(f"answered {answer.status_code}")
            kind = answer.headers.get("content-type", "").partition(";")[0].strip()
            return Answer(answer.status_code, kind, await _bounded(answer))
    except (httpx.HTTPError, httpx.InvalidURL) as failure:
        raise AnchorUnavailable(f"no answer: {type(failure).__name__}") from None


async def _bounded(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise AnchorUnavailable("the answer is too long")
    return bytes(body)
