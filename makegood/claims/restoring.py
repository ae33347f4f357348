"""After an appeal: what a seller was made to bear and does not bear any more goes back at once.

What a buyer received is never taken back; the market bears it then, and may recover it elsewhere.
"""

from collections.abc import Iterable
from typing import Final

from makegood.base.actor import Act
from makegood.base.ids import derived_id
from makegood.claims import events as e
from makegood.claims.carrying import borne_by
from makegood.claims.desk import Desk
from makegood.claims.saving import Held, append
from makegood.claims.state import Claim
from makegood.ledger import accounts
from makegood.ledger.actions import post
from makegood.ledger.refund.actions import refunds_of_claim
from makegood.ledger.refund.rules import Refund
from makegood.ledger.rules import Transfer
from makegood.store.database import Connection

RECIPE: Final = "restored"


async def restore_seller(tx: Connection, act: Act, desk: Desk, held: Held) -> Held:
    """Give the seller back what the standing decision no longer lays on the seller.

    To be called when an appeal has changed the decision, and when a refund of an earlier one
    arrives after that; without an earlier decision there is nothing to look at.
    """
    claim = held.claim
    if not claim.earlier:
        return held
    refunds = await refunds_of_claim(tx, act.market_id, claim.claim_no)
    amount = owed_back(claim, refunds)
    if amount == 0:
        return held
    posted = await post(tx, act, [_restored(claim, amount)])
    event = e.SellerRestored(amount_minor=amount, transfers=posted)
    return await append(tx, act, desk, held, [event])


def owed_back(claim: Claim, refunds: Iterable[Refund]) -> int:
    """What sellers gave for these refunds beyond their share of them now, in minor units."""
    if claim.decision is None:
        return 0
    arrived = [refund for refund in refunds if refund.state == "arrived"]
    earlier = [refund for refund in arrived if _number(refund) < claim.decision.number]
    given = sum(_from_seller(refund, claim.opened.seller_id) for refund in earlier)
    whole = sum(refund.amount_minor for refund in earlier)
    now = borne_by(claim.decision, whole).get("seller", 0)
    return max(0, given - claim.restored_minor - now)


def _from_seller(refund: Refund, seller_id: str) -> int:
    """What the seller paid of a refund: out of the order's escrow or the own balance."""
    own = {accounts.escrow(refund.unit.order_no), accounts.seller_balance(seller_id)}
    return sum(part.amount_minor for part in refund.sources if part.account in own)


def _number(refund: Refund) -> int:
    """Which decision of its claim ordered a refund."""
    return int(refund.refund_key.split("/")[1])


def _restored(claim: Claim, amount_minor: int) -> Transfer:
    assert claim.decision is not None, "a seller is restored by a decision"
    decision, opened = claim.decision, claim.opened
    return Transfer(
        id=derived_id(RECIPE, claim.claim_no, str(decision.number), str(claim.restored_minor)),
        debit=accounts.shared("compensation_cost", claim.claim_no),
        credit=accounts.seller_balance(opened.seller_id),
        amount_minor=amount_minor,
        currency=opened.currency,
        recipe=RECIPE,
        order_no=opened.order_no,
        claim_no=claim.claim_no,
        rule=f"{decision.rule_id}@{decision.rule_version}",
    )
