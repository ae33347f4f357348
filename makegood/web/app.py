"""The web application: routes of every audience on one ground."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from litestar import Litestar, Request
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader, State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.middleware.compression import CompressionMiddleware
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, ControllerRouterHandler, Message, Receive, Scope, Send

from makegood.web import assets, page
from makegood.web.api.mount import api_routes
from makegood.web.api.once import Once
from makegood.web.claim_files import files_of_buyers, files_of_pages
from makegood.web.errors import error_handlers
from makegood.web.file_routes import file_routes
from makegood.web.outside import pages as outside
from makegood.web.outside.passes import files_from_outside
from makegood.web.routes import all_routes
from makegood.web.security import check_origin, with_headers
from makegood.web.things import Things

STATIC_SECONDS = 365 * 24 * 3600
REQUEST_ID = re.compile(rb"[A-Za-z0-9-]{8,64}")
NUL, UNREADABLE = "\x00", "\ufffd"
MOST_NUMBER = 2**31


def create_app(things: Things, more_routes: Sequence[ControllerRouterHandler] = ()) -> Litestar:
    """The ASGI application of one install; `more_routes` are for tests."""
    state = State()
    state.kit = page.make_kit(lambda: state.things.desk.shelf.names())
    furnish(state, things)
    return Litestar(
        route_handlers=[
            *all_routes(),
            *file_routes(lambda request: request.app.state.files),
            *file_routes(lambda request: request.app.state.buyer_files, "/my"),
            *outside.ROUTES,
            *more_routes,
            *api_routes(state.kit.catalogue),
            static_files(),
        ],
        dependencies={
            "page": Provide(page.open_page),
            "things": Provide(_things, sync_to_thread=False),
        },
        exception_handlers=error_handlers(),
        before_request=_protect,
        middleware=[with_request_id, with_headers, with_findable],
        request_max_body_size=things.settings.body_limit,
        openapi_config=None,
        state=state,
        logging_config=None,
    )


def furnish(state: State, things: Things) -> None:
    """Let an application work with these things alone: routes are costly, things are not."""
    state.things = things
    state.files, state.buyer_files = files_of_pages(things), files_of_buyers(things)
    state.outside_files = files_from_outside(things)
    state.once, state.market = Once(), None


def static_files() -> ControllerRouterHandler:
    """Built scripts and styles. Their names carry a hash, so they are kept for a year.

    Only these are compressed: a page carries its form token, which compression could give away.
    """
    assets.DIST.mkdir(parents=True, exist_ok=True)
    return create_static_files_router(
        path="/static/dist",
        directories=[assets.DIST],
        cache_control=CacheControlHeader(max_age=STATIC_SECONDS, public=True, immutable=True),
        middleware=[
            DefineMiddleware(CompressionMiddleware, config=CompressionConfig(backend="gzip"))
        ],
        name="static",
    )


def with_request_id(app: ASGIApp) -> ASGIApp:
    """Middleware: every request has an id, given by a proxy or made here, and answers with it."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        request_id = _given_id(scope) or scope["litestar_app"].state.things.ids.uuid()
        scope["state"]["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                pair = (b"x-request-id", request_id.encode())
                message["headers"] = [*message.get("headers", []), pair]
            await send(message)

        await app(scope, receive, send_with_id)

    return wrapped


def with_findable(app: ASGIApp) -> ASGIApp:
    """Middleware: an address with what no column can hold asks for something there is not.

    NUL is read as the sign for what cannot be read, a number beyond four bytes as none. The API
    refuses both by itself.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith("/api/"):
            unreadable = quote(UNREADABLE).encode()
            scope["query_string"] = scope["query_string"].replace(b"%00", unreadable)
            scope["path"] = scope["path"].replace(NUL, UNREADABLE)
            wanted = {name: _findable(value) for name, value in scope["path_params"].items()}
            scope["path_params"] = wanted
        await app(scope, receive, send)

    return wrapped


def _findable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(NUL, UNREADABLE)
    return 0 if isinstance(value, int) and value >= MOST_NUMBER else value


def _given_id(scope: Scope) -> str:
    given = dict(scope["headers"]).get(b"x-request-id", b"")
    return given.decode() if REQUEST_ID.fullmatch(given) else ""


def _things(state: State) -> Things:
    things: Things = state.things
    return things


async def _protect(request: Request[Any, Any, State]) -> None:
    await check_origin(request, request.app.state.things.settings.secret)
