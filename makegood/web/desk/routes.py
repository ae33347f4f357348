"""Every route of the desk."""

from litestar.types import ControllerRouterHandler

from makegood.web.desk import (
    appeals,
    batch,
    claim,
    letter,
    library,
    manual,
    questions,
    queue,
    rulings,
)

ROUTES: list[ControllerRouterHandler] = [
    *queue.ROUTES,
    *claim.ROUTES,
    *rulings.ROUTES,
    *appeals.ROUTES,
    *manual.ROUTES,
    *letter.ROUTES,
    *library.ROUTES,
    *questions.ROUTES,
    *batch.ROUTES,
]
