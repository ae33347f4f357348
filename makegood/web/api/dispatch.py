"""The API as one ASGI application: address, caller, right, body, transaction, answer."""

import logging
from collections.abc import Iterable
from typing import Final

import asyncpg
import msgspec
from litestar.types import ASGIApp, HTTPScope, Receive, Send

from makegood.base.refusal import Refused
from makegood.ledger.refusals import note_refusal
from makegood.store.idempotency import KeyedRequest
from makegood.web.api import once
from makegood.web.api.calling import act_of, admit, caller_of
from makegood.web.api.faults import (
    PROBLEM,
    Fault,
    Field,
    Problem,
    problem_of_fault,
    problem_of_refusal,
)
from makegood.web.api.operation import Answer, Call, NoQuery, Operation, Reply, Stream
from makegood.web.api.reading import BodyReader, check_media, read_query, whole_body
from makegood.web.api.routes import Routes
from makegood.web.problem import PageFault
from makegood.web.things import Things
from makegood.web.words import Catalogue, Words, choose_language

BASE: Final = "/api/v1"
_NO_QUERY: Final = NoQuery()
MOVES_MONEY: Final = frozenset(
    {
        "payout.record",
        "coupon.redeem",
        "chargeback.put",
        "order.put",
        "claim.pay_repair",
        "claim.answer",
        "claim.decide",
    }
)
"""What is refused of these is kept, with the reason: nothing moved, and somebody wanted it to."""
_AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
)
log = logging.getLogger("makegood.web.api")


