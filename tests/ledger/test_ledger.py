"""The ledger on PostgreSQL: once per id, all or nothing, never below zero, always audited."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger import accounts, actions, posting, rules
from makegood.ledger.audit import audit
from makegood.ledger.recipes import PaymentBooking, PaymentLeg
from makegood.ledger.rules import Transfer
from makegood.store.database import Database

MakeBooking = Callable[..., PaymentBooking]
UNIT = UnitRef("o1", 1, 1)


def move(number: str, minor: int, **more: object) -> Transfer:
    plain = Transfer(
        id=f"00000000-0000-8000-8000-{number:0>12}",
        debit="bank",
        credit="seller_deposit:s1",
        amount_minor=minor,
        recipe="test",
    )
    return msgspec.structs.replace(plain, **more)


async def post(db: Database, act: Act, *transfers: Transfer) -> list[str]:
    async with db.transaction() as tx:
        return await posting.post(tx, act, transfers)


async def posted(db: Database, code: str) -> int:
    async with db.connection() as conn:
        return (await actions.balances(conn, "m1", [code]))[code].posted_minor


async def available(db: Database, code: str) -> int:
    async with db.connection() as conn:
        return (await actions.balances(conn, "m1", [code]))[code].available_minor


async def test_a_transfer_told_twice_is_posted_once(db: Database, act: Act) -> None:
    assert len(await post(db, act, move("1", 500))) == 1
    assert await post(db, act, move("1", 500)) == []
    assert await posted(db, "seller_deposit:s1") == 500


async def test_a_known_id_with_other_content_is_our_bug(db: Database, act: Act) -> None:
    await post(db, act, move("1", 500))
    with pytest.raises(AssertionError, match="two movements"):
        await post(db, act, move("1", 501))
    assert await posted(db, "seller_deposit:s1") == 500


async def test_a_linked_set_is_posted_whole_or_not_at_all(db: Database, act: Act) -> None:
    out = move("2", 501, debit="seller_deposit:s1", credit="bank")
    with pytest.raises(Refused) as refusal:
        await post(db, act, move("1", 500), out)
    assert refusal.value.code == "insufficient_funds"
    assert await posted(db, "bank") == 0


async def test_a_refusal_leaves_the_callers_transaction_usable(db: Database, act: Act) -> None:
    async with db.transaction() as tx:
        with pytest.raises(Refused):
            await posting.post(tx, act, [move("1", 5, debit="escrow:x", credit="bank")])
        await posting.post(tx, act, [move("2", 7)])
    assert await posted(db, "seller_deposit:s1") == 7


async def test_pending_money_counts_against_the_limit_until_it_is_voided(
    db: Database, act: Act
) -> None:
    await post(db, act, move("1", 500))
    hold = move("2", 500, debit="seller_deposit:s1", credit="bank", kind="pending")
    await post(db, act, hold)
    with pytest.raises(Refused):
        await post(db, act, move("3", 1, debit="seller_deposit:s1", credit="bank"))
    await post(db, act, rules.resolve(hold, "void"))
    assert await available(db, "seller_deposit:s1") == 500


async def test_a_post_takes_all_that_was_pending_or_is_our_bug(db: Database, act: Act) -> None:
    await post(db, act, move("1", 500))
    hold = move("2", 400, debit="seller_deposit:s1", credit="bank", kind="pending")
    await post(db, act, hold)
    part = msgspec.structs.replace(rules.resolve(hold, "post"), amount_minor=150)
    with pytest.raises(AssertionError, match="does not fit"):
        await post(db, act, part)
    assert await available(db, "seller_deposit:s1") == 100


async def test_a_pending_transfer_is_resolved_once(db: Database, act: Act) -> None:
    hold = move("1", 400, kind="pending")
    await post(db, act, hold, rules.resolve(hold, "post"))
    with pytest.raises(AssertionError):
        await post(db, act, rules.resolve(hold, "void"))
    other = msgspec.structs.replace(rules.resolve(hold, "post"), id=move("9", 1).id)
    with pytest.raises(AssertionError):
        await post(db, act, other)
    assert await posted(db, "seller_deposit:s1") == 400


async def test_the_database_itself_refuses_an_overdraft_and_a_changed_transfer(
    db: Database, act: Act
) -> None:
    await post(db, act, move("1", 500))
    with pytest.raises(asyncpg.CheckViolationError, match="account_is_sound"):
        async with db.transaction() as tx:
            await tx.execute("UPDATE ledger_account SET debits_posted = credits_posted + 1")
    for statement in ("UPDATE transfer SET amount_minor = 1", "DELETE FROM transfer"):
        with pytest.raises(asyncpg.RaiseError, match="never changed"):
            async with db.transaction() as tx:
                await tx.execute(statement)


async def test_currencies_are_ledgers_of_their_own(db: Database, act: Act) -> None:
    await post(db, act, move("1", 500))
    out = move("2", 500, debit="seller_deposit:s1", credit="bank", currency="USD")
    with pytest.raises(Refused):
        await post(db, act, out)


async def test_a_payment_fills_escrow_and_what_may_be_refunded(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    async with db.transaction() as tx:
        await actions.post_payment(tx, act, booking())
    assert await posted(db, "escrow:o1") == 9800
    assert await posted(db, "refundable:o1/1/1") == 9800
    assert await posted(db, "refundable_leg:epay/To1") == 9800
    assert await posted(db, accounts.clearing("epay", "o1", act.now)) == 9800


async def test_a_payment_told_a_hundred_times_at_once_is_booked_once(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    async def tell() -> None:
        async with db.transaction() as tx:
            await actions.post_payment(tx, act, booking())

    await asyncio.gather(*(tell() for _ in range(100)))
    assert await posted(db, "escrow:o1") == 9800


async def test_a_mixed_payment_fills_the_units_in_turn_and_the_rest_is_the_payments(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    due = {UnitRef("o1", 1, 1): 3000, UnitRef("o1", 1, 2): 3000}
    online = PaymentLeg(channel="epay", trade_no="T1", amount_minor=4000)
    coupon = PaymentLeg(channel="spring", trade_no="", amount_minor=2000, kind="coupon")
    again = PaymentLeg(channel="epay", trade_no="T2", amount_minor=6000)
    async with db.transaction() as tx:
        await actions.post_payment(tx, act, booking(due=due, legs=[online]))
        assert await actions.refundable_minor(tx, "m1", UnitRef("o1", 1, 2)) == 1000
        await actions.post_payment(tx, act, booking(due=due, legs=[online, coupon]))
        await actions.post_payment(tx, act, booking(due=due, legs=[online, coupon, again]))
        found = [await actions.refundable_minor(tx, "m1", unit) for unit in sorted(due)]
        assert found == [3000, 3000]
        assert await actions.refundable_minor(tx, "m1", accounts.payment_unit("o1")) == 6000


async def test_a_batch_books_what_it_can_and_names_what_contradicts(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    async with db.transaction() as tx:
        await actions.post_payment(tx, act, booking("o1"))
        stolen = PaymentLeg(channel="epay", trade_no="To1", amount_minor=9800)
        changed = PaymentLeg(channel="epay", trade_no="To1", amount_minor=9801)
        batch = [
            booking("o2", legs=[stolen]),
            booking("o1", legs=[changed]),
            booking("o3"),
            booking("o3"),
        ]
        conflicts = await actions.post_payments(tx, act, batch)
    assert [conflict.told.order_no for conflict in conflicts] == ["o1", "o2"]
    assert [await posted(db, f"escrow:o{number}") for number in (1, 2, 3)] == [9800, 0, 9800]


async def test_the_same_trade_for_two_orders_of_one_batch_is_booked_for_one(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    leg = PaymentLeg(channel="epay", trade_no="T", amount_minor=9800)
    async with db.transaction() as tx:
        batch = [booking("o1", legs=[leg]), booking("o2", legs=[leg])]
        conflicts = await actions.post_payments(tx, act, batch)
    assert len(conflicts) == 1
    assert await posted(db, "escrow:o1") + await posted(db, "escrow:o2") == 9800


async def test_a_batch_too_large_for_one_event_is_booked_in_several_sets(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    async with db.transaction() as tx:
        await actions.post_payments(tx, act, [booking(f"o{number}") for number in range(700)])
    async with db.connection() as conn:
        sets = await conn.fetchval("select count(*) from event where stream like 'ledger/%'")
        assert sets > 1
        assert await audit(conn, "m1", act.now) == []


async def test_a_large_batch_with_a_known_order_in_it_is_booked_once(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    async with db.transaction() as tx:
        await actions.post_payment(tx, act, booking("o7"))
        conflicts = await actions.post_payments(
            tx, act, [booking(f"o{number}") for number in range(300)]
        )
    assert conflicts == []
    async with db.connection() as conn:
        found = await actions.balances(conn, "m1", [f"escrow:o{number}" for number in range(300)])
        assert {balance.posted_minor for balance in found.values()} == {9800}
        assert await audit(conn, "m1", act.now) == []


async def test_a_live_replacement_leaves_nothing_to_refund_until_it_is_gone(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    money = Money(9800)
    async with db.transaction() as tx:
        await actions.post_payment(tx, act, booking())
        await actions.hold_replacement(tx, act, "h1", UNIT, money, "C1")
        await actions.hold_replacement(tx, act, "h1", UNIT, money, "C1")
        with pytest.raises(Refused, match="exceeds_paid"):
            await actions.hold_replacement(tx, act, "h2", UNIT, money, "C1")
        await actions.keep_replacement(tx, act, "h1")
        with pytest.raises(Refused, match="exceeds_paid"):
            await actions.hold_replacement(tx, act, "h2", UNIT, money, "C1")
        await actions.withdraw_replacement(tx, act, "h1")
        await actions.withdraw_replacement(tx, act, "h1")
        await actions.hold_replacement(tx, act, "h2", UNIT, money, "C1")
        await actions.release_replacement(tx, act, "h2")
        assert await actions.refundable_minor(tx, "m1", UNIT) == 9800


async def test_settlement_pays_the_seller_and_the_market_and_never_more_than_escrow(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    async with db.transaction() as tx:
        await actions.post_payment(tx, act, booking())
        await actions.settle_order(tx, act, "o1", "s1", Money(9800), fee_minor=300)
        with pytest.raises(Refused, match="insufficient_funds"):
            await actions.settle_order(tx, act, "o1", "s1", Money(1))
    async with db.connection() as conn:
        fees = (await actions.totals(conn, "m1", ["fee_income"]))["fee_income"].posted_minor
    assert (await posted(db, "seller_balance:s1"), fees) == (9500, 300)


async def test_two_settlements_of_one_order_each_take_their_fee(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    async with db.transaction() as tx:
        await actions.post_payment(tx, act, booking())
        await actions.settle_order(tx, act, "o1", "s1", Money(5000), fee_minor=150)
        await actions.settle_order(tx, act, "o1", "s1", Money(4800), fee_minor=140)
    async with db.connection() as conn:
        fees = (await actions.totals(conn, "m1", ["fee_income"]))["fee_income"].posted_minor
    assert fees == 290


async def test_a_paid_repair_is_paid_in_like_an_order_and_earned_when_done(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    async with db.transaction() as tx:
        await actions.post_payment(tx, act, booking("repair:C1", price=500))
        for _ in range(2):
            await actions.finish_repair(tx, act, "C1", "repair:C1", Money(500))
    earned = await posted(db, accounts.shared("repair_income", "C1"))
    assert (await posted(db, "escrow:repair:C1"), earned) == (0, 500)


async def test_an_outside_refund_counts_against_the_payment(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    leg = PaymentLeg(channel="epay", trade_no="To1", amount_minor=9800)
    async with db.transaction() as tx:
        await actions.post_payment(tx, act, booking())
        await actions.book_outside_refund(tx, act, "cb-1", UNIT, leg, Money(9000))
        tomorrow = msgspec.structs.replace(act, now=act.now + timedelta(days=1))
        await actions.book_outside_refund(tx, tomorrow, "cb-1", UNIT, leg, Money(9000))
        with pytest.raises(Refused, match="exceeds_paid"):
            await actions.book_outside_refund(tx, act, "cb-2", UNIT, leg, Money(801))


async def test_hot_accounts_under_many_writers_lose_nothing(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    async def pay(number: int) -> None:
        async with db.transaction() as tx:
            await actions.post_payment(tx, act, booking(f"o{number}"))

    await asyncio.gather(*(pay(number) for number in range(200)))
    async with db.connection() as conn:
        day = accounts.day_of(act.now)
        assert await actions.clearing_of_day(conn, "m1", "epay", day) == (200 * 9800, 0)
        assert await audit(conn, "m1", act.now) == []


GROW = "UPDATE ledger_account SET {0} = {0} + 1 WHERE code = '{1}'"
INSERT = """
    INSERT INTO transfer (market_id, id, kind, debit, credit, amount_minor, currency, recipe,
                          order_no, claim_no, rule, posted_at)
    VALUES ('m1', gen_random_uuid(), 'single', 'bank', 'escrow:o1', 5, 'CNY', 'x', '', '', '',
            now())
