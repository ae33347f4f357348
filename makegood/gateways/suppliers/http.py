"""The one way to call a supplier: short timeouts, bounded answers, every failure one error."""

import logging
from collections.abc import Mapping
from typing import Final

import httpx

from makegood.orders.supplier import SupplierUnavailable

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 10.0
MAX_ANSWER_BYTES: Final = 64 * 1024


def make_client() -> httpx.AsyncClient:
    """A client for all suppliers: no redirects, no proxy from the environment, no retries."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return httpx.AsyncClient(
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
    )


async def post(
    client: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]
) -> tuple[httpx.Headers, bytes]:
    """Post a body; answers headers and body of a 200.

    Raises:
        SupplierUnavailable: no connection, no answer in time, another status, or an answer
            that is too long. Nothing of the request is in the message.
    """
    try:
        async with client.stream("POST", url, content=body, headers=headers) as answer:
            if answer.status_code != 200:
                raise SupplierUnavailable(f"answered {answer.status_code}")
            return answer.headers, await _bounded(answer)
    except (httpx.HTTPError, httpx.InvalidURL) as failure:
        raise SupplierUnavailable(f"no answer: {type(failure).__name__}") from None


async def _bounded(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise SupplierUnavailable("the answer is too long")
    return bytes(body)
