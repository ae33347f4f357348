"""Accounts without a limit are moved by the commit: nobody waits for them, no cent gets lost."""

import asyncio

import pytest

from makegood.base.actor import Act
from makegood.ledger import store
from makegood.ledger.audit import audit
from makegood.ledger.posting import post
from makegood.ledger.rules import Transfer
from makegood.store.database import Connection, Database

HOT = ["bank", "fee_income"]


def fee(number: int, *, back: bool = False) -> Transfer:
    """A market's fee, paid at the bank or given back: both accounts are everybody's."""
    debit, credit = reversed(HOT) if back else HOT
    return Transfer(
        id=f"00000000-0000-8000-8000-{number:012d}",
        debit=debit,
        credit=credit,
        amount_minor=number,
        recipe="test",
    )


class Failed(Exception):
    """Something after a posting went wrong."""


async def fail_after(conn: Connection, act: Act, transfer: Transfer) -> None:
    """Post in a transaction, or in a savepoint within one, that does not reach its end."""
    async with conn.transaction():
        await post(conn, act, [transfer])
        raise Failed


async def turned_over(conn: Connection, code: str) -> tuple[int, int]:
    """What came in on either side."""
    found = (await store.read_accounts(conn, "m1", [code], "CNY"))[code]
    return found.debits_posted, found.credits_posted


async def test_two_who_post_to_one_account_do_not_wait_for_each_other(
    db: Database, act: Act
) -> None:
    async with db.transaction() as first:
        await post(first, act, [fee(1)])
        async with asyncio.timeout(60), db.transaction() as second:
            await post(second, act, [fee(2)])
    async with db.connection() as conn:
        assert await turned_over(conn, "bank") == (3, 0)
        assert await audit(conn, "m1", act.now) == []


async def test_many_sets_of_one_transaction_are_added_up_once(db: Database, act: Act) -> None:
    async with db.transaction() as tx:
        for number in (1, 2, 2, 3):
            await post(tx, act, [fee(number)])
        assert await turned_over(tx, "bank") == (0, 0)
    async with db.connection() as conn:
        assert await turned_over(conn, "bank") == (6, 0)
        assert await conn.fetchval("SELECT count(*) FROM ledger_due") == 0
        assert await audit(conn, "m1", act.now) == []


async def test_what_a_savepoint_takes_back_is_not_added(db: Database, act: Act) -> None:
    async with db.transaction() as tx:
        await post(tx, act, [fee(1)])
        with pytest.raises(Failed):
            await fail_after(tx, act, fee(2))
        await post(tx, act, [fee(3)])
    async with db.connection() as conn:
        assert await turned_over(conn, "bank") == (4, 0)
        assert await audit(conn, "m1", act.now) == []


async def test_a_transaction_that_ends_badly_leaves_nothing_due(db: Database, act: Act) -> None:
    async with db.connection() as conn:
        with pytest.raises(Failed):
            await fail_after(conn, act, fee(1))
    async with db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM ledger_due") == 0
        assert await turned_over(conn, "bank") == (0, 0)


async def test_writers_who_go_opposite_ways_never_close_a_circle(db: Database, act: Act) -> None:
    async def go(number: int) -> None:
        for step in range(10):
            async with db.transaction() as tx:
                there, back = fee(2 * (10 * number + step) + 1), fee(2 * (10 * number + step) + 2)
                back = fee(int(back.id[-12:]), back=True)
                for one in (there, back) if number % 2 else (back, there):
                    await post(tx, act, [one])

    await asyncio.gather(*(go(number) for number in range(8)))
    async with db.connection() as conn:
        odd, even = sum(range(1, 161, 2)), sum(range(2, 161, 2))
        assert await turned_over(conn, "bank") == (odd, even)
        assert await turned_over(conn, "fee_income") == (even, odd)
        assert await audit(conn, "m1", act.now) == []


async def test_only_accounts_with_a_limit_are_locked_ahead(db: Database, act: Act) -> None:
    async with db.transaction() as tx:
        with pytest.raises(AssertionError, match="nothing to ask"):
            await store.lock_accounts(tx, "m1", ["bank"], "CNY")