"""


@pytest.mark.parametrize(
    ("tampering", "check"),
    [
        (GROW.format("credits_posted", "escrow:o1"), "cached balance"),
        (GROW.format("credits_posted", "escrow:o1"), "debit = credit"),
        (INSERT, "cached balance"),
        (INSERT, "transfers and event"),
    ],
)
async def test_the_audit_finds_what_somebody_changed_by_hand(
    db: Database, act: Act, booking: MakeBooking, tampering: str, check: str
) -> None:
    async with db.transaction() as tx:
        await actions.post_payment(tx, act, booking())
    async with db.transaction() as tx:
        assert await audit(tx, "m1", act.now) == []
        await tx.execute(tampering)
        assert check in {difference.check for difference in await audit(tx, "m1", act.now)}


async def test_reserved_money_without_a_refund_is_a_difference_after_a_while(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    async with db.transaction() as tx:
        await actions.post_payment(tx, act, booking())
        lost = move("1", 5, debit="escrow:o1", credit="bank", kind="pending", recipe="refund")
        await posting.post(tx, act, [lost])
    async with db.connection() as conn:
        assert await audit(conn, "m1", act.now) == []
        [found] = await audit(conn, "m1", act.now + timedelta(hours=1))
    assert (found.check, found.where) == ("pending without refund", "escrow:o1")
