"""What is promised to each side: times, turns, one owner, one cause, and a history of it all."""

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.claims import actions, looking, staff_actions, store, system_actions
from makegood.claims.listing import ClaimFilter
from makegood.claims.replay import replay_market
from makegood.claims.saving import Near
from makegood.claims.staff_actions import Ruled
from makegood.claims.state import Claim
from makegood.ledger.actions import refundable_minor
from makegood.store.database import Connection
from tests.claims.town import Town, unit_line

WRONG_SPEC = "买的是国服卡，收到的是国际服，昨天晚上发现的"


async def claim_of(town: Town, claim_no: str) -> Claim:
    """The fold, for what no page shows."""
    async with town.db.connection() as conn:
        loaded = await store.load(conn, "main", claim_no)
    assert loaded is not None
    return loaded.claim


async def waiting_for_seller(town: Town, order_no: str = "O-1") -> str:
    """A claim in which it is the seller's turn."""
    await town.order(order_no, lines=unit_line(supplier=None))
    opened = await town.open("SND01", order_no, description=WRONG_SPEC)
    await town.settle()
    await town.file_all(opened.claim_no)
    return opened.claim_no


async def test_a_side_is_reminded_once_when_a_fifth_of_its_time_is_left(town: Town) -> None:
    claim_no = await waiting_for_seller(town)
    claim = await claim_of(town, claim_no)
    turn = next(d for d in claim.deadlines if d.kind == "seller_reply")
    town.clock.at = turn.at - (turn.at - turn.set_at) / 5
    near = Near(claim_no, "seller_reply", turn.at)
    async with town.db.transaction() as tx:
        for _ in range(2):
            await system_actions.note_deadline_near(tx, town.act("system"), town.desk, near)
        told = await tx.fetch("select payload from job where kind = 'claim.notice'")
    assert [row["payload"]["to"] for row in told if row["payload"]["kind"] == "deadline_soon"] == [
        "seller"
    ]


async def test_a_moved_deadline_reminds_nobody(town: Town) -> None:
    claim_no = await waiting_for_seller(town)
    near = Near(claim_no, "seller_reply", town.clock.at + timedelta(hours=1))
    async with town.db.transaction() as tx:
        await system_actions.note_deadline_near(tx, town.act("system"), town.desk, near)
        assert await tx.fetchval("select count(*) from job where kind = 'claim.notice'") == 0


async def test_a_decision_that_is_nearly_late_becomes_more_urgent(town: Town) -> None:
    claim_no = await waiting_for_seller(town)
    async with town.db.transaction() as tx:
        await actions.decide_now(tx, town.buyer, town.desk, claim_no)
    await town.later(hours=18)
    assert (await town.view(claim_no)).priority == "P2"
    await town.later(hours=2)
    assert (await town.view(claim_no)).priority == "P1"


async def test_each_side_has_its_time_extended_once(town: Town) -> None:
    claim_no = await waiting_for_seller(town)
    async with town.db.transaction() as tx:
        await actions.decide_now(tx, town.buyer, town.desk, claim_no)
    await asked(town, claim_no)
    before = await ends(town, claim_no)
    town.clock.at += timedelta(hours=5)
    async with town.db.transaction() as tx:
        await actions.extend_deadline(tx, town.buyer, town.desk, claim_no, "buyer_evidence")
    assert await ends(town, claim_no) == before + timedelta(hours=5)
    await asked(town, claim_no)
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="already_answered"):
            await actions.extend_deadline(tx, town.buyer, town.desk, claim_no, "buyer_evidence")


async def asked(town: Town, claim_no: str) -> None:
    """A person asks the buyer for one more item."""
    async with town.db.transaction() as tx:
        await staff_actions.ask_for_evidence(
            tx, town.agent, town.desk, claim_no, party="buyer", slots=["bank_line"], text="请补充"
        )


async def ends(town: Town, claim_no: str) -> datetime:
    """Until when the buyer may add what was asked for."""
    claim = await claim_of(town, claim_no)
    return next(d.at for d in claim.deadlines if d.kind == "buyer_evidence")


async def test_fund_safety_comes_before_everything_else(town: Town) -> None:
    await waiting_for_seller(town, "O-1")
    await town.order("O-2")
    await town.open("PAY02", "O-2", line_no=1)
    await waiting_for_seller(town, "O-3")
    async with town.db.connection() as conn:
        page = await looking.list_claims(conn, town.agent, ClaimFilter(queue="all"))
    assert [row.priority for row in page.items] == ["P0", "P2", "P2"]


