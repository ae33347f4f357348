"""What ledger tests share: an act, payments, a market with room to advance money."""

from collections.abc import Callable
from datetime import datetime

import pytest

from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import UnitRef
from makegood.ledger.recipes import PaymentBooking, PaymentLeg


@pytest.fixture
def act(now: datetime) -> Act:
    return Act("m1", SYSTEM, now, "r1")


@pytest.fixture
def booking(now: datetime) -> Callable[..., PaymentBooking]:
    """A booking of one order with one unit and one online leg, unless told otherwise."""

    def make(
        order_no: str = "o1",
        *,
        due: dict[UnitRef, int] | None = None,
        legs: list[PaymentLeg] | None = None,
        price: int = 9800,
    ) -> PaymentBooking:
        return PaymentBooking(
            order_no=order_no,
            due_minor={UnitRef(order_no, 1, 1): price} if due is None else due,
            legs=legs or [PaymentLeg(channel="epay", trade_no=f"T{order_no}", amount_minor=price)],
            paid_at=now,
        )

    return make
