"""Chargebacks: a payment channel's dispute of an order, as the shop system tells it."""

from datetime import datetime
from typing import Final, Literal

import msgspec

from makegood.base.money import Money
from makegood.claims.chargebacks import note_dispute
from makegood.ledger.disputes.rules import StoredDispute
from makegood.ledger.refund.gateway import Dispute
from makegood.web.api.operation import Answer, Call, Operation
from makegood.web.api.shapes import Input, Number


class ChargebackTold(Input, frozen=True, kw_only=True):
    """A dispute, or what became of one that was told before under the same reference."""

    channel: Number
    dispute_ref: Number
    order_no: Number
    amount: Money
    trade_no: str = ""
    kind: Literal["chargeback", "complaint"] = "chargeback"
    state: Literal["needs_response", "under_review", "won", "lost", "withdrawn"] = "needs_response"
    reason: str = ""
    opened_at: datetime | None = None
    due_at: datetime | None = None


class ChargebackTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Where the dispute stands with us; `after` is what had gone back of the payment before."""

    dispute_ref: str
    claim_no: str
    state: str
    amount: Money
    after: Money


async def put_chargeback(call: Call) -> Answer:
    """Join the dispute to its claim, or open one."""
    told = call.body_as(ChargebackTold)
    dispute = Dispute(
        dispute_ref=told.dispute_ref,
        trade_no=told.trade_no,
        order_no=told.order_no,
        amount_minor=told.amount.amount_minor,
        currency=told.amount.currency,
        kind=told.kind,
        state=told.state,
        reason=told.reason[:200],
        opened_at=told.opened_at,
        due_at=told.due_at,
    )
    taken = await note_dispute(call.conn, call.act, call.things.desk, told.channel, dispute, "shop")
    return Answer(body=_shown(taken))


def _shown(taken: StoredDispute) -> ChargebackTaken:
    return ChargebackTaken(
        dispute_ref=taken.dispute_ref,
        claim_no=taken.claim_no,
        state=taken.state,
        amount=Money(taken.amount_minor, taken.currency),
        after=Money(taken.after_minor, taken.currency),
    )


OPERATIONS: Final = (
    Operation(
        name="putChargeback",
        method="POST",
        path="/chargebacks",
        action="chargeback.put",
        summary="A channel's dispute of an order: joins its claim or opens one; the unit is held.",
        run=put_chargeback,
        reads="json",
        body=ChargebackTold,
        answer=ChargebackTaken,
        refusals=("amount_not_positive", "exceeds_paid"),
        example={
            "channel": "stripe",
            "dispute_ref": "dp_1",
            "order_no": "O-1001",
            "amount": {"amount_minor": 9800, "currency": "CNY"},
            "reason": "product_not_received",
        },
    ),
)