async def test_the_owner_is_one_named_person_and_changes_are_kept(town: Town) -> None:
    claim_no = await waiting_for_seller(town)
    for owner in ("xu", "chen", "qi"):
        async with town.db.transaction() as tx:
            await staff_actions.assign(tx, town.act("lead", "qi"), town.desk, claim_no, owner)
    seen = await town.view(claim_no, town.buyer)
    changes = [s.with_["owner_name"] for s in seen.steps if s.what == "owner_changed"]
    assert seen.owner.name == "周琪"
    assert changes[-2:] == ["陈默", "周琪"]
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="not_found"):
            await staff_actions.assign(tx, town.act("lead", "qi"), town.desk, claim_no, "nobody")


async def test_order_payment_and_delivery_are_on_record_with_the_check(town: Town) -> None:
    await town.order()
    opened = await town.open("KEY01")
    await town.settle()
    told = {fact.name for fact in (await town.view(opened.claim_no, town.buyer)).facts}
    assert told >= {
        "order.exists",
        "order.paid",
        "order.unit_paid_minor",
        "delivery.delivered",
        "delivery.delivered_at",
        "supplier.status",
    }


async def test_facts_are_gathered_also_when_a_person_was_asked_for_first(town: Town) -> None:
    await town.order()
    town.supplier.answers["UP-77"] = {"status": "valid"}
    opened = await town.open("KEY01")
    async with town.db.transaction() as tx:
        await actions.ask_for_person(tx, town.buyer, town.desk, opened.claim_no)
    await town.settle()
    seen = await town.view(opened.claim_no)
    assert seen.state == "in_review"
    assert "supplier.status" in {fact.name for fact in seen.facts}


async def test_a_person_who_decides_before_the_check_leaves_the_reason(town: Town) -> None:
    await town.order()
    opened = await town.open("KEY01")
    ruled = Ruled(finding="key_works", remedy="explanation", shares={"buyer": 100})
    async with town.db.transaction() as tx:
        await staff_actions.decide_claim(tx, town.agent, town.desk, opened.claim_no, ruled)
    steps = (await town.view(opened.claim_no, town.seller)).steps
    assert ("review_started", "person_decides") in [(s.what, s.with_.get("why")) for s in steps]


async def test_every_ended_claim_has_one_cause_and_its_time(town: Town) -> None:
    for number, answer in enumerate(("invalid", "failed"), start=1):
        ref = f"UP-{number}"
        await town.order(f"O-{number}", lines=unit_line(supplier={"id": "u-1", "order_ref": ref}))
        town.supplier.answers[ref] = {"status": answer}
        await town.open("KEY01", f"O-{number}")
        await town.settle()
    await town.later(hours=80)
    async with town.db.connection() as conn:
        rows = await conn.fetch(
            "select root_cause, state, closed_at - opened_at as taken from claim"
        )
    closed = [row for row in rows if row["state"] == "closed"]
    assert closed
    assert {row["root_cause"] for row in closed} <= {"supplier", "customer", "system", "seller"}
    assert min(row["taken"] for row in closed) <= timedelta(hours=24)


async def test_a_person_gives_neither_more_than_was_paid_nor_nothing_under_the_name_of_a_refund(
    town: Town,
) -> None:
    claim_no = await waiting_for_seller(town)
    async with town.db.transaction() as tx:
        await actions.decide_now(tx, town.buyer, town.desk, claim_no)
    generous = Ruled(
        finding="not_as_described",
        remedy="coupon",
        amount_minor=9801,
        shares={"platform": 100},
    )
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="exceeds_paid"):
            await staff_actions.decide_claim(tx, town.agent, town.desk, claim_no, generous)
    nothing = Ruled(
        finding="not_as_described", remedy="refund_full", amount_minor=0, shares={"seller": 100}
    )
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="amount_not_positive"):
            await staff_actions.decide_claim(tx, town.agent, town.desk, claim_no, nothing)


async def test_a_withdrawn_claim_is_not_reopened_beside_a_new_one(town: Town) -> None:
    claim_no = await waiting_for_seller(town)
    async with town.db.transaction() as tx:
        await actions.withdraw(tx, town.buyer, town.desk, claim_no)
    again = await town.open("SND01", description=WRONG_SPEC)
    assert again.claim_no != claim_no
    filed = await town.file(claim_no, "listing_diff")
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="claim_exists"):
            await actions.reopen(tx, town.buyer, town.desk, claim_no, text="", evidence_ids=[filed])


