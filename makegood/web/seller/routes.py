"""Every route of the seller's centre."""

from litestar.types import ControllerRouterHandler

from makegood.web.seller import claim, funds, home, letter

ROUTES: list[ControllerRouterHandler] = [
    *home.ROUTES,
    *claim.ROUTES,
    *letter.ROUTES,
    *funds.ROUTES,
]
