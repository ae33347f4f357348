"""The one way to call a place outside: every failure is one error."""

from collections.abc import Mapping
from typing import Final

import httpx
import msgspec

from makegood.gateways.outside import bounded
from makegood.record.anchors.gateway import AnchorUnavailable

MAX_ANSWER_BYTES: Final = 256 * 1024


class Answer(msgspec.Struct, frozen=True):
    """What came back: the status, the kind of content, and the body as it is."""

    status: int
    kind: str
    body: bytes


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
            return Answer(answer.status_code, kind, await bounded(answer, MAX_ANSWER_BYTES))
    except (httpx.HTTPError, httpx.InvalidURL) as failure:
        raise AnchorUnavailable(f"no answer: {type(failure).__name__}") from None
