"""What a changed decision gave back to a supplier is paid out, with a reference and a line."""

from datetime import timedelta

import pytest

from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger.accounts import supplier_balance
from makegood.ledger.audits.pause import pause_payouts
from makegood.ledger.funds.actions import pay_out, refuse_payout, release_payout, want_payout
from makegood.ledger.funds.rules import Payout
from makegood.ledger.statements.disputes import decide_dispute
from makegood.worker.books import net_all
from tests.claims.test_corrections import (
    LATE_COUPON,
    check_books,
    has,
    late_by_the_supplier,
    overturn,
    owed,
    ruled,
)
from tests.claims.test_statements import (
    PRICE,
    SUPPLIER,
    dead_key,
    dispute,
    settle,
    statement,
)
from tests.claims.town import Town


async def credited(town: Town, order_no: str = "O-1") -> None:
    """The supplier paid for a claim which a later decision laid on the market."""
    claim_no = await dead_key(town, order_no)
    await settle(town, PRICE)
    await overturn(town, claim_no, "seller", ruled(platform=100))


async def wanted(town: Town, minor: int = PRICE) -> Payout:
    async with town.db.transaction() as tx:
        return await want_payout(
            tx,
            town.act("operator", "op"),
            town.desk.ids,
            SUPPLIER,
            source="credit",
            money=Money(minor),
            by="op",
        )


async def test_a_credit_is_paid_out_and_the_statement_ends_even(town: Town) -> None:
    await credited(town)
    assert (await statement(town)).totals.due_minor == -PRICE

    payout = await wanted(town)
    assert await has(town, supplier_balance(SUPPLIER)) == 0, "set apart from the wish on"
    async with town.db.transaction() as tx:
        await release_payout(tx, town.act("operator", "op"), payout.payout_no)
    assert (await statement(town)).totals.due_minor == -PRICE, "it has not left yet"
    town.clock.at += timedelta(minutes=1)
    async with town.db.transaction() as tx:
        await pay_out(tx, town.act("operator", "op"), payout.payout_no, "B-77")

    shown = await statement(town)
    line = shown.lines[-1]
    assert (line.kind, line.number, line.claim_no, line.amount_minor, line.matched) == (
        "paid_out",
        "B-77",
        "",
        PRICE,
        True,
    )
    assert (shown.totals.paid_out_minor, shown.totals.due_minor) == (PRICE, 0)
    assert (shown.totals.borne_minor, shown.ageing.total_minor) == (PRICE, 0)
    await check_books(town)


async def test_no_more_is_paid_out_than_what_no_debt_needs(town: Town) -> None:
    await credited(town)
    await dead_key(town, "O-2")

    for minor, code in ((PRICE, "exceeds_free"), (0, "amount_not_positive")):
        with pytest.raises(Refused) as refused:
            await wanted(town, minor)
        assert refused.value.code == code

    await net_all(town.db, town.clock)
    assert await owed(town) == {}
    with pytest.raises(Refused):
        await wanted(town, 1)
    await check_books(town)


async def test_what_is_set_apart_pays_no_debt_until_the_payout_is_refused(town: Town) -> None:
    await credited(town)
    payout = await wanted(town)
    await dead_key(town, "O-2")
    await net_all(town.db, town.clock)
    assert await owed(town) == {"supplier": PRICE}

    async with town.db.transaction() as tx:
        await refuse_payout(tx, town.act("operator", "op"), payout.payout_no, "账号填错")
    await net_all(town.db, town.clock)

    assert await owed(town) == {}
    assert (await statement(town)).totals.due_minor == 0
    await check_books(town)


async def test_a_credit_pays_no_line_that_the_supplier_disputes(town: Town) -> None:
    await credited(town)
    claim_no = await dead_key(town, "O-2")
    disputed = await dispute(town, claim_no)

    await net_all(town.db, town.clock)

    assert await owed(town) == {"supplier": PRICE}
    async with town.db.transaction() as tx:
        operator = town.act("operator", "op")
        await decide_dispute(tx, operator, disputed.dispute_no, borne_by="platform", text="查过了")
    assert await owed(town) == {}
    assert await has(town, supplier_balance(SUPPLIER)) == PRICE
    await check_books(town)


async def test_nothing_leaves_while_the_books_do_not_agree(town: Town) -> None:
    await credited(town)
    payout = await wanted(town)
    async with town.db.transaction() as tx:
        act = town.act("system", "system")
        await pause_payouts(tx, act, "CNY", found="cached balance", account="x", amount_minor=1)

    for step in (release_payout, lambda tx, act, no: pay_out(tx, act, no, "B-1")):
        with pytest.raises(Refused) as refused:
            async with town.db.transaction() as tx:
                await step(tx, town.act("operator", "op"), payout.payout_no)
        assert refused.value.code == "payouts_paused"


async def test_a_credit_pays_what_the_supplier_owes_for_a_late_promise_too(town: Town) -> None:
    await credited(town, "O-2")
    await late_by_the_supplier(town)
    assert await owed(town) == {"sla": LATE_COUPON}
    with pytest.raises(Refused):
        await wanted(town)

    await net_all(town.db, town.clock)

    assert await owed(town) == {}
    assert await has(town, supplier_balance(SUPPLIER)) == PRICE - LATE_COUPON
    assert (await statement(town)).totals.due_minor == LATE_COUPON - PRICE
    await check_books(town)
