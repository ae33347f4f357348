"""A repair at a price: what is offered, and what the gateways say was paid for it."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from makegood.base.refusal import Refused
from makegood.claims import store
from makegood.ledger.recipes import PaymentLeg
from makegood.ledger.refund.gateway import GatewayUnavailable, PaymentGateway
from makegood.store.database import Connection


class RepairOffer(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer may pay for, in minor units, and until when."""

    claim_no: str
    price_minor: int
    currency: str
    until: datetime


async def repair_offer(conn: Connection, market_id: str, claim_no: str) -> RepairOffer | None:
    """The repair that waits to be paid; None where none is offered, or it is paid."""
    loaded = await store.load(conn, market_id, claim_no)
    if loaded is None or loaded.claim.repair is None or loaded.claim.repair_paid:
        return None
    repair = loaded.claim.repair
    return RepairOffer(
        claim_no=claim_no,
        price_minor=repair.price_minor,
        currency=loaded.claim.opened.currency,
        until=repair.deadline.at,
    )


async def find_payment(
    gateways: Mapping[str, PaymentGateway], offer: RepairOffer, trade_no: str = ""
) -> PaymentLeg | None:
    """The payment of a repair as its gateway states it: made, under the claim's number.

    Every gateway is asked, or the trade number is looked up where one is given. Nothing that the
    buyer says is believed; silence is not a payment.

    Raises:
        Refused: `gateway_silent` when none holds it and one of them could not be asked.
    """
    silent = False
    for channel, gateway in gateways.items():
        try:
            asked = {"trade_no": trade_no} if trade_no else {"order_no": offer.claim_no}
            captures = await gateway.query_payment(**asked)
        except GatewayUnavailable:
            silent = True
            continue
        for capture in captures:
            same = (capture.order_no, capture.state) == (offer.claim_no, "paid")
            if same and capture.currency == offer.currency:
                return PaymentLeg(
                    channel=channel, trade_no=capture.trade_no, amount_minor=capture.amount_minor
                )
    if silent:
        raise Refused("gateway_silent")
    return None
