"""The platform pays first: within caps, netted as money comes in, given up only by two people."""

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
from makegood.ledger.advance import actions as advances
from makegood.ledger.advance.rules import AdvanceCaps
from makegood.ledger.amounts import check_money, read_amount
from makegood.ledger.audit import audit
from makegood.ledger.audits.minute import audit_minute
from makegood.ledger.figures import seller_month
from makegood.ledger.recipes import PaymentBooking
from makegood.ledger.refund import actions
from makegood.ledger.refund.gateway import Arrived
from makegood.ledger.refund.rules import RefundOrder
from makegood.store.database import Connection, Database

MakeBooking = Callable[..., PaymentBooking]
OLD = timedelta(days=91)


def wish(number: int, **more: object) -> RefundOrder:
    plain = RefundOrder(
        refund_key=f"k{number}",
        claim_no=f"C{number}",
        unit=UnitRef(f"o{number}", 1, 1),
        amount_minor=9800,
        borne_by={"seller": 9800},
        seller_id="s1",
        supplier_id="u1",
    )
    return msgspec.structs.replace(plain, **more)


def person(act: Act, name: str) -> Act:
    return msgspec.structs.replace(act, actor=Actor("operator", name))


async def lend(tx: Connection, act: Act, booking: PaymentBooking, number: int) -> None:
    """An order that was settled and taken out of the market, refunded by the platform first."""
    await ledger.post_payment(tx, act, booking)
    await ledger.settle_order(tx, act, f"o{number}", "s1", Money(9800), fee_minor=9800)
    [refund] = await actions.order_refund(tx, act, wish(number))
    await actions.claim_for_sending(tx, act, refund.refund_no)
    await actions.finish(tx, act, refund.refund_no, Arrived())


@pytest.fixture
async def fund(db: Database, act: Act) -> None:
    """Cash and quota for ten refunds, spread over sixteen shards."""
    async with db.transaction() as tx:
        await ledger.grant_quota(tx, act, "q", Money(98_000))
        await advances.put_into_fund(tx, act, "f", Money(98_000))


