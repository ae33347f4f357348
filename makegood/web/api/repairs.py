"""Paid repair: the buyer's payment, asked back from its gateway, and the end of the work."""

from typing import Final

from makegood.base.refusal import Refused
from makegood.claims.repairs import RepairOffer, find_payment, repair_offer
from makegood.claims.system_actions import finish_repair, pay_repair
from makegood.ledger.recipes import PaymentLeg
from makegood.web.api.access import own_claim
from makegood.web.api.faults import Fault, input_fault
from makegood.web.api.operation import Answer, Call, Operation
from makegood.web.api.shapes import ClaimMoved, Code, Input, Nothing, Number, moved
from makegood.web.api.steps import stepped


class RepairPayment(Input, frozen=True, kw_only=True):
    """The payment that the shop system took under the claim's number."""

    gateway: Code
    trade_no: Number


async def pay(call: Call) -> Answer:
    """Believe the payment when its gateway says the same, and begin the repair."""
    told = call.body_as(RepairPayment)
    async with call.things.db.connection() as conn:
        call.connection = conn
        claim_no = await own_claim(call)
        offer = await repair_offer(call.conn, call.act.market_id, claim_no)
    if offer is None:
        raise Refused("claim_not_open", step="repair")
    leg = await _asked_back(call, offer, told)
    async with call.things.db.transaction() as tx:
        claim = await pay_repair(tx, call.act, call.things.desk, claim_no, leg)
    return Answer(body=moved(claim))


async def finish(call: Call) -> Answer:
    """The goods work again: what was paid is earned."""
    return await stepped(call, finish_repair)


async def _asked_back(call: Call, offer: RepairOffer, told: RepairPayment) -> PaymentLeg:
    """The payment as the gateway that was named states it."""
    gateway = call.things.gateways(call.act.market_id).get(told.gateway)
    if gateway is None:
        raise input_fault("gateway", "no account of this name")
    try:
        leg = await find_payment({told.gateway: gateway}, offer, told.trade_no)
    except Refused as silent:
        raise Fault("unavailable", headers={"retry-after": "5"}) from silent
    if leg is None:
        raise input_fault(
            "trade_no", "the gateway holds no such payment under the claim's number and currency"
        )
    return leg


OPERATIONS: Final = (
    Operation(
        name="payRepair",
        method="POST",
        path="/claims/{claim_no}/repair-payment",
        action="claim.pay_repair",
        summary="Tell the payment of a repair, made under the claim's number; it is asked back.",
        run=pay,
        reads="json",
        uses="nothing",
        body=RepairPayment,
        answer=ClaimMoved,
        refusals=("claim_not_open", "fresh_proof_needed", "not_paid"),
        example={"gateway": "epay", "trade_no": "T-2"},
    ),
    Operation(
        name="finishRepair",
        method="POST",
        path="/claims/{claim_no}/repair-completion",
        action="claim.finish_repair",
        summary="The goods work again: what was paid for the repair is earned.",
        run=finish,
        reads="json",
        body=Nothing,
        answer=ClaimMoved,
        refusals=("claim_not_open",),
        example={},
    ),
)
