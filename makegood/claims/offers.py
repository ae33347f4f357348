"""A seller's offer of a coupon: its money is reserved while the buyer may take it, then freed."""

from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.claims.remedies import COUPON
from makegood.claims.state import Claim
from makegood.ledger.coupons.rules import Payer
from makegood.store.jobs import Job

FREE_JOB: Final = "claim.free_offers"


class FreeOffers(msgspec.Struct, frozen=True):
    """The payload of the job that frees what no offer of a claim needs any more."""

    claim_no: str


def own_coupons(claim: Claim) -> list[int]:
    """The seller's offers of a coupon by their numbers."""
    return [
        offer.made.number
        for offer in claim.offers
        if offer.made.by == "seller" and offer.made.remedy == COUPON
    ]


def reserved(claim: Claim) -> set[int]:
    """Those whose money must stay reserved: still open, or taken and about to be carried out."""
    keeps = {"open", "accepted"} if claim.state == "decided" else {"open"}
    standing = {offer.made.number for offer in claim.offers if offer.state in keeps}
    return standing & set(own_coupons(claim))


def payer_of(claim: Claim, number: int | None) -> Payer:
    """The seller, who pays for a coupon; with an offer's number out of what that one reserved."""
    key = "" if number is None else f"{claim.claim_no}/{number}"
    return Payer(claim.opened.seller_id, claim.opened.order_no, offer=key)


def taken(claim: Claim) -> int | None:
    """The seller's coupon that the buyer took; None where both agreed in another way."""
    found = (offer.made.number for offer in claim.offers if offer.state == "accepted")
    return next((number for number in found if number in own_coupons(claim)), None)


def freeing_jobs(act: Act, before: Claim, after: Claim) -> list[Job]:
    """A job where an offer ended: refused, countered, out of time, or the claim was withdrawn.

    Not within the step: the seller's accounts would be locked before those of a refund that
    the step may order, and two such steps could wait for each other.
    """
    if reserved(before) <= reserved(after):
        return []
    return [
        Job(
            kind=FREE_JOB,
            market_id=act.market_id,
            payload=FreeOffers(after.claim_no),
            run_at=act.now,
            subject=after.claim_no,
            request_id=act.request_id,
        )
    ]
