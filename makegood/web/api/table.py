"""Every operation of the API, resource by resource."""

from typing import Final

from makegood.web.api import (
    batches,
    books,
    bundles,
    chargebacks,
    claims,
    evidence,
    letters,
    money,
    orders,
    policies,
    proofs,
    repairs,
    rulings,
    sides,
)
from makegood.web.api.operation import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *orders.OPERATIONS,
    *proofs.OPERATIONS,
    *claims.OPERATIONS,
    *batches.OPERATIONS,
    *sides.OPERATIONS,
    *evidence.OPERATIONS,
    *bundles.OPERATIONS,
    *letters.OPERATIONS,
    *repairs.OPERATIONS,
    *rulings.OPERATIONS,
    *money.OPERATIONS,
    *books.OPERATIONS,
    *chargebacks.OPERATIONS,
    *policies.OPERATIONS,
)
