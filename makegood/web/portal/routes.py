"""Every route of the portal, under a page frame that knows buyers only."""

from litestar import Router
from litestar.di import Provide

from makegood.web.bundle.routes import PORTAL_ROUTES as BUNDLE_ROUTES
from makegood.web.portal import case, charged, claim, order, proof, repair, steps
from makegood.web.portal.door import open_portal_page
from makegood.web.receipts import PORTAL_ROUTES as RECEIPT_ROUTES

ROUTES = [
    Router(
        path="/",
        route_handlers=[
            *order.ROUTES,
            *proof.ROUTES,
            *claim.ROUTES,
            *case.ROUTES,
            *steps.ROUTES,
            *charged.ROUTES,
            *repair.ROUTES,
            *BUNDLE_ROUTES,
            *RECEIPT_ROUTES,
        ],
        dependencies={"page": Provide(open_portal_page)},
    )
]
