"""Where the API hangs in the site: one application under `/api/v1`, one under `/hooks`."""

from typing import cast

from litestar import asgi
from litestar.types import ControllerRouterHandler, HTTPScope, Receive, Scope, Send

from makegood.web.api.dispatch import BASE, Api
from makegood.web.api.hooks import HOOKS, HOOKS_BASE
from makegood.web.api.pages import description_operations
from makegood.web.api.table import OPERATIONS
from makegood.web.words import Catalogue


def api_routes(catalogue: Catalogue) -> list[ControllerRouterHandler]:
    """The routes of the API."""
    pages = description_operations(OPERATIONS, catalogue, BASE)
    api = Api(catalogue, (*OPERATIONS, *pages))

    @asgi(BASE, is_mount=True, copy_scope=False, name="api")
    async def under_base(scope: Scope, receive: Receive, send: Send) -> None:
        await api(cast(HTTPScope, scope), receive, send)

    hooks = Api(catalogue, HOOKS, HOOKS_BASE)

    @asgi(HOOKS_BASE, is_mount=True, copy_scope=False, name="hooks")
    async def under_hooks(scope: Scope, receive: Receive, send: Send) -> None:
        await hooks(cast(HTTPScope, scope), receive, send)

    return [under_base, under_hooks]
