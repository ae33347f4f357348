"""A buyer's month is what the book says, and nothing of another month."""

from collections.abc import Callable
from datetime import timedelta

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.base.money import Money
from makegood.ledger import actions as ledger
from makegood.ledger.coupons.actions import issue_coupon
from makegood.ledger.coupons.rules import NewCoupon
from makegood.ledger.figures import buyer_month
from makegood.ledger.recipes import PaymentBooking, PaymentLeg
from makegood.ledger.refund import actions
from makegood.ledger.refund.gateway import Arrived
from makegood.ledger.refund.rules import RefundOrder
from makegood.store.database import Database
from makegood.store.vault import Vault

MONTH = timedelta(days=30)


async def test_a_month_holds_what_was_paid_came_back_and_was_given(
    db: Database, act: Act, booking: Callable[..., PaymentBooking]
) -> None:
    online = PaymentLeg(channel="epay", trade_no="To1", amount_minor=9000)
    coupon = PaymentLeg(channel="spring", trade_no="", amount_minor=800, kind="coupon")
    wish = RefundOrder(
        refund_key="k",
        claim_no="C1",
        unit=UnitRef("o1", 1, 1),
        amount_minor=1000,
        borne_by={"seller": 1000},
    )
    async with db.transaction() as tx:
        await ledger.post_payment(tx, act, booking("o1", legs=[online, coupon]))
        await ledger.post_payment(tx, act, booking("o2"))
        [refund] = await actions.order_refund(tx, act, wish)
        await actions.claim_for_sending(tx, act, refund.refund_no)
        before = await buyer_month(tx, "m1", ["o1"], ["C1"], act.now, act.now + MONTH)
        assert (before.refunded_minor, before.spent_minor) == (0, 9800)
        await actions.finish(tx, act, refund.refund_no, Arrived())
        new = NewCoupon(claim_no="C1", cause="late", money=Money(300))
        await issue_coupon(tx, act, Vault.from_key(bytes(32)), new)
        month = await buyer_month(tx, "m1", ["o1"], ["C1"], act.now, act.now + MONTH)
        other = await buyer_month(tx, "m1", ["o1"], ["C1"], act.now + MONTH, act.now + 2 * MONTH)
    assert (month.orders, month.paid_minor, month.coupons_minor) == (1, 9800, 800)
    assert (month.spent_minor, month.compensation_minor) == (8800, 300)
    assert (other.orders, other.paid_minor, other.refunded_minor) == (0, 0, 0)
