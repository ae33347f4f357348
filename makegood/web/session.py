"""Cookies to callers: who a request's sessions belong to."""

from datetime import datetime
from typing import Final

from litestar import Request
from litestar.datastructures import State

from makegood.people.caller import Caller
from makegood.web.things import Things

BUYER_COOKIE: Final = "mg_buyer"
STAFF_COOKIE: Final = "mg_staff"

AnyRequest = Request[object, object, State]


async def caller_of(request: AnyRequest, things: Things, now: datetime) -> Caller:
    """The caller of a request's cookies."""
    return await things.callers.of_sessions(
        things.settings.market_id,
        request.cookies.get(BUYER_COOKIE),
        request.cookies.get(STAFF_COOKIE),
        now,
    )


async def buyer_of(request: AnyRequest, things: Things, now: datetime) -> Caller:
    """The buyer of a request's cookies: portal pages see no staff session."""
    return await things.callers.of_sessions(
        things.settings.market_id, request.cookies.get(BUYER_COOKIE), None, now
    )
