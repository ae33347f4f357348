"""Steps on a claim: POST below its number, answered with where the claim stands then."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Concatenate, Final, ParamSpec, TypeAlias

from makegood.base.actor import Act
from makegood.claims.desk import Desk
from makegood.claims.state import Claim
from makegood.store.database import Connection
from makegood.web.api.access import own_claim
from makegood.web.api.operation import Answer, Call, Operation, Run
from makegood.web.api.shapes import ClaimMoved, moved

P = ParamSpec("P")
ClaimAction: TypeAlias = Callable[Concatenate[Connection, Act, Desk, str, P], Awaitable[Claim]]
"""An action on one claim: transaction, act, desk and the claim's number come first."""

_MOVES: Final = ("claim_not_open", "not_your_turn")


async def stepped(call: Call, action: ClaimAction[P], *said: P.args, **named: P.kwargs) -> Answer:
    """Carry out one action on the caller's own claim with what the call said."""
    claim_no = await own_claim(call)
    claim = await action(call.conn, call.act, call.things.desk, claim_no, *said, **named)
    return Answer(body=moved(claim))


def step(
    name: str,
    path: str,
    action: str,
    summary: str,
    run: Run,
    body: type,
    example: object,
    *refusals: str,
    headers: Mapping[str, str] | None = None,
) -> Operation:
    """The operation behind a step; it may always be refused because it is nobody's turn."""
    return Operation(
        name=name,
        method="POST",
        path=f"/claims/{{claim_no}}/{path}",
        action=action,
        summary=summary,
        run=run,
        reads="json",
        body=body,
        answer=ClaimMoved,
        refusals=(*_MOVES, *refusals),
        headers=headers or {},
        example=example,
    )
