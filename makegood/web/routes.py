"""Every route of the site, audience by audience."""

from litestar.types import ControllerRouterHandler

from makegood.web import common, receipts, system
from makegood.web.bundle import routes as bundle
from makegood.web.desk import routes as desk
from makegood.web.operator import routes as operator
from makegood.web.portal import routes as portal
from makegood.web.public import audits as public_audits
from makegood.web.public import demo, library, policy, verify
from makegood.web.public import log_files as public_log
from makegood.web.public import log_policy as public_log_policy
from makegood.web.public import rows as public_rows
from makegood.web.public import rulebook as public_rules
from makegood.web.seller import routes as seller
from makegood.web.supplier import pages as supplier
from makegood.web.supplier import statement


def all_routes() -> list[ControllerRouterHandler]:
    """All page routes in the order a visitor meets them."""
    return [
        *common.ROUTES,
        *system.ROUTES,
        *portal.ROUTES,
        *desk.ROUTES,
        *seller.ROUTES,
        *supplier.ROUTES,
        *statement.ROUTES,
        *operator.ROUTES,
        *public_rules.ROUTES,
        *library.ROUTES,
        *policy.ROUTES,
        *bundle.ROUTES,
        *receipts.ROUTES,
        *verify.ROUTES,
        *demo.ROUTES,
        *public_log.ROUTES,
        *public_rows.ROUTES,
        *public_log_policy.ROUTES,
        *public_audits.ROUTES,
    ]
