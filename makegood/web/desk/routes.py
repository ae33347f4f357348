"""Every route of the desk."""

from litestar.types import ControllerRouterHandler

from makegood.web.desk import appeals, claim, manual, questions, queue, rulings

ROUTES: list[ControllerRouterHandler] = [
    *queue.ROUTES,
    *claim.ROUTES,
    *rulings.ROUTES,
    *appeals.ROUTES,
    *manual.ROUTES,
    *questions.ROUTES,
]
