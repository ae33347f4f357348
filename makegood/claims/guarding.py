"""After a false description a seller's money waits in escrow until nobody can claim any more."""

from typing import Final

from makegood.base.actor import Act
from makegood.claims.state import Claim
from makegood.people.markets.actions import hold_in_escrow, lift_escrow
from makegood.store.database import Connection

FALSELY_DESCRIBED: Final = frozenset(
    {
        "not_as_described",
        "false_description",
        "not_disclosed",
        "hidden_defect",
        "assets_missing",
        "fraud_seller",
    }
)
"""Findings that say the goods were not what the seller sold them as."""


async def guard_sales(tx: Connection, act: Act, claim: Claim) -> None:
    """Put the seller into escrow mode for such a finding; an appeal that takes it back lifts it."""
    decision, seller_id = claim.decision, claim.opened.seller_id
    if decision is None or not seller_id:
        return
    guilty = decision.finding in FALSELY_DESCRIBED and decision.shares.get("seller", 0) > 0
    if guilty:
        await hold_in_escrow(tx, act, seller_id, claim.claim_no)
    elif decision.number > 1:
        await lift_escrow(tx, act, seller_id, claim.claim_no)
