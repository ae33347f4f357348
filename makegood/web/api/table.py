"""Every operation of the API, resource by resource."""

from typing import Final

from makegood.web.api import claims, orders, proofs
from makegood.web.api.operation import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *orders.OPERATIONS,
    *proofs.OPERATIONS,
    *claims.OPERATIONS,
)
