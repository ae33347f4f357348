"""Every route of the site, audience by audience."""

from litestar.types import ControllerRouterHandler

from makegood.web import common, system
from makegood.web.portal import routes as portal


def all_routes() -> list[ControllerRouterHandler]:
    """All page routes in the order a visitor meets them."""
    return [*common.ROUTES, *system.ROUTES, *portal.ROUTES]