async def test_an_appeal_holds_the_closing_until_it_is_decided(town: Town) -> None:
    await town.order()
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    opened = await town.open("KEY01")
    await town.settle()
    async with town.db.transaction() as tx:
        await actions.appeal(
            tx, town.seller, town.desk, opened.claim_no, disputed=["finding"], text="卡是好的"
        )
    await town.later(hours=100)
    assert (await town.view(opened.claim_no)).state == "appealed"
    async with town.db.transaction() as tx:
        await staff_actions.decide_appeal(
            tx,
            town.act("lead", "qi"),
            town.desk,
            opened.claim_no,
            text="维持",
            views={},
            ruled=None,
        )
    assert (await town.view(opened.claim_no)).state == "settled"
    await town.later(hours=80)
    assert (await town.view(opened.claim_no)).state == "closed"
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="already_appealed"):
            await actions.appeal(
                tx, town.seller, town.desk, opened.claim_no, disputed=["finding"], text="再看"
            )


Move = Callable[[Connection, Act, str], Awaitable[object]]


def moves(town: Town, dice: random.Random) -> list[tuple[Act, Move]]:
    """What people might do next, whether it is their turn or not."""
    desk = town.desk
    amount = dice.choice((1, 2000, 9800))
    refund = Ruled(
        finding="not_as_described",
        remedy=dice.choice(("refund_full", "price_reduction", "explanation", "coupon")),
        amount_minor=amount,
        shares={"seller": 100},
        reason_for_departure="看过材料",
    )
    lead, agent = town.act("lead", "qi"), town.agent
    return [
        (town.buyer, lambda tx, act, no: actions.post_message(tx, act, desk, no, f"{amount}")),
        (town.buyer, lambda tx, act, no: actions.decide_now(tx, act, desk, no)),
        (town.buyer, lambda tx, act, no: actions.ask_for_person(tx, act, desk, no)),
        (town.buyer, lambda tx, act, no: actions.withdraw(tx, act, desk, no)),
        (town.buyer, lambda tx, act, no: actions.accept_offer(tx, act, desk, no, 0)),
        (
            town.buyer,
            lambda tx, act, no: actions.appeal(tx, act, desk, no, disputed=["finding"], text=""),
        ),
        (
            town.seller,
            lambda tx, act, no: actions.make_offer(
                tx, act, desk, no, remedy="price_reduction", amount_minor=amount, text=""
            ),
        ),
        (
            town.seller,
            lambda tx, act, no: actions.answer_as_seller(
                tx, act, desk, no, dice.choice(("accept", "contest")), ""
            ),
        ),
        (agent, lambda tx, act, no: staff_actions.decide_claim(tx, act, desk, no, refund)),
        (lead, lambda tx, act, no: staff_actions.approve_decision(tx, act, desk, no)),
        (
            lead,
            lambda tx, act, no: staff_actions.decide_appeal(
                tx, act, desk, no, text="", views={}, ruled=dice.choice((None, refund))
            ),
        ),
        (agent, lambda tx, act, no: staff_actions.assign(tx, act, desk, no, "chen")),
    ]


@pytest.mark.parametrize("seed", range(4))
async def test_after_any_history_the_stored_rows_are_the_fold_and_nothing_is_overpaid(
    town: Town, seed: int
) -> None:
    dice = random.Random(seed)
    numbers = []
    for place in range(4):
        ref = f"UP-{place}"
        supplier = {"id": "u-1", "order_ref": ref} if place % 2 else None
        await town.order(f"O-{place}", lines=unit_line(supplier=supplier))
        town.supplier.answers[ref] = {"status": dice.choice(("invalid", "valid", "pending"))}
        reason = dice.choice(("KEY01", "SND01", "KEY02"))
        numbers.append((await town.open(reason, f"O-{place}")).claim_no)
    await town.settle()
    for _ in range(25):
        claim_no = dice.choice(numbers)
        who, move = dice.choice(moves(town, dice))
        try:
            async with town.db.transaction() as tx:
                await move(tx, who, claim_no)
        except Refused:
            pass
        await town.later(hours=dice.choice((0, 0, 1, 13, 25)))
    async with town.db.connection() as conn:
        wrong = [one async for one in replay_market(conn, "main") if one.differences]
        assert wrong == []
        for place in range(4):
            assert await refundable_minor(conn, "main", UnitRef(f"O-{place}", 1, 1)) >= 0
        paid = await conn.fetch(
            """
            select order_no, sum(amount_minor) as back from refund
            where state <> 'refused' group by order_no
            """
        )
        assert all(row["back"] <= 9800 for row in paid)
        unowned = await conn.fetchval(
            "select count(*) from claim where is_open and next_deadline_at is null"
        )
        assert unowned == 0
    assert sum(town.gateway.paid_back.values()) <= 4 * 9800
