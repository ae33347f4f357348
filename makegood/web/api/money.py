"""Around the claim: stock for replacements, payouts to sellers, coupons."""

from typing import Final

import msgspec

from makegood.base.money import Money
from makegood.claims.payouts import Payout, payout_of, record_payout
from makegood.ledger.coupons.actions import redeem_coupon
from makegood.orders.stock.actions import add_stock
from makegood.orders.stock.rules import NewStock, StockAdded, StockCount
from makegood.orders.stock.store import count_stock
from makegood.web.api.faults import Fault
from makegood.web.api.operation import Answer, Call, Operation
from makegood.web.api.shapes import AmountMinor, Input, Nothing, Number


class StockShown(msgspec.Struct, frozen=True):
    """Stock by product and seller."""

    items: list[StockCount]
    next_cursor: str | None = None


class PayoutMade(Input, frozen=True, kw_only=True):
    """What the market pays out of an order; `fee_minor` of it is the market's own."""

    order_no: Number
    amount: Money
    fee_minor: AmountMinor = 0


class CouponUse(Input, frozen=True, kw_only=True):
    """The order that a coupon is used for; `amount`, where given, must be all of its value."""

    order_no: Number
    amount: Money | None = None


class CouponRedeemed(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon that this order has used up, with its value."""

    coupon_no: str
    order_no: str
    amount: Money
    claim_no: str


async def put_stock(call: Call) -> Answer:
    """Keep keys for replacements; a seller's key keeps the seller's own."""
    new = call.body_as(NewStock)
    if call.caller.role == "seller":
        if new.seller_id not in ("", call.act.actor.id):
            raise Fault("not_found")
        new = msgspec.structs.replace(new, seller_id=call.act.actor.id)
    market = await call.things.markets.get(call.act.market_id, call.act.now)
    blocked = market.settings.blocked_categories if market else ()
    added = await add_stock(call.conn, call.act, call.things.vault, blocked, new)
    return Answer(status=201, body=added)


async def read_stock(call: Call) -> Answer:
    """Stock of the market, or of the seller who asks."""
    seller_id = call.act.actor.id if call.caller.role == "seller" else None
    return Answer(body=StockShown(await count_stock(call.conn, call.act.market_id, seller_id)))


async def ask_payout(call: Call) -> Answer:
    """Whether a payout may be made, and what is held."""
    return Answer(body=await payout_of(call.conn, call.act, call.path["order_no"]))


async def make_payout(call: Call) -> Answer:
    """Record a payout."""
    made = call.body_as(PayoutMade)
    left = await record_payout(call.conn, call.act, made.order_no, made.amount, made.fee_minor)
    return Answer(status=201, body=left)


async def redeem(call: Call) -> Answer:
    """Use a coupon up for one order; the same order again is the same use."""
    use = call.body_as(CouponUse)
    vault, code = call.things.vault, call.path["code"]
    coupon = await redeem_coupon(call.conn, call.act, vault, code, use.order_no, use.amount)
    redeemed = CouponRedeemed(
        coupon_no=coupon.coupon_no,
        order_no=use.order_no,
        amount=coupon.money,
        claim_no=coupon.claim_no,
    )
    return Answer(body=redeemed)


OPERATIONS: Final = (
    Operation(
        name="addStock",
        method="POST",
        path="/stock",
        action="stock.add",
        summary="Keep keys for replacements; known keys are left out. Secrets are sealed.",
        run=put_stock,
        reads="json",
        body=NewStock,
        answer=StockAdded,
        status=201,
        refusals=("blocked_category",),
        example={"sku": "XH-100", "category": "game_card", "keys": ["AB-12-CD"]},
    ),
    Operation(
        name="readStock",
        method="GET",
        path="/stock",
        action="stock.read",
        summary="How many keys are free, reserved and used, by product and seller.",
        run=read_stock,
        uses="connection",
        answer=StockShown,
    ),
    Operation(
        name="askPayout",
        method="POST",
        path="/orders/{order_no}/payout",
        action="payout.ask",
        summary="What of an order may be paid out now, and what is held by which claim.",
        run=ask_payout,
        reads="json",
        uses="connection",
        body=Nothing,
        answer=Payout,
        example={},
    ),
    Operation(
        name="recordPayout",
        method="POST",
        path="/payouts",
        action="payout.record",
        summary="Record a payout: escrow to the seller's balance, the market's fee taken off.",
        run=make_payout,
        reads="json",
        body=PayoutMade,
        answer=Payout,
        status=201,
        refusals=(
            "amount_not_positive",
            "amount_too_large",
            "currency_unknown",
            "currency_wrong",
            "insufficient_funds",
            "payouts_paused",
        ),
        example={
            "order_no": "O-1001",
            "amount": {"amount_minor": 9800, "currency": "CNY"},
            "fee_minor": 300,
        },
    ),
    Operation(
        name="redeemCoupon",
        method="POST",
        path="/coupons/{code}/redemptions",
        action="coupon.redeem",
        summary="Use a coupon up for one order of the shop system, whole and exactly once.",
        run=redeem,
        reads="json",
        body=CouponUse,
        answer=CouponRedeemed,
        refusals=("coupon_used", "coupon_whole"),
        example={"order_no": "O-1002"},
    ),
)
