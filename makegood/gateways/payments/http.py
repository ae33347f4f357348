"""The one way to call a gateway: failures are sorted by whether it was reached."""

from collections.abc import Mapping
from typing import Final, TypeVar

import httpx
import msgspec

from makegood.gateways.outside import bounded
from makegood.ledger.refund.gateway import GatewayUnavailable

T = TypeVar("T")

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL)


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """An answer below 500 as it came; header names are in lower case."""

    status: int
    content: bytes
    headers: Mapping[str, str]

    def json(self) -> dict[str, object]:
        """The JSON object in the body. Raises GatewayUnavailable for anything else."""
        return _object(self.content)


async def exchange(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answered:
    """One request and its raw answer, for gateways that sign the bytes of it.

    Raises:
        GatewayUnavailable: `sent=False` when no connection was made; otherwise whatever was
            asked may have been done. Server errors count as unknown. Nothing of the request is
            in the message.
    """
    try:
        async with client.stream(
            method, url, params=params, data=form, content=body, headers=headers
        ) as answer:
            content = await bounded(answer, MAX_ANSWER_BYTES)
    except _NEVER_LEFT as failure:
        text = f"not reached: {type(failure).__name__}"
        raise GatewayUnavailable(text, sent=False, trouble="not_reached") from None
    except httpx.HTTPError as failure:
        text = f"no answer: {type(failure).__name__}"
        raise GatewayUnavailable(text, trouble="silent") from None
    if answer.status_code >= 500:
        raise GatewayUnavailable(f"server error {answer.status_code}", trouble="silent")
    return Answered(
        status=answer.status_code, content=content, headers=dict(answer.headers.items())
    )


async def call(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, dict[str, object]]:
    """One request; answers the status and the JSON object in the body.

    Raises:
        GatewayUnavailable: as `exchange`, and for answers that are no JSON object.
    """
    answer = await exchange(
        client, method, url, params=params, form=form, body=body, headers=headers
    )
    return answer.status, answer.json()


def shaped(answer: Answered, shape: type[T]) -> T:
    """The JSON body in a shape. Raises GatewayUnavailable when it does not fit."""
    try:
        return msgspec.json.decode(answer.content, type=shape)
    except msgspec.DecodeError:
        raise GatewayUnavailable("the answer makes no sense") from None


def _object(content: bytes) -> dict[str, object]:
    try:
        value = msgspec.json.decode(content.lstrip(b"\xef\xbb\xbf"))
    except msgspec.DecodeError:
        raise GatewayUnavailable("the answer is not JSON") from None
    if not isinstance(value, dict):
        raise GatewayUnavailable("the answer is not an object")
    return value