class Api:
    """Every operation under one door. Nothing here knows what an operation does."""

    def __init__(
        self, catalogue: Catalogue, operations: Iterable[Operation], base: str = BASE
    ) -> None:
        self._base = base.encode()
        self._catalogue = catalogue
        self._routes = Routes(operations)

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens inside, the answer is a documented one."""
        try:
            reply = await self._reply(scope, receive)
        except Exception as error:  # Every fault of a call ends here, and only here.
            reply = self._problem(scope, error)
        await _send(reply, scope, receive, send)

    async def _reply(self, scope: HTTPScope, receive: Receive) -> Reply:
        operation, reader, names = self._operation(scope)
        things = _things(scope)
        now = things.clock.now()
        headers = dict(scope["headers"])
        caller = await caller_of(things, headers, now)
        admit(things, operation, caller)
        call = Call(
            things=things,
            scope=scope,
            receive=receive,
            headers=headers,
            caller=caller,
            act=act_of(caller, now, str(scope["state"].get("request_id", ""))),
            path=names,
            query=_NO_QUERY,
        )
        try:
            return await self._carry_out(operation, reader, call)
        except (Refused, Fault) as refused:
            if operation.action in MOVES_MONEY:
                detail = refused.detail if isinstance(refused, Refused) else _fields_of(refused)
                await note_refusal(things.db, call.act, operation.action, refused.code, detail)
            raise

    async def _carry_out(self, operation: Operation, reader: BodyReader, call: Call) -> Reply:
        """Read what was sent and run the operation, each in the form it declares."""
        query = operation.query
        if query is not None and (query is not NoQuery or call.scope["query_string"]):
            call.query = read_query(call.scope["query_string"], query)
        _check_headers(operation, call)
        if operation.reads != "nothing":
            check_media(operation, call.header(b"content-type"))
        if operation.reads == "json":
            limit = call.things.settings.body_limit
            call.raw = await whole_body(call.receive, call.header(b"content-length"), limit)
            call.body = reader.read(call.raw)
        return await self._run(operation, call, once.keyed(operation, call))

    def _operation(self, scope: HTTPScope) -> tuple[Operation, BodyReader, dict[str, str]]:
        found = self._routes.find(_below(self._base, scope))
        if found is None:
            raise Fault("not_found")
        place, names = found
        known = place.operations.get(scope["method"])
        if known is None:
            allowed = ", ".join(sorted(place.operations))
            raise Fault("method_not_allowed", headers={"allow": allowed})
        return known[0], known[1], dict(names)

    async def _run(self, operation: Operation, call: Call, key: KeyedRequest | None) -> Reply:
        if operation.uses == "nothing":
            line = call.scope["litestar_app"].state.once
            return await (line.alone(operation, call, key) if key else operation.run(call))
        if operation.uses == "connection" and key is None:
            async with call.things.db.connection() as conn:
                call.connection = conn
                return await operation.run(call)
        async with call.things.db.transaction() as tx:
            call.connection = tx
            line = call.scope["litestar_app"].state.once
            return await (line.inside(operation, call, key) if key else operation.run(call))

    def _problem(self, scope: HTTPScope, error: Exception) -> Answer:
        words = self._words(scope)
        match error:
            case Refused():
                problem, headers = problem_of_refusal(error, words), {}
                retry_s = error.detail.get("retry_after_s")
                if retry_s is not None:
                    headers["retry-after"] = str(retry_s)
            case Fault():
                problem, headers = problem_of_fault(error, words), error.headers
            case _:
                fault = _fault_of(error, scope)
                problem, headers = problem_of_fault(fault, words), fault.headers
        return _answer(problem, headers)

    def _words(self, scope: HTTPScope) -> Words:
        accept = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
        language = choose_language(None, None, accept)
        return Words(self._catalogue, language, _things(scope).clock.now())


def _things(scope: HTTPScope) -> Things:
    things: Things = scope["litestar_app"].state.things
    return things


def _fields_of(fault: Fault) -> dict[str, object]:
    """What a body or query was wrong in, by field."""
    return {field.name: field.message for field in fault.fields}


def _check_headers(operation: Operation, call: Call) -> None:
    missing = [name for name in operation.headers if name.lower().encode() not in call.headers]
    if missing:
        raise Fault("input", [Field(name, "this header must be sent") for name in missing])


def _fault_of(error: Exception, scope: HTTPScope) -> Fault:
    """What an exception of a lower floor says about the call."""
    request_id = str(scope["state"].get("request_id", ""))
    match error:
        case PageFault():
            return Fault(_PAGE_CODES.get(error.code, "input"))
        case asyncpg.DataError() | asyncpg.IntegrityConstraintViolationError() | OverflowError():
            log.warning("refused by the database", extra={"request_id": request_id}, exc_info=error)
            return Fault("input", [Field("", "a value is outside what can be stored")])
        case _ if isinstance(error, _AWAY):
            log.warning("unavailable", extra={"request_id": request_id}, exc_info=error)
            return Fault("unavailable", headers={"retry-after": "5"})
        case _:
            log.error("unhandled", extra={"request_id": request_id}, exc_info=error)
            return Fault("our_fault")


_PAGE_CODES: Final = {
    "not_found": "not_found",
    "malformed": "malformed",
    "too_large": "too_large",
    "wrong_type": "wrong_type",
}


def _below(base: bytes, scope: HTTPScope) -> bytes:
    path: bytes = scope["raw_path"].partition(b"?")[0]
    return path.removeprefix(base).strip(b"/")


def _answer(problem: Problem, headers: dict[str, str]) -> Answer:
    body = msgspec.json.encode(problem)
    return Answer(status=problem.status, body=body, media_type=PROBLEM, headers=headers)


async def _send(reply: Reply, scope: HTTPScope, receive: Receive, send: Send) -> None:
    match reply:
        case Answer():
            body = once.encoded(reply)
            headers = _headers(reply.media_type, reply.headers)
            headers.append((b"content-length", str(len(body)).encode()))
            await send({"type": "http.response.start", "status": reply.status, "headers": headers})
            await send({"type": "http.response.body", "body": body, "more_body": False})
        case Stream(pieces=pieces, media_type=media_type):
            headers = _headers(media_type, {})
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        case _:
            app: ASGIApp = reply
            await app(scope, receive, send)


def _headers(media_type: str, more: object) -> list[tuple[bytes, bytes]]:
    pairs = more.items() if isinstance(more, dict) else ()
    return [
        (b"content-type", media_type.encode()),
        *((name.encode(), value.encode("latin-1", "replace")) for name, value in pairs),
    ]
