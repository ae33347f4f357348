"""The audits: exact about what moved, blind to nothing; what they find stops payouts."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from makegood.base.actor import Act, Actor
from makegood.base.ids import UnitRef
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger import actions as ledger
from makegood.ledger.advance.actions import put_into_fund
from makegood.ledger.audit import audit
from makegood.ledger.audits import minute
from makegood.ledger.audits.difference import Difference
from makegood.ledger.audits.pause import all_pauses, open_pauses, resume_payouts
from makegood.ledger.coupons.actions import issue_coupon
from makegood.ledger.coupons.rules import NewCoupon
from makegood.ledger.recipes import PaymentBooking
from makegood.ledger.refund import actions
from makegood.ledger.refund.actions import RefundOutcome
from makegood.ledger.refund.gateway import Arrived
from makegood.ledger.refund.rules import Refund, RefundOrder
from makegood.store.database import Database
from makegood.store.vault import Vault

MakeBooking = Callable[..., PaymentBooking]
OPERATOR = Actor("operator", "op-1")


async def look(db: Database, act: Act) -> list[Difference]:
    found = await minute.audit_minute(db, act.now)
    assert found is not None
    return found


async def pay(db: Database, act: Act, booking: PaymentBooking) -> None:
    async with db.transaction() as tx:
        await ledger.post_payment(tx, act, booking)


async def order(db: Database, act: Act, number: int = 1) -> Refund:
    wish = RefundOrder(
        refund_key=f"k{number}",
        claim_no=f"C{number}",
        unit=UnitRef(f"o{number}", 1, 1),
        amount_minor=9800,
        borne_by={"seller": 9800},
    )
    async with db.transaction() as tx:
        [refund] = await actions.order_refund(tx, act, wish)
    return refund


async def arrive(db: Database, act: Act, refund: Refund) -> None:
    async with db.transaction() as tx:
        assert isinstance(await actions.claim_for_sending(tx, act, refund.refund_no), Refund)
    async with db.transaction() as tx:
        await actions.finish(tx, act, refund.refund_no, Arrived())


async def test_a_book_that_is_only_used_never_differs(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    assert await look(db, act) == []
    for number in range(1, 5):
        await pay(db, act, booking(f"o{number}"))
        refund = await order(db, act, number)
        assert await look(db, act) == []
        if number % 2:
            await arrive(db, act, refund)
            assert await look(db, act) == []
    async with db.connection() as conn:
        assert await audit(conn, "m1", act.now) == []
        assert await open_pauses(conn, "m1") == []


async def test_what_commits_late_is_not_skipped_and_not_counted_twice(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    """The audit runs while another transaction has posted and not yet committed."""
    await pay(db, act, booking("o1"))
    async with db.transaction() as slow:
        await ledger.post_payment(slow, act, booking("o2"))
        await pay(db, act, booking("o3"))
        assert await look(db, act) == []
    assert await look(db, act) == []
    async with db.connection() as conn:
        seen = await conn.fetchval(
            "SELECT credits_posted FROM ledger_audited WHERE code = 'escrow:o2'"
        )
    assert seen == 9800


async def test_audits_beside_writers_find_nothing(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    async def write(first: int) -> None:
        for number in range(first, first + 12):
            await pay(db, act, booking(f"o{number}"))
            await arrive(db, act, await order(db, act, number))

    writers = [asyncio.create_task(write(100 * one)) for one in range(1, 6)]
    while not all(writer.done() for writer in writers):
        assert not await minute.audit_minute(db, act.now)
        await asyncio.sleep(0.01)
    await asyncio.gather(*writers)
    assert await look(db, act) == []


GROW = "UPDATE ledger_account SET {0} = {0} + 5 WHERE code = '{1}'"
INSERT = """
    INSERT INTO transfer (market_id, id, kind, debit, credit, amount_minor, currency, recipe,
                          order_no, claim_no, rule, posted_at)
    VALUES ('m1', gen_random_uuid(), 'single', 'bank:0', 'escrow:o1', 5, 'CNY', 'x', '', '', '',
            now())
