"""Asking a node of an EVM chain: JSON-RPC over HTTP, one question at a time."""

from itertools import count
from typing import Any

import httpx
import msgspec

from makegood.gateways.anchors.http import post
from makegood.record.anchors.gateway import AnchorUnavailable


class RpcError(Exception):
    """The node answered with an error of its own; the text is the node's."""


class Rpc:
    """One node at one address."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self._url = url
        self._client = client
        self._numbers = count(1)

    async def ask(self, method: str, params: list[Any]) -> Any:
        """One question. Raises RpcError for the node's own error, AnchorUnavailable for silence."""
        request = {
            "jsonrpc": "2.0",
            "id": next(self._numbers),
            "method": method,
            "params": params,
        }
        headers = {"content-type": "application/json"}
        answer = await post(self._client, self._url, msgspec.json.encode(request), headers)
        reply = _reply(answer.body)
        if reply.error is not None:
            raise RpcError(reply.error.message)
        return reply.result

    async def needed(self, method: str, params: list[Any]) -> Any:
        """One question to which an error is no answer either. Raises AnchorUnavailable."""
        try:
            return await self.ask(method, params)
        except RpcError as said:
            raise AnchorUnavailable(f"{method}: {str(said)[:120]}") from None


class _ErrorBody(msgspec.Struct):
    message: str = "error"


class _ReplyBody(msgspec.Struct):
    result: Any = None
    error: _ErrorBody | None = None


def _reply(body: bytes) -> _ReplyBody:
    try:
        return msgspec.json.decode(body, type=_ReplyBody)
    except msgspec.DecodeError:
        raise AnchorUnavailable("the answer is not JSON-RPC") from None
