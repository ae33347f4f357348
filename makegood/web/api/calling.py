"""Who calls: the bearer of a key or session, and whether the roles matrix lets them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from litestar import Request
from litestar.datastructures import State

from makegood.base.actor import Act, Actor
from makegood.base.refusal import Refused
from makegood.people.caller import Caller, nobody
from makegood.web.api.faults import Fault
from makegood.web.api.operation import Call, Operation
from makegood.web.things import Things

VISITOR: Final = Actor(role="buyer", id="visitor")
"""Who acts before a proof: somebody who is nobody yet."""
_CHALLENGE: Final = {"www-authenticate": 'Bearer realm="makegood"'}


async def caller_of(things: Things, headers: Mapping[bytes, bytes], now: datetime) -> Caller:
    """The caller of the Authorization header; nobody without one.

    Raises Fault `unauthenticated` for anything but a live key or session of this market.
    """
    given = headers.get(b"authorization")
    market_id = things.settings.market_id
    if given is None:
        return nobody(market_id)
    scheme, _, token = given.partition(b" ")
    if scheme.lower() == b"bearer" and token.isascii():
        caller = await things.callers.of_bearer(market_id, token.strip().decode(), now)
        if caller.actor is not None:
            return caller
    raise unauthenticated()


def admit(things: Things, operation: Operation, caller: Caller) -> None:
    """Go on only where the matrix allows it: 401 for nobody, 404 for a role that may not."""
    if things.matrix.may(caller, operation.action):
        return
    if caller.actor is None:
        raise unauthenticated()
    grant = things.matrix.grants[operation.action].get(caller.role, ".")
    if caller.role == "buyer" and grant == "fresh":
        raise Refused("fresh_proof_needed")
    raise Fault("not_found")


def act_of(caller: Caller, now: datetime, request_id: str) -> Act:
    """The frame in which the caller acts."""
    return Act(caller.market_id, caller.actor or VISITOR, now, request_id)


async def bearer_of(
    request: Request[object, object, State], things: Things, now: datetime
) -> Caller:
    """The caller of a request, for the routes of evidence files."""
    given = request.headers.get("authorization", "").encode("latin-1", "replace")
    return await caller_of(things, {b"authorization": given}, now)


def unauthenticated() -> Fault:
    """Nobody, where somebody must call."""
    return Fault("unauthenticated", headers=_CHALLENGE)


def need(call: Call, action: str) -> None:
    """Go on only where the caller may do this too, beside what the operation declares."""
    if not call.things.matrix.may(call.caller, action):
        raise Fault("not_found")
