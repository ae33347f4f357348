"""From the wish to refund a unit to one refund per payment leg, within what accounts allow."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from makegood.base.refusal import Refused
from makegood.ledger.recipes import (
    Funding,
    PaymentLeg,
    escrow,
    quota_accounts,
    refundable,
    refundable_leg,
)
from makegood.ledger.refund import funding
from makegood.ledger.refund.rules import Refund, RefundOrder, refund_no


def plan_refunds(
    market_id: str,
    now: datetime,
    order: RefundOrder,
    legs: Sequence[PaymentLeg],
    available: Callable[[str], int],
) -> list[Refund]:
    """One refund per payment leg, each with the accounts that give its money.

    `available` tells what may leave an account now, in minor units.

    Raises:
        Refused: `exceeds_paid` or `insufficient_funds`.
    """
    order_no = order.unit.order_no
    if available(refundable(order.unit)) < order.amount_minor:
        raise Refused("exceeds_paid")
    left = [available(refundable_leg(order_no, leg)) for leg in legs]
    sources = _sources(order, available)
    quota = funding.quota_parts(funding.advanced_minor(sources), order.claim_no, available)
    refunds = []
    for leg, amount_minor in funding.split_over_legs(order.amount_minor, legs, left):
        given, sources = funding.take_from(sources, amount_minor)
        used, quota = funding.take_from(quota, funding.advanced_minor(given))
        refunds.append(_new_refund(market_id, now, order, leg, amount_minor, given, used))
    return refunds


def _sources(order: RefundOrder, available: Callable[[str], int]) -> list[Funding]:
    """The accounts that give the money.

    Where the platform has no room left to advance a supplier's or channel's part, an order whose
    money is still in escrow is refunded out of that: the buyer does not wait for the platform,
    and the seller, who keeps the claim against the supplier, is paid for nothing.
    """
    sources = _funding(order, order.borne_by, available)
    advanced = funding.advanced_minor(sources)
    room = sum(available(account) for account in quota_accounts())
    if order.paid_by == "platform" or advanced <= room:
        return sources
    borne = {"seller": 0} | order.borne_by
    moved = sum(borne.pop(party, 0) for party in ("supplier", "channel"))
    return _funding(order, borne | {"seller": borne["seller"] + moved}, available)


def _funding(
    order: RefundOrder, borne_by: Mapping[str, int], available: Callable[[str], int]
) -> list[Funding]:
    return funding.funding(
        order.paid_by,
        borne_by,
        claim_no=order.claim_no,
        order_no=order.unit.order_no,
        seller_id=order.seller_id,
        escrow_minor=available(escrow(order.unit.order_no)),
    )


def _new_refund(
    market_id: str,
    now: datetime,
    order: RefundOrder,
    leg: PaymentLeg,
    amount_minor: int,
    sources: Sequence[Funding],
    quota: Sequence[Funding],
) -> Refund:
    return Refund(
        refund_no=refund_no(market_id, order.refund_key, leg),
        refund_key=order.refund_key,
        claim_no=order.claim_no,
        unit=order.unit,
        leg=leg,
        amount_minor=amount_minor,
        currency=order.currency,
        sources=tuple(sources),
        quota=tuple(quota),
        rule=order.rule,
        reason=order.reason,
        state="wanted",
        ordered_at=now,
        changed_at=now,
    )
