"""The one way to call a supplier: every failure is one error."""

from collections.abc import Mapping
from typing import Final

import httpx

from makegood.gateways.outside import bounded
from makegood.orders.supplier import SupplierUnavailable

MAX_ANSWER_BYTES: Final = 64 * 1024


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
            return answer.headers, await bounded(answer, MAX_ANSWER_BYTES)
    except (httpx.HTTPError, httpx.InvalidURL) as failure:
        raise SupplierUnavailable(f"no answer: {type(failure).__name__}") from None