@pytest.mark.usefixtures("fund")
async def test_refunds_that_find_the_sellers_money_gone_end_all_at_once_too(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    """Nobody waits for the day's cap or a cover while holding what others need before it."""
    async with db.transaction() as tx:
        await advances.set_caps(tx, act, AdvanceCaps(per_tier={"B": 10**9}))
        for number in range(10):
            await ledger.post_payment(tx, act, booking(f"o{number}"))
            fee = 0 if number == 0 else 9800
            await ledger.settle_order(tx, act, f"o{number}", "s1", Money(9800), fee_minor=fee)

    async def refund(number: int) -> None:
        async with db.transaction() as tx:
            await actions.order_refund(tx, act, wish(number))

    await asyncio.gather(*(refund(number) for number in range(10)))

    async with db.connection() as conn:
        figures = await advances.advance_figures(conn, "m1", "CNY", act.now)
    assert figures.fund_minor == 98_000 - 9 * 9800
    assert await audit_minute(db, act.now) == []


@pytest.mark.usefixtures("fund")
async def test_shards_rebalance_before_they_refuse(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    caps = AdvanceCaps(per_tier={"B": 10**9})
    async with db.transaction() as tx:
        await advances.set_caps(tx, act, caps)
        for number in range(10):
            await lend(tx, act, booking(f"o{number}"), number)
        figures = await advances.advance_figures(tx, "m1", "CNY", act.now)
        assert (figures.fund_minor, figures.quota_left_minor) == (0, 0)
        await ledger.post_payment(tx, act, booking("o10"))
        await ledger.settle_order(tx, act, "o10", "s1", Money(9800), fee_minor=9800)
        with pytest.raises(Refused, match="guarantee_fund"):
            await actions.order_refund(tx, act, wish(10))
    assert await audit_minute(db, act.now) == []


@pytest.mark.usefixtures("fund")
@pytest.mark.parametrize(
    ("caps", "limit"),
    [
        (AdvanceCaps(per_claim_minor=9799), "advance_of_claim"),
        (AdvanceCaps(per_tier={"B": 9799}), "advance_of_seller"),
        (AdvanceCaps(per_day_minor=9799), "advance_day"),
        (AdvanceCaps(fund_floor_minor=98_000 - 9799), "guarantee_fund"),
        (AdvanceCaps(pays_first=False), "escrow:o1"),
    ],
)
async def test_every_cap_keeps_the_platform_from_paying_first(
    db: Database, act: Act, booking: MakeBooking, caps: AdvanceCaps, limit: str
) -> None:
    async with db.transaction() as tx:
        await advances.set_caps(tx, act, caps)
        await ledger.post_payment(tx, act, booking("o1"))
        await ledger.settle_order(tx, act, "o1", "s1", Money(9800), fee_minor=9800)
        with pytest.raises(Refused, match=limit):
            await actions.order_refund(tx, act, wish(1))


@pytest.mark.usefixtures("fund")
async def test_a_cap_of_the_day_ends_with_the_day_and_grows_at_once(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    tomorrow = msgspec.structs.replace(act, now=act.now + timedelta(days=1))
    async with db.transaction() as tx:
        await advances.set_caps(tx, act, AdvanceCaps(per_day_minor=9800))
        await lend(tx, act, booking("o1"), 1)
        with pytest.raises(Refused, match="advance_day"):
            await lend(tx, act, booking("o2"), 2)
        await advances.set_caps(tx, act, AdvanceCaps(per_day_minor=19_600))
        await lend(tx, act, booking("o3"), 3)
        await advances.set_caps(tx, act, AdvanceCaps(per_day_minor=9800))
        await lend(tx, tomorrow, booking("o4"), 4)
    async with db.connection() as conn:
        figures = await advances.advance_figures(conn, "m1", "CNY", tomorrow.now)
    assert (figures.day_cap_minor, figures.day_used_minor) == (9800, 9800)


@pytest.mark.usefixtures("fund")
async def test_a_seller_who_is_paid_pays_back_first(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    async with db.transaction() as tx:
        await lend(tx, act, booking("o1"), 1)
        await ledger.post_payment(tx, act, booking("o2", price=7000))
        await ledger.settle_order(tx, act, "o2", "s1", Money(7000))
        jobs = await tx.fetchval("SELECT count(*) FROM job WHERE kind = 'ledger.net'")
        assert jobs == 1
        assert await advances.recover_advance(tx, act, "C1", "seller", "CNY") == 7000
        month = await seller_month(
            tx, "m1", "s1", act.now - timedelta(days=1), act.now + timedelta(days=1)
        )
    assert (month.balance_minor, month.owed_minor) == (0, 2800)
    assert (month.earned_minor, month.recovered_minor) == (7000, 7000)


@pytest.mark.usefixtures("fund")
async def test_debts_age_and_a_supplier_pays_by_its_statement_once(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    later = msgspec.structs.replace(act, now=act.now + timedelta(days=8))
    async with db.transaction() as tx:
        await ledger.post_payment(tx, act, booking("o1"))
        [refund] = await actions.order_refund(tx, act, wish(1, borne_by={"supplier": 9800}))
        await actions.claim_for_sending(tx, act, refund.refund_no)
        await actions.finish(tx, act, refund.refund_no, Arrived())
        [row] = await advances.ageing(tx, "m1", "CNY", later.now)
        assert (row.party, row.debtor_id, row.upto_7, row.upto_30) == ("supplier", "u1", 0, 9800)
        for _ in range(2):
            await advances.record_recovery(tx, later, "bank-1", "C1", "supplier", Money(9000))
        with pytest.raises(Refused, match="exceeds_owed"):
            await advances.record_recovery(tx, later, "bank-2", "C1", "supplier", Money(801))
        [owed] = await advances.open_advances(tx, "m1", "CNY")
        await advances.reassign_advance(
            tx, later, "d1", "C1", Money(300), to="seller", seller_id="s1"
        )
        await advances.reassign_advance(tx, later, "d2", "C1", Money(500), to="platform")
        left = {one.party: one.open_minor for one in await advances.open_advances(tx, "m1", "CNY")}
    async with db.connection() as conn:
        assert await audit(conn, "m1", later.now) == []
    assert (owed.open_minor, left) == (800, {"seller": 300})
    assert await audit_minute(db, later.now) == []


@pytest.mark.usefixtures("fund")
async def test_a_debt_is_given_up_after_its_time_by_a_second_person(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    old = msgspec.structs.replace(act, now=act.now + OLD)
    what = {"claim_no": "C1", "party": "seller", "currency": "CNY"}
    async with db.transaction() as tx:
        await lend(tx, act, booking("o1"), 1)
        with pytest.raises(Refused, match="too_early"):
            await advances.approve_write_off(tx, person(act, "b"), proposed_by="a", **what)
        for approver, proposer in (("a", "a"), ("b", "")):
            with pytest.raises(Refused, match="approval_needs_other_person"):
                await advances.approve_write_off(
                    tx, person(old, approver), proposed_by=proposer, **what
                )
        with pytest.raises(Refused, match="approval_needs_other_person"):
            await advances.approve_write_off(tx, old, proposed_by="a", **what)
        lost = await advances.approve_write_off(tx, person(old, "b"), proposed_by="a", **what)
        with pytest.raises(Refused, match="not_found"):
            await advances.approve_write_off(tx, person(old, "c"), proposed_by="a", **what)
    async with db.connection() as conn:
        sums = await ledger.totals(conn, "m1", ["bad_debt", "seller_receivable", "quota_used"])
        assert await audit(conn, "m1", old.now) == []
    assert lost == sums["bad_debt"].posted_minor == 9800
    assert sums["seller_receivable"].posted_minor == sums["quota_used"].posted_minor == 0


async def test_cash_comes_out_of_the_fund_again_and_never_more_than_it_holds(
    db: Database, act: Act
) -> None:
    async with db.transaction() as tx:
        await advances.put_into_fund(tx, act, "f", Money(1000))
        await advances.take_from_fund(tx, act, "t", Money(900))
        with pytest.raises(Refused, match="insufficient_funds"):
            await advances.take_from_fund(tx, act, "t2", Money(101))
        figures = await advances.advance_figures(tx, "m1", "CNY", act.now)
    assert figures.fund_minor == 100


@pytest.mark.parametrize(
    ("money", "code"),
    [
        (Money(0), "amount_not_positive"),
        (Money(-5), "amount_not_positive"),
        (Money(10**15 + 1), "amount_too_large"),
        (Money(5, "XYZ"), "currency_unknown"),
        (Money(5, "USD"), "currency_wrong"),
    ],
)
async def test_an_amount_that_cannot_be_meant_is_refused_and_moves_nothing(
    db: Database, act: Act, money: Money, code: str
) -> None:
    with pytest.raises(Refused, match=code):
        check_money(money, "CNY")
    if code != "currency_wrong":
        async with db.transaction() as tx:
            with pytest.raises(Refused, match=code):
                await advances.put_into_fund(tx, act, "f", money)
            assert await tx.fetchval("SELECT count(*) FROM transfer") == 0


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("98", "CNY", Money(9800)),
        (" 1,234.5 ", "CNY", Money(123_450)),
        ("98", "JPY", Money(98, "JPY")),
        ("¥98", "CNY", Money(9800)),
        ("￥９８．５", "CNY", Money(9850)),
        (".5", "CNY", Money(50)),
        ("1,5", "CNY", "amount_unreadable"),
        ("12,34.5", "CNY", "amount_unreadable"),
        ("98 元", "CNY", "amount_unreadable"),
        ("$98", "CNY", "currency_wrong"),
        ("€98", "JPY", "currency_wrong"),
        ("0.00", "CNY", "amount_not_positive"),
        ("98." + "0" * 60 + "1", "CNY", "amount_too_precise"),
        ("98.001", "CNY", "amount_too_precise"),
        ("98.5", "JPY", "amount_too_precise"),
        ("-1", "CNY", "amount_not_positive"),
        ("1e3", "CNY", "amount_unreadable"),
        ("NaN", "CNY", "amount_unreadable"),
        ("九十八", "CNY", "amount_unreadable"),
        ("", "CNY", "amount_unreadable"),
        ("9" * 40, "CNY", "amount_too_large"),
        ("98", "XYZ", "currency_unknown"),
    ],
)
def test_an_amount_is_read_as_it_is_typed_or_refused_with_the_reason(
    text: str, currency: str, expected: Money | str
) -> None:
    if isinstance(expected, Money):
        assert read_amount(text, currency) == expected
    else:
        with pytest.raises(Refused, match=expected):
            read_amount(text, currency)
