"""A refund whose outcome is unknown: known within five minutes, or a person's with a time."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from makegood.base.ids import UnitRef
from makegood.ledger import actions as ledger
from makegood.ledger.recipes import PaymentBooking
from makegood.ledger.refund import actions
from makegood.ledger.refund.gateway import GatewayUnavailable, RefundReply, RefundRequest
from makegood.ledger.refund.rules import Refund, RefundOrder
from makegood.store.database import Database
from tests.ledger.frail import Teller
from tests.ledger.process import Clock, Process

MakeBooking = Callable[..., PaymentBooking]
STEP = timedelta(seconds=15)


class Sleeper(Teller):
    """A gateway that executes the request, loses the answer, and then is away for a while."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(stable=True)
        self._clock = clock
        self.back_at = clock.now()

    async def query_refund(self, request: RefundRequest) -> RefundReply:
        """No answer while it is away."""
        if self._clock.now() < self.back_at:
            raise GatewayUnavailable("away")
        return await super().query_refund(request)


@pytest.mark.parametrize("away_minutes", [1, 7, 29])
async def test_within_five_minutes_of_the_gateways_return_the_outcome_is_known(
    db: Database, now: datetime, booking: MakeBooking, away_minutes: int
) -> None:
    process, sleeper = await _lost(db, now, booking)
    sleeper.back_at = now + timedelta(minutes=away_minutes)
    await _until(process, sleeper.back_at)
    assert (await _refund(db)).state == "sent"
    await _until(process, sleeper.back_at + timedelta(minutes=5))
    assert (await _refund(db)).state == "arrived"
    assert sum(sleeper.paid.values()) == 9800


async def test_after_half_an_hour_a_person_has_it_with_a_promised_time_and_late_answers_count(
    db: Database, now: datetime, booking: MakeBooking
) -> None:
    process, sleeper = await _lost(db, now, booking)
    sleeper.back_at = now + timedelta(hours=3)
    await _until(process, now + timedelta(minutes=36))
    refund = await _refund(db)
    assert refund.state == "manual"
    assert refund.due_at is not None
    assert refund.due_at - now <= timedelta(hours=25)
    await _until(process, sleeper.back_at + timedelta(hours=1), step=timedelta(minutes=10))
    assert (await _refund(db)).state == "arrived"


async def _lost(db: Database, now: datetime, booking: MakeBooking) -> tuple[Process, Sleeper]:
    """One refund that the gateway executed without our hearing of it."""
    clock = Clock(now)
    sleeper = Sleeper(clock)
    sleeper.fate = "cut"
    sleeper.back_at = now + timedelta(days=1)
    process = Process(db, clock, sleeper)
    wish = RefundOrder(
        refund_key="k",
        claim_no="C",
        unit=UnitRef("o1", 1, 1),
        amount_minor=9800,
        borne_by={"seller": 9800},
    )
    async with db.transaction() as tx:
        await tx.execute("CREATE TABLE told (refund_no text, state text)")
        await ledger.post_payment(tx, process.act(), booking("o1"))
    await process.order(wish)
    await process.work()
    return process, sleeper


async def _until(process: Process, end: datetime, step: timedelta = STEP) -> None:
    """Let the worker work while the clock goes on."""
    while process.clock.time < end:
        process.clock.time = min(process.clock.time + step, end)
        await process.work()


async def _refund(db: Database) -> Refund:
    async with db.connection() as conn:
        [refund] = await actions.refunds_of_claim(conn, "m1", "C")
    return refund
