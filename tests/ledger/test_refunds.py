"""Refunds on PostgreSQL: ordered once, never above the payment, ended once, proven by hand."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger import accounts
from makegood.ledger import actions as ledger
from makegood.ledger.advance.actions import (
    advance_figures,
    open_advances,
    put_into_fund,
    recover_advance,
)
from makegood.ledger.audit import audit
from makegood.ledger.recipes import PaymentBooking, PaymentLeg
from makegood.ledger.refund import actions, rules, store
from makegood.ledger.refund.actions import ManualProof, RefundOutcome
from makegood.ledger.refund.gateway import (
    Accepted,
    Arrived,
    Declined,
    NotSent,
    RefundReply,
    Unknown,
    Unsupported,
)
from makegood.ledger.refund.rules import Refund, RefundOrder
from makegood.store.database import Database

UNIT = UnitRef("o1", 1, 1)
MakeBooking = Callable[..., PaymentBooking]


def an_order(key: str = "k1", amount: int = 9800, **more: object) -> RefundOrder:
    plain = RefundOrder(
        refund_key=key, claim_no="C1", unit=UNIT, amount_minor=amount, borne_by={"seller": amount}
    )
    return msgspec.structs.replace(plain, **more)


@pytest.fixture
async def paid(db: Database, act: Act, booking: MakeBooking) -> None:
    """One order, one unit, 98.00 paid online."""
    async with db.transaction() as tx:
        await ledger.post_payment(tx, act, booking())


async def order(db: Database, act: Act, wish: RefundOrder) -> list[Refund]:
    async with db.transaction() as tx:
        return await actions.order_refund(tx, act, wish)


async def finish(db: Database, act: Act, refund_no: str, reply: RefundReply) -> RefundOutcome:
    async with db.transaction() as tx:
        outcome = await actions.finish(tx, act, refund_no, reply)
    assert outcome is not None
    return outcome


async def claimed(db: Database, act: Act, wish: RefundOrder) -> str:
    [refund] = await order(db, act, wish)
    async with db.transaction() as tx:
        assert isinstance(await actions.claim_for_sending(tx, act, refund.refund_no), Refund)
    return refund.refund_no


async def left(db: Database, code: str) -> int:
    async with db.connection() as conn:
        return (await ledger.balances(conn, "m1", [code]))[code].available_minor


@pytest.mark.usefixtures("paid")
async def test_a_refund_ordered_a_hundred_times_at_once_is_one_refund(
    db: Database, act: Act
) -> None:
    told = await asyncio.gather(*(order(db, act, an_order()) for _ in range(100)))
    assert len({refund.refund_no for refunds in told for refund in refunds}) == 1
    assert await left(db, "escrow:o1") == 0
    async with db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM job WHERE kind = 'refund.send'") == 1


@pytest.mark.usefixtures("paid")
async def test_refunds_and_live_replacements_share_what_was_paid(db: Database, act: Act) -> None:
    await order(db, act, an_order("k1", 5000))
    async with db.transaction() as tx:
        await ledger.hold_replacement(tx, act, "h1", UNIT, Money(4800), "C1")
    with pytest.raises(Refused, match="exceeds_paid"):
        await order(db, act, an_order("k2", 1))


@pytest.mark.usefixtures("paid")
@pytest.mark.parametrize("amount", [0, -1])
async def test_a_senseless_amount_is_refused(db: Database, act: Act, amount: int) -> None:
    with pytest.raises(Refused, match="amount_not_positive"):
        await order(db, act, an_order("k1", amount))


async def test_an_unpaid_order_has_nothing_to_refund(db: Database, act: Act) -> None:
    with pytest.raises(Refused, match="exceeds_paid"):
        await order(db, act, an_order())


async def test_a_mixed_payment_goes_back_online_first_then_balance_then_coupon(
    db: Database, act: Act, booking: MakeBooking
) -> None:
    legs = [
        PaymentLeg(channel="spring", trade_no="", amount_minor=800, kind="coupon"),
        PaymentLeg(channel="balance", trade_no="B1", amount_minor=3000, kind="balance"),
        PaymentLeg(channel="epay", trade_no="T1", amount_minor=6000),
    ]
    async with db.transaction() as tx:
        await ledger.post_payment(tx, act, booking(legs=legs))
    first = await order(db, act, an_order("k1", 7000))
    assert [(r.leg.kind, r.amount_minor) for r in first] == [("online", 6000), ("balance", 1000)]
    second = await order(db, act, an_order("k2", 2800))
    assert [(r.leg.kind, r.amount_minor) for r in second] == [("balance", 2000), ("coupon", 800)]
    await finish(db, act, second[1].refund_no, Arrived())
    assert await left(db, accounts.coupon_batch("spring", "o1")) == 800


@pytest.mark.usefixtures("paid")
async def test_arrival_posts_once_however_often_it_is_told(db: Database, act: Act) -> None:
    refund_no = await claimed(db, act, an_order())
    told = await asyncio.gather(*(finish(db, act, refund_no, Arrived()) for _ in range(50)))
    assert sum(outcome.changed for outcome in told) == 1
    assert sum(len(outcome.transfers) for outcome in told) == 4
    assert {outcome.state for outcome in told} == {"arrived"}
    async with db.connection() as conn:
        assert await audit(conn, "m1", act.now) == []


@pytest.mark.usefixtures("paid")
async def test_a_definitive_refusal_frees_the_money_for_another_way(db: Database, act: Act) -> None:
    refund_no = await claimed(db, act, an_order())
    outcome = await finish(db, act, refund_no, Declined(text="no funds"))
    assert (outcome.state, outcome.answer) == ("refused", "no funds")
    assert await left(db, "refundable:o1/1/1") == 9800
    assert (await order(db, act, an_order("k2")))[0].state == "wanted"


@pytest.mark.usefixtures("paid")
async def test_a_refusal_while_an_earlier_request_may_still_run_keeps_the_money_reserved(
    db: Database, act: Act
) -> None:
    refund_no = await claimed(db, act, an_order())
    await finish(db, act, refund_no, Unknown())
    async with db.transaction() as tx:
        assert isinstance(await actions.claim_for_sending(tx, act, refund_no), Refund)
    outcome = await finish(db, act, refund_no, Declined(text="busy"))
    assert (outcome.state, outcome.answer) == ("manual", "busy")
    assert await left(db, "escrow:o1") == 0


@pytest.mark.usefixtures("paid")
async def test_silence_keeps_the_money_reserved_and_reaches_a_person_with_a_time(
    db: Database, act: Act
) -> None:
    refund_no = await claimed(db, act, an_order())
    outcome = await finish(db, act, refund_no, Unknown())
    assert (outcome.state, await left(db, "escrow:o1")) == ("sent", 0)
    later = msgspec.structs.replace(act, now=act.now + timedelta(hours=1))
    outcome = await finish(db, later, refund_no, Unknown())
    assert outcome.state == "manual"
    assert outcome.due_at == later.now + timedelta(days=1)
    assert (await finish(db, later, refund_no, Arrived())).state == "arrived"


@pytest.mark.usefixtures("paid")
async def test_accepted_is_asked_again_until_it_arrives(db: Database, act: Act) -> None:
    refund_no = await claimed(db, act, an_order())
    assert (await finish(db, act, refund_no, Accepted())).state == "accepted"
    assert not (await finish(db, act, refund_no, Accepted())).changed
    async with db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM job WHERE kind = 'refund.query'") == 2
    assert (await finish(db, act, refund_no, Arrived())).state == "arrived"


@pytest.mark.usefixtures("paid")
async def test_only_one_worker_sends_and_the_other_comes_back_later(db: Database, act: Act) -> None:
    refund_no = await claimed(db, act, an_order())
    async with db.transaction() as tx:
        assert await actions.claim_for_sending(tx, act, refund_no) is None
        at = await tx.fetchval("SELECT max(run_at) FROM job WHERE subject = $1", refund_no)
    assert at == act.now + timedelta(seconds=rules.Timings().lease)


@pytest.mark.usefixtures("paid")
async def test_without_refund_numbers_one_unclear_refund_blocks_the_next_of_its_payment(
    db: Database, act: Act
) -> None:
    first = await claimed(db, act, an_order("k1", 1000))
    await finish(db, act, first, Unknown())
    [second] = await order(db, act, an_order("k2", 1000))
    async with db.transaction() as tx:
        assert await actions.claim_for_sending(tx, act, second.refund_no, alone=True) is None
    late = msgspec.structs.replace(act, now=act.now + timedelta(hours=1))
    async with db.transaction() as tx:
        outcome = await actions.claim_for_sending(tx, late, second.refund_no, alone=True)
    assert isinstance(outcome, RefundOutcome)
    assert outcome.state == "manual"


@pytest.mark.usefixtures("paid")
async def test_what_no_gateway_can_do_a_person_does_with_proof(db: Database, act: Act) -> None:
    refund_no = await claimed(db, act, an_order())
    assert (await finish(db, act, refund_no, Unsupported())).state == "manual"
    proof = ManualProof(
        paid=True,
        reference="0xabc",
        file_sha256="ff" * 32,
        person="agent-1",
        confirmed_by="lead-1",
    )
    async with db.transaction() as tx:
        without = msgspec.structs.replace(proof, file_sha256="")
        with pytest.raises(Refused, match="evidence_missing"):
            await actions.confirm_manual(tx, act, refund_no, without)
        outcome = await actions.confirm_manual(tx, act, refund_no, proof)
        assert await store.proof_files(tx) == {(act.market_id, "ff" * 32)}
        assert outcome.state == "arrived"
        with pytest.raises(Refused, match="already_decided"):
            await actions.confirm_manual(tx, act, refund_no, proof)
    async with db.connection() as conn:
        assert await audit(conn, "m1", act.now) == []


@pytest.mark.usefixtures("paid")
async def test_a_refund_on_its_way_is_not_confirmed_by_hand(db: Database, act: Act) -> None:
    refund_no = await claimed(db, act, an_order())
    proof = ManualProof(
        paid=True, reference="x", file_sha256="ff", person="agent-1", confirmed_by="lead-1"
    )
    async with db.transaction() as tx:
        with pytest.raises(Refused, match="not_your_turn"):
            await actions.confirm_manual(tx, act, refund_no, proof)


@pytest.mark.usefixtures("paid")
async def test_an_answer_that_contradicts_the_end_is_kept_for_a_person(
    db: Database, act: Act
) -> None:
    refund_no = await claimed(db, act, an_order())
    await finish(db, act, refund_no, Declined())
    outcome = await finish(db, act, refund_no, Arrived())
    assert (outcome.state, outcome.changed) == ("refused", True)
    assert outcome.contradiction.startswith("Arrived")


@pytest.mark.usefixtures("paid")
async def test_the_platform_pays_first_within_fund_and_quota_and_gets_it_from_the_seller(
    db: Database, act: Act
) -> None:
    wish = an_order(paid_by="platform", seller_id="s1")
    with pytest.raises(Refused, match="guarantee_fund"):
        await order(db, act, wish)
    async with db.transaction() as tx:
        await put_into_fund(tx, act, "f1", Money(20_000))
        with pytest.raises(Refused, match="guarantee_quota"):
            await actions.order_refund(tx, act, wish)
        await ledger.grant_quota(tx, act, "q1", Money(10_000))
        await ledger.pay_deposit(tx, act, "d1", "s1", Money(6000))
        await ledger.settle_order(tx, act, "o1", "s1", Money(9800), fee_minor=9800)
    refund_no = await claimed(db, act, wish)
    await finish(db, act, refund_no, Arrived())
    async with db.transaction() as tx:
        assert await recover_advance(tx, act, "C1", "seller", "CNY") == 6000
        assert await recover_advance(tx, act, "C1", "seller", "CNY") == 0
    async with db.connection() as conn:
        assert await audit(conn, "m1", act.now) == []
        [owed] = await open_advances(conn, "m1", "CNY", "seller", "s1")
        figures = await advance_figures(conn, "m1", "CNY", act.now)
    assert (owed.open_minor, await left(db, "seller_receivable:C1")) == (3800, 3800)
    assert (figures.quota_used_minor, figures.quota_left_minor) == (3800, 6200)
    assert (figures.fund_minor, figures.owed_to_gateways_minor) == (16_200, 3800)
    assert (figures.day_used_minor, figures.outstanding_minor) == (9800, 3800)


@pytest.mark.usefixtures("paid")
async def test_a_suppliers_part_comes_out_of_escrow_when_nothing_may_be_advanced(
    db: Database, act: Act
) -> None:
    [refund] = await order(db, act, an_order(borne_by={"supplier": 9000, "platform": 800}))
    given = {part.account.partition(":")[0]: part.amount_minor for part in refund.sources}
    assert given == {"escrow": 9000, "compensation_cost": 800}


@pytest.mark.usefixtures("paid")
async def test_a_suppliers_part_is_owed_to_the_platform_when_it_may_be_advanced(
    db: Database, act: Act
) -> None:
    async with db.transaction() as tx:
        await ledger.grant_quota(tx, act, "q1", Money(20_000))
        await put_into_fund(tx, act, "f1", Money(20_000))
    [refund] = await order(db, act, an_order(borne_by={"supplier": 9800}, supplier_id="u1"))
    assert [part.account for part in refund.sources] == ["supplier_receivable:C1"]
    assert [part.amount_minor for part in refund.quota] == [9800, 9800, 9800]
    assert refund.sources[0].debtor == "u1"


@pytest.mark.usefixtures("paid")
async def test_a_settled_order_is_refunded_from_the_sellers_balance(db: Database, act: Act) -> None:
    async with db.transaction() as tx:
        await ledger.settle_order(tx, act, "o1", "s1", Money(9800))
        with pytest.raises(Refused, match=r"insufficient_funds.*escrow:o1"):
            await actions.order_refund(tx, act, an_order())
    [refund] = await order(db, act, an_order(seller_id="s1"))
    assert [part.account for part in refund.sources] == ["seller_balance:s1"]


@pytest.mark.usefixtures("paid")
async def test_the_board_tells_states_sums_and_ages(db: Database, act: Act) -> None:
    await order(db, act, an_order("k1", 1000))
    refund_no = await claimed(db, act, an_order("k2", 500))
    await finish(db, act, refund_no, NotSent())
    async with db.connection() as conn:
        later = act.now + timedelta(minutes=2)
        board = {c.state: c for c in await actions.refund_board(conn, "m1", later)}
        waiting = await actions.list_refunds(conn, "m1", ["wanted", "sent"])
    assert (board["wanted"].refunds, board["wanted"].amount_minor) == (1, 1000)
    assert board["sent"].oldest_seconds == 120
    assert len(waiting) == 2


@pytest.mark.usefixtures("paid")
async def test_a_refund_that_lost_its_job_is_given_one(db: Database, act: Act) -> None:
    await order(db, act, an_order())
    async with db.transaction() as tx:
        assert await actions.wake_idle(tx, act.now + timedelta(hours=1)) == 0
        await tx.execute("DELETE FROM job")
        assert await actions.wake_idle(tx, act.now + timedelta(hours=1)) == 1
