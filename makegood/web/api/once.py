"""`Idempotency-Key`: the same request again gets the first answer again."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final
from weakref import WeakValueDictionary

import msgspec

from makegood.store import idempotency
from makegood.store.idempotency import KeyedRequest
from makegood.web.api.faults import input_fault
from makegood.web.api.operation import JSON, Answer, Call, Operation, Reply

_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_encode: Final = msgspec.json.Encoder().encode


class Once:
    """Keeps first answers; in this process, equal requests wait for each other in a line."""

    def __init__(self) -> None:
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def inside(self, operation: Operation, call: Call, request: KeyedRequest) -> Reply:
        """Key, effect and answer in the transaction of the call."""
        vault, now = call.things.vault, call.act.now
        first = await idempotency.first_answer(call.conn, vault, request, now)
        if first is not None:
            return _again(first)
        reply = await operation.run(call)
        if operation.keeps_answer and isinstance(reply, Answer):
            await idempotency.keep_answer(call.conn, vault, request, _kept(reply))
        return reply

    async def alone(self, operation: Operation, call: Call, request: KeyedRequest) -> Reply:
        """The same for operations with transactions of their own, whose effect is harmless twice.

        The key is claimed before and the answer kept after, each in a short transaction.
        """
        line = self._lines.setdefault(f"{request.caller}\x1f{request.key}", asyncio.Lock())
        db, vault, now = call.things.db, call.things.vault, call.act.now
        async with line:
            async with db.transaction() as tx:
                first = await idempotency.first_answer(tx, vault, request, now)
            if first is not None:
                return _again(first)
            reply = await operation.run(call)
            if operation.keeps_answer and isinstance(reply, Answer):
                async with db.transaction() as tx:
                    await idempotency.keep_answer(tx, vault, request, _kept(reply))
            return reply


Runner = Callable[[Operation, Call, KeyedRequest], Awaitable[Reply]]


def keyed(operation: Operation, call: Call) -> KeyedRequest | None:
    """The call as one that may come again, if it carries a key. Raises Fault `input`."""
    if not operation.takes_key or b"idempotency-key" not in call.headers:
        return None
    key = call.header(b"idempotency-key")
    if not _KEY.fullmatch(key):
        raise input_fault("Idempotency-Key", "1 to 200 visible ASCII characters")
    path = "/".join([operation.path, *call.path.values()])
    # A streamed body is not read yet: its length stands for it.
    body = call.raw or call.header(b"content-length").encode()
    return idempotency.keyed_request(
        call.act.market_id, _caller(call), key, method=operation.method, path=path, body=body
    )


def encoded(answer: Answer) -> bytes:
    """The bytes of an answer."""
    if isinstance(answer.body, bytes):
        return answer.body
    return b"" if answer.body is None else _encode(answer.body)


def _caller(call: Call) -> str:
    caller = call.caller
    if caller.actor is None:
        client = call.scope.get("client")
        return f"nobody:{client[0] if client else ''}"
    return caller.session_id or f"{caller.role}:{caller.actor.id}"


def _kept(answer: Answer) -> idempotency.Answer:
    return idempotency.Answer(
        status=answer.status,
        media_type=answer.media_type,
        body=encoded(answer),
        headers=dict(answer.headers),
    )


def _again(first: idempotency.Answer) -> Answer:
    headers = {**first.headers, "idempotent-replay": "true"}
    media_type = first.media_type or JSON
    return Answer(status=first.status, body=first.body, media_type=media_type, headers=headers)