"""


@pytest.mark.parametrize(
    ("tampering", "checks"),
    [
        (GROW.format("credits_posted", "escrow:o1"), {"cached balance"}),
        (GROW.format("credits_pending", "guarantee_fund:1"), {"cached balance"}),
        (INSERT, {"cached balance", "transfers and event"}),
        ("DELETE FROM ledger_account WHERE code = 'escrow:o1'", {"cached balance"}),
        ("UPDATE refund SET state = 'arrived'", {"refund not booked", "refunds on their way"}),
        ("DELETE FROM refund", {"refunds on their way"}),
        ("UPDATE advance SET recovered_minor = 5", {"debts", "advances and quota"}),
        ("UPDATE coupon SET state = 'expired'", {"coupons"}),
    ],
)
async def test_what_somebody_changed_by_hand_is_found_within_a_minute_and_pauses_payouts(
    db: Database, act: Act, booking: MakeBooking, tampering: str, checks: set[str]
) -> None:
    await pay(db, act, booking("o1"))
    await pay(db, act, booking("o2"))
    await order(db, act, 2)
    await _owe(db, act, booking("o3"))
    assert await look(db, act) == []
    async with db.transaction() as tx:
        await tx.execute(tampering)
    assert {one.check for one in await look(db, act)} == checks
    async with db.connection() as conn:
        assert {pause.found for pause in await open_pauses(conn, "m1")} == checks


async def test_a_refund_waits_while_payouts_are_paused_and_says_until_when(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    await pay(db, act, booking("o1"))
    refund = await order(db, act)
    await _break(db, act)
    told = []
    for minutes in (1, 2):
        later = msgspec.structs.replace(act, now=act.now + timedelta(minutes=minutes))
        async with db.transaction() as tx:
            told.append(await actions.claim_for_sending(tx, later, refund.refund_no))
    assert isinstance(told[0], RefundOutcome)
    assert (told[0].state, told[0].changed) == ("wanted", True)
    assert told[0].due_at == act.now + timedelta(minutes=1, days=1)
    assert told[1] is None, "the promise is made once"
    async with db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM job WHERE kind = 'refund.send'") == 3


async def test_a_settlement_is_refused_while_payouts_are_paused(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    await pay(db, act, booking("o1"))
    await _break(db, act)
    async with db.transaction() as tx:
        with pytest.raises(Refused, match="payouts_paused"):
            await ledger.settle_order(tx, act, "o1", "s1", Money(9800))


async def test_only_a_person_with_a_reason_lets_payouts_go_on_and_that_is_recorded(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    await pay(db, act, booking("o1"))
    refund = await order(db, act)
    await _break(db, act)
    person = msgspec.structs.replace(act, actor=OPERATOR)
    async with db.transaction() as tx:
        with pytest.raises(Refused, match="person_needed"):
            await resume_payouts(tx, act, "CNY", "because")
        with pytest.raises(Refused, match="reason_needed"):
            await resume_payouts(tx, person, "CNY", "  ")
        assert await resume_payouts(tx, person, "CNY", "a test row, put right") == 1
        [pause] = await all_pauses(tx, "m1")
        assert (pause.resumed_by, pause.reason) == ("op-1", "a test row, put right")
        assert isinstance(await actions.claim_for_sending(tx, act, refund.refund_no), Refund)


async def test_a_difference_that_stays_is_one_pause_with_its_first_time(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    await pay(db, act, booking("o1"))
    await _break(db, act)
    later = msgspec.structs.replace(act, now=act.now + timedelta(minutes=1))
    await look(db, later)
    async with db.connection() as conn:
        [pause] = await open_pauses(conn, "m1")
    assert (pause.account, pause.amount_minor) == ("escrow:o1", -5)
    assert (pause.since, pause.last_at, pause.times) == (act.now, later.now, 2)


async def test_one_process_audits_at_a_time(db: Database, act: Act) -> None:
    async with db.transaction() as tx:
        await tx.execute("SELECT FROM ledger_audit_state FOR UPDATE")
        assert await minute.audit_minute(db, act.now) is None


async def _break(db: Database, act: Act) -> None:
    async with db.transaction() as tx:
        await tx.execute(GROW.format("credits_posted", "escrow:o1"))
    [found] = await look(db, act)
    assert (found.check, found.where) == ("cached balance", "escrow:o1")


async def _owe(db: Database, act: Act, booking: PaymentBooking) -> None:
    """A debt with its quota, and a coupon that may still be used."""
    await pay(db, act, booking)
    wish = RefundOrder(
        refund_key="k3",
        claim_no="C3",
        unit=UnitRef("o3", 1, 1),
        amount_minor=9800,
        borne_by={"supplier": 9800},
        supplier_id="u1",
    )
    async with db.transaction() as tx:
        await ledger.grant_quota(tx, act, "q", Money(10_000))
        await put_into_fund(tx, act, "f", Money(10_000))
        [refund] = await actions.order_refund(tx, act, wish)
        new = NewCoupon(claim_no="C3", cause="late", money=Money(300))
        await issue_coupon(tx, act, Vault.from_key(bytes(32)), new)
    await arrive(db, act, refund)
