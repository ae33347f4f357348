"""Every route of the operator's money pages."""

from litestar.types import ControllerRouterHandler

from makegood.web.operator.money import (
    advances,
    approvals,
    channels,
    ledger,
    outside,
    outside_rules,
    reach,
    refunds,
    refusals,
    sellers,
    suppliers,
    terms,
)

ROUTES: list[ControllerRouterHandler] = [
    *approvals.ROUTES,
    *outside.ROUTES,
    *outside_rules.ROUTES,
    *ledger.ROUTES,
    *advances.ROUTES,
    *channels.ROUTES,
    *refunds.ROUTES,
    *refusals.ROUTES,
    *suppliers.ROUTES,
    *reach.ROUTES,
    *sellers.ROUTES,
    *terms.ROUTES,
]
