"""One part that moved after a changed decision, as it is kept for statements and pages."""

from datetime import datetime

import msgspec

from makegood.ledger.corrections.rules import Bearer


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """So much of the refund `line` is the taker's instead of the giver's, and why.

    `appeal_no` counts the claim's appeals; 0 where it was decided again without one. The order
    of the fields is that of the stored columns.
    """

    correction_no: str
    claim_no: str
    decision_no: int
    appeal_no: int
    line: str
    giver: Bearer
    taker: Bearer
    seller_id: str
    supplier_id: str
    order_no: str
    sku: str
    finding: str
    rule: str
    given_up: bool
    """The giver's debt had been written off, so that no debt of its changes now."""
    amount_minor: int
    currency: str
    transfer_id: str
    made_at: datetime

    def signed_for(self, party: str) -> int:
        """What it adds to what a party owes or has to its credit; negative where it takes."""
        if party == self.taker:
            return self.amount_minor
        return -self.amount_minor if party == self.giver and not self.given_up else 0
