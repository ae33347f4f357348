"""A dispute at the channel joins its claim, keeps the unit from being paid twice, and is booked."""

from datetime import timedelta

import pytest

from makegood.base.ids import UnitRef
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger.actions import balances, refundable_minor, settle_order
from makegood.ledger.audit import audit
from makegood.ledger.disputes.actions import mark_answered
from makegood.ledger.disputes.store import disputes_of_claim, open_disputes
from makegood.ledger.refund.gateway import Dispute
from tests.claims.town import Town

UNIT = UnitRef("O-1", 1, 1)
PAID = 9800


def a_dispute(town: Town, **other: object) -> Dispute:
    """A chargeback of the order's whole payment, as the channel first tells it."""
    fields: dict[str, object] = {
        "dispute_ref": "dp_1",
        "trade_no": "",
        "order_no": "O-1",
        "amount_minor": PAID,
        "state": "needs_response",
        "kind": "chargeback",
        "reason": "product_not_received",
        "opened_at": town.clock.now(),
        "due_at": town.clock.now() + timedelta(days=7),
    }
    return Dispute(**(fields | other))  # type: ignore[arg-type]


async def left(town: Town) -> int:
    async with town.db.connection() as conn:
        return await refundable_minor(conn, "main", UNIT)


async def all_is_well(town: Town) -> bool:
    async with town.db.connection() as conn:
        return await audit(conn, "main", town.clock.now()) == []


async def escrow_left(town: Town) -> int:
    async with town.db.connection() as conn:
        return (await balances(conn, "main", ["escrow:O-1"]))["escrow:O-1"].available_minor


async def test_a_chargeback_joins_the_claim_of_its_order_and_shows_the_deadline(
    town: Town,
) -> None:
    await town.order()
    opened = await town.open("KEY01")
    told = await town.dispute(a_dispute(town))
    assert told.claim_no == opened.claim_no
    view = await town.view(opened.claim_no)
    assert "chargeback" in view.tags
    [task] = [task for task in view.tasks if "dp_1" in task.question]
    assert task.due_at == told.due_at
    async with town.db.connection() as conn:
        assert await disputes_of_claim(conn, "main", opened.claim_no) == [told]


async def test_nothing_else_goes_back_while_a_chargeback_is_open(town: Town) -> None:
    await town.order()
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    opened = await town.open("KEY01")
    await town.dispute(a_dispute(town))
    assert (await left(town), await escrow_left(town)) == (0, 0)
    await town.settle()
    view = await town.view(opened.claim_no)
    assert town.gateway.paid_back == {}
    assert view.state != "settled"
    assert await all_is_well(town)


async def test_a_lost_chargeback_is_paid_out_of_the_orders_escrow(town: Town) -> None:
    await town.order()
    await town.dispute(a_dispute(town))
    told = await town.dispute(a_dispute(town, state="lost"))
    assert told.ended_at == town.clock.now()
    assert (await left(town), await escrow_left(town)) == (0, 0)
    assert await all_is_well(town)
    # Its end is final, whatever the channel says later.
    again = await town.dispute(a_dispute(town, state="won"))
    assert again.state == "lost"
    assert await left(town) == 0


async def test_a_won_chargeback_gives_everything_free_again(town: Town) -> None:
    await town.order()
    before = await escrow_left(town)
    await town.dispute(a_dispute(town))
    await town.dispute(a_dispute(town, state="won"))
    assert (await left(town), await escrow_left(town)) == (PAID, before)
    assert await all_is_well(town)


async def test_telling_it_again_changes_nothing(town: Town) -> None:
    await town.order()
    first = await town.dispute(a_dispute(town))
    for _ in range(3):
        assert await town.dispute(a_dispute(town)) == first
    view = await town.view(first.claim_no)
    assert len([task for task in view.tasks if "dp_1" in task.question]) == 1
    assert await all_is_well(town)


async def test_without_a_claim_a_dispute_opens_one(town: Town) -> None:
    await town.order()
    told = await town.dispute(a_dispute(town, reason="fraudulent"))
    view = await town.view(told.claim_no)
    assert view.reason == "PAY04"


