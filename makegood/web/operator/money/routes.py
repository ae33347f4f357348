"""Every route of the operator's money pages."""

from litestar.types import ControllerRouterHandler

from makegood.web.operator.money import approvals

ROUTES: list[ControllerRouterHandler] = [*approvals.ROUTES]
