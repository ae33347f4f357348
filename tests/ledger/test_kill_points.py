"""A process may die at every single statement of a refund's life: not one cent may differ."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest

from makegood.base.ids import UnitRef
from makegood.base.money import Money
from makegood.ledger import actions as ledger
from makegood.ledger.advance.actions import put_into_fund
from makegood.ledger.audit import PENDING_AGE, audit
from makegood.ledger.audits.minute import audit_minute
from makegood.ledger.recipes import PaymentBooking
from makegood.ledger.refund import actions
from makegood.ledger.refund.actions import ManualProof
from makegood.ledger.refund.rules import RefundOrder
from makegood.store.database import Database
from tests.ledger.frail import Countdown, FrailDatabase, Killed, Teller, undone
from tests.ledger.model import Fate
from tests.ledger.process import Clock, Process, tell

MakeBooking = Callable[..., PaymentBooking]
WAYS: list[tuple[Fate, bool, str]] = [
    ("cut", True, "supplier"),
    ("before", True, "seller"),
    ("declined", True, "supplier"),
    ("cut", False, "seller"),
]
"""Fate of the first request, whether the gateway knows refund numbers, who bears it."""


@pytest.mark.parametrize(("fate", "stable", "bearer"), WAYS)
async def test_a_process_that_dies_at_any_statement_loses_and_doubles_nothing(
    db: Database,
    database_url: str,
    now: datetime,
    booking: MakeBooking,
    fate: Fate,
    stable: bool,
    bearer: str,
) -> None:
    clock, teller = Clock(now), Teller(stable=stable)
    whole = Process(db, clock, teller)
    async with db.transaction() as tx:
        await tx.execute("CREATE TABLE told (refund_no text, state text)")
        await ledger.grant_quota(tx, whole.act(), "q", Money(10_000_000))
        await put_into_fund(tx, whole.act(), "f", Money(10_000_000))
    frail = await FrailDatabase.open(database_url, max_size=2)
    for number in _until_nobody_dies(frail):
        wish = _wish(f"o{number}", bearer)
        async with db.transaction() as tx:
            await ledger.post_payment(tx, whole.act(), booking(f"o{number}"))
        teller.fate = fate
        try:
            dying = Process(frail, clock, teller)
            await dying.order(wish)
            await dying.work()
        except Killed:
            await undone(db)
        teller.fate = "done"
        await _carry_to_the_end(whole, wish)
        assert await _paid_by_both(db, teller, wish) in (0, wish.amount_minor)
    await frail.close()
    async with db.connection() as conn:
        assert await audit(conn, "m1", clock.now() + PENDING_AGE) == []
        assert await conn.fetchval("SELECT sum(debits_pending) FROM ledger_account") == 0
        assert await conn.fetchval(_TOLD_WRONG) == 0
    assert await audit_minute(db, clock.now()) == []


def _until_nobody_dies(frail: FrailDatabase) -> Iterator[int]:
    """1, 2, 3 …: the statement to die at, until a life is shorter than that."""
    for number in count(1):
        frail.countdown = Countdown(number)
        yield number
        if frail.countdown.passed < number:
            assert number > 15, "a refund's life has more statements than that"
            return


async def _carry_to_the_end(process: Process, wish: RefundOrder) -> None:
    """Another process does what is left; a person looks into the gateway's book in the end."""
    await process.order(wish)
    for _ in range(4):
        process.clock.time += timedelta(minutes=16)
        await process.work()
    async with process.desk.db.transaction() as tx:
        for refund in await actions.refunds_of_claim(tx, "m1", wish.claim_no):
            if refund.state == "manual":
                teller = process.desk.gateways("m1")["epay"]
                assert isinstance(teller, Teller)
                paid = refund.refund_no in teller.paid
                proof = ManualProof(
                    paid=paid, reference="book", file_sha256="00", person="a", confirmed_by="b"
                )
                outcome = await actions.confirm_manual(tx, process.act(), refund.refund_no, proof)
                await tell(tx, process.act(), outcome)


async def _paid_by_both(db: Database, teller: Teller, wish: RefundOrder) -> int:
    """What the gateway paid for the wish, which is what the ledger posted."""
    async with db.connection() as conn:
        [refund] = await actions.refunds_of_claim(conn, "m1", wish.claim_no)
        assert refund.state in ("arrived", "refused"), refund
        leg = f"refundable_leg:epay/T{wish.unit.order_no}"
        booked = await conn.fetchval(
            "SELECT debits_posted FROM ledger_account WHERE code = $1", leg
        )
    paid = teller.paid.get(refund.refund_no, 0)
    assert booked == paid
    return paid


def _wish(order_no: str, bearer: str) -> RefundOrder:
    return RefundOrder(
        refund_key=f"k-{order_no}",
        claim_no=f"C-{order_no}",
        unit=UnitRef(order_no, 1, 1),
        amount_minor=9800,
        borne_by={bearer: 9800},
        seller_id="s1",
        supplier_id="u1",
    )


_TOLD_WRONG = """
    SELECT count(*) FROM refund AS r
    WHERE (SELECT count(*) FROM told AS t
           WHERE t.refund_no = r.refund_no AND t.state = r.state) <> 1
"""
