"""Every route of the rules' own pages."""

from litestar.types import ControllerRouterHandler

from makegood.web.operator.rulebook import backtests, changing, reading

ROUTES: list[ControllerRouterHandler] = [
    *reading.ROUTES,
    *changing.ROUTES,
    *backtests.ROUTES,
]
