"""Every route of signing in, the own account, the first run and the operator."""

from litestar.types import ControllerRouterHandler

from makegood.web.operator import (
    access,
    account,
    appeals,
    audits,
    bills,
    bundles,
    disputes,
    exports,
    gateways,
    home,
    places,
    privacy,
    record,
    setup,
    sign_in,
)
from makegood.web.operator.contracts import pages as contracts
from makegood.web.operator.money import routes as money
from makegood.web.operator.rulebook import routes as rules

ROUTES: list[ControllerRouterHandler] = [
    *sign_in.ROUTES,
    *account.ROUTES,
    *setup.ROUTES,
    *home.ROUTES,
    *gateways.ROUTES,
    *bills.ROUTES,
    *disputes.ROUTES,
    *access.ROUTES,
    *contracts.ROUTES,
    *appeals.ROUTES,
    *rules.ROUTES,
    *record.ROUTES,
    *places.ROUTES,
    *audits.ROUTES,
    *exports.ROUTES,
    *privacy.ROUTES,
    *bundles.ROUTES,
    *money.ROUTES,
]