async def test_a_chargeback_after_the_refund_is_flagged_and_borne_by_the_market(
    town: Town,
) -> None:
    await town.order()
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    opened = await town.open("KEY01")
    await town.settle()
    assert sum(town.gateway.paid_back.values()) == PAID
    told = await town.dispute(a_dispute(town))
    assert (told.claim_no, told.after_minor) == (opened.claim_no, PAID)
    assert "chargeback_after_refund" in (await town.view(opened.claim_no)).tags
    await town.dispute(a_dispute(town, state="lost"))
    assert await left(town) == 0
    assert await all_is_well(town)


async def test_after_the_payout_of_a_settled_order_its_seller_gives_the_money(
    town: Town,
) -> None:
    await town.order()
    async with town.db.transaction() as tx:
        await settle_order(tx, town.act("market"), "O-1", "s-1", Money(PAID))
    await town.dispute(a_dispute(town))
    await town.dispute(a_dispute(town, state="lost"))
    async with town.db.connection() as conn:
        [account] = (await balances(conn, "main", ["seller_balance:s-1"])).values()
    assert (account.posted_minor, account.pending_minor) == (0, 0)
    assert await all_is_well(town)


async def test_a_refund_that_never_left_is_given_up(town: Town) -> None:
    await town.order()
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    town.gateway.away = True
    opened = await town.open("KEY01")
    await town.settle()
    await town.dispute(a_dispute(town))
    town.gateway.away = False
    await town.later(hours=1)
    refunds = [m for m in (await town.view(opened.claim_no)).money if m.kind == "refund"]
    assert [refund.state for refund in refunds] == ["refused"]
    assert town.gateway.paid_back == {}
    assert await left(town) == 0
    assert await all_is_well(town)


async def test_a_complaint_reserves_nothing_until_it_becomes_a_chargeback(town: Town) -> None:
    await town.order()
    await town.dispute(a_dispute(town, kind="complaint"))
    assert await left(town) == PAID
    await town.dispute(a_dispute(town, kind="chargeback"))
    assert await left(town) == 0
    await town.dispute(a_dispute(town, kind="complaint", state="lost"))
    assert await all_is_well(town)


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"order_no": "O-9"}, "not_found"),
        ({"trade_no": "T-of-somebody-else", "order_no": ""}, "not_found"),
        ({"amount_minor": 0}, "amount_not_positive"),
        ({"amount_minor": -5}, "amount_not_positive"),
        ({"amount_minor": PAID + 1}, "exceeds_paid"),
        ({"currency": "USD"}, "not_found"),
    ],
)
async def test_a_senseless_dispute_is_refused_and_moves_nothing(
    town: Town, other: dict[str, object], code: str
) -> None:
    await town.order()
    with pytest.raises(Refused, match=code):
        await town.dispute(a_dispute(town, **other))
    assert await left(town) == PAID
    async with town.db.connection() as conn:
        assert await open_disputes(conn, town.clock.now() + timedelta(days=9)) == []


async def test_the_audit_finds_a_dispute_that_was_changed_by_hand(town: Town) -> None:
    await town.order()
    await town.dispute(a_dispute(town))
    async with town.db.transaction() as tx:
        await tx.execute("update dispute set amount_minor = 1")
        found = await audit(tx, "main", town.clock.now())
    assert [(one.check, one.where, one.amount_minor) for one in found] == [
        ("disputes", "dispute_held:epay", PAID - 1)
    ]


async def test_an_answered_dispute_waits_for_the_channel(town: Town) -> None:
    await town.order()
    told = await town.dispute(a_dispute(town))
    async with town.db.transaction() as tx:
        answered = await mark_answered(tx, town.agent, told.channel, told.dispute_ref)
    assert answered.state == "under_review"
    await town.dispute(a_dispute(town, state="lost"))
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="already_decided"):
            await mark_answered(tx, town.agent, told.channel, told.dispute_ref)
