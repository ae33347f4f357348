"""A refund that the shop system made by itself counts against what was paid, like any other."""

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.base.money import Money
from makegood.ledger import accounts, recipes
from makegood.ledger.actions import balances, book_outside_refund, payment_legs
from makegood.ledger.recipes import PaymentLeg
from makegood.orders import rules
from makegood.orders.order import Order
from makegood.store.database import Connection


async def book_shop_refund(tx: Connection, act: Act, order: Order) -> None:
    """Book an order that its shop system calls refunded: all that can still go back, went back.

    What we refunded already is not counted twice, and what is on its way through us stays
    reserved. Only money that is still in the order's escrow can have gone back this way.
    """
    legs = await payment_legs(tx, act.market_id, order.order_no)
    for unit in rules.unit_values(order):
        for leg in legs:
            amount_minor = await _left_minor(tx, act, order, unit, leg)
            if amount_minor > 0:
                key = f"shop|{unit}|{leg.channel}|{leg.trade_no}"
                money = Money(amount_minor, order.total.currency)
                await book_outside_refund(tx, act, key, unit, leg, money)


async def _left_minor(
    tx: Connection, act: Act, order: Order, unit: UnitRef, leg: PaymentLeg
) -> int:
    codes = [
        accounts.refundable(unit),
        recipes.refundable_leg(order.order_no, leg),
        accounts.escrow(order.order_no),
    ]
    found = await balances(tx, act.market_id, codes, order.total.currency)
    return min(found[code].available_minor for code in codes)
