"""Everything that somebody might try for money or revenge, and what comes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.claims import actions, intake, looking, staff_actions, system_actions
from makegood.claims.desk import barred_from, lead_of, owner_for
from makegood.claims.listing import ClaimFilter
from makegood.claims.opening import OpenClaim
from makegood.claims.staff_actions import Ruled
from makegood.claims.state import Claim
from makegood.ledger.actions import refundable_minor
from makegood.ledger.refund.gateway import Capture
from makegood.people.staff.roster import RosterLine
from makegood.people.staff.rules import StaffRole
from makegood.store.database import Connection
from tests.claims.town import Town, unit_line
from tests.orders.making import PAID_AT

WRONG_SPEC = "买的是国服卡，收到的是国际服，昨天晚上发现的"
Action = Callable[[Connection], Awaitable[object]]


async def does(town: Town, action: Action) -> None:
    """One step in its own transaction, and what follows from it."""
    async with town.db.transaction() as tx:
        await action(tx)
    await town.settle()


async def refused(town: Town, code: str, action: Action) -> None:
    """One step that a rule must refuse."""
    async with town.db.transaction() as tx:
        with pytest.raises(Refused) as told:
            await action(tx)
    assert told.value.code == code


async def open_as(town: Town, act: Act, order_no: str = "O-1", **other: Any) -> str:
    """File a claim as somebody; answers its number."""
    fields: dict[str, Any] = {"reason": "KEY01", "description": WRONG_SPEC, "wants": "refund"}
    command = OpenClaim(order_no=order_no, **(fields | other))
    async with town.db.connection() as conn:
        return (await intake.open_claim(conn, act, town.desk, command)).claim_no


async def contested(town: Town, order_no: str = "O-1") -> str:
    """A claim against a seller who sells from own stock, waiting for the seller's word."""
    await town.order(order_no, lines=unit_line(supplier=None))
    opened = await town.open("SND01", order_no, description=WRONG_SPEC)
    await town.settle()
    await town.file_all(opened.claim_no)
    return opened.claim_no


async def test_a_seller_cannot_withdraw_rate_or_accept_as_the_buyer(town: Town) -> None:
    claim_no = await contested(town)
    desk = town.desk
    await refused(
        town, "not_your_turn", lambda tx: actions.withdraw(tx, town.seller, desk, claim_no)
    )
    await does(
        town,
        lambda tx: actions.make_offer(
            tx,
            town.seller,
            desk,
            claim_no,
            remedy="price_reduction",
            amount_minor=100,
            text="",
        ),
    )
    await refused(
        town, "not_your_turn", lambda tx: actions.accept_offer(tx, town.seller, desk, claim_no, 0)
    )
    await does(town, lambda tx: actions.decide_now(tx, town.seller, desk, claim_no))
    await refused(
        town, "not_your_turn", lambda tx: actions.rate(tx, town.seller, desk, claim_no, 5)
    )
    stale = town.act("buyer", "b-1", proof=False)
    await refused(
        town, "fresh_proof_needed", lambda tx: actions.withdraw(tx, stale, desk, claim_no)
    )


async def test_another_seller_finds_no_claim_of_this_one(town: Town) -> None:
    claim_no = await contested(town)
    other = town.act("seller", "s-2")
    await refused(
        town, "not_found", lambda tx: actions.post_message(tx, other, town.desk, claim_no, "hello")
    )
    with pytest.raises(Refused, match="not_found"):
        await town.view(claim_no, other)


async def test_a_buyer_who_redeems_and_then_claims_unrevealed_gets_nothing(town: Town) -> None:
    await town.order(
        lines=unit_line(
            reveal="tracked",
            delivery={
                "kind": "key",
                "delivered_at": PAID_AT.isoformat(),
                "revealed_at": (PAID_AT + timedelta(minutes=1)).isoformat(),
                "keys": ["XH-SECRET-1"],
            },
        )
    )
    town.supplier.answers["UP-77"] = {
        "status": "redeemed",
        "redeemed_at": (PAID_AT + timedelta(minutes=2)).isoformat(),
        "redeemed_by": "my-account",
    }
    claim_no = await open_as(town, town.buyer, reason="KEY02", account="My-Account")
    await town.settle()
    await town.file_all(claim_no)
    await town.later(hours=13)
    seen = await town.view(claim_no)
    assert town.gateway.paid_back == {}
    told = {fact.name: fact.value for fact in seen.facts}
    assert told["supplier.redeemed_by_buyer"] is True
    assert "my-account" not in repr(seen).casefold()


async def test_an_untracked_key_counts_as_seen_from_its_delivery(town: Town) -> None:
    await town.order()
    town.supplier.answers["UP-77"] = {"status": "valid"}
    opened = await town.open("CHG01")
    await town.settle()
    await town.later(hours=13)
    assert town.gateway.paid_back == {}
    assert (await town.view(opened.claim_no)).state != "executing"


async def test_the_declared_account_is_used_again_when_the_supplier_answers_late(
    town: Town,
) -> None:
    await town.order()
    town.supplier.silent = True
    claim_no = await open_as(town, town.buyer, reason="KEY02", account="my-account")
    await town.settle()
    town.supplier.silent = False
    town.supplier.answers["UP-77"] = {
        "status": "redeemed",
        "redeemed_at": (PAID_AT + timedelta(minutes=2)).isoformat(),
        "redeemed_by": "MY-ACCOUNT",
    }
    await town.later(hours=1)
    told = {fact.name: fact.value for fact in (await town.view(claim_no)).facts}
    assert told["supplier.redeemed_by_buyer"] is True


async def test_the_reissued_key_and_the_refund_are_not_both_had(town: Town) -> None:
    """The unit's one payment covers one replacement; claiming that one again moves no money."""
    from makegood.orders.stock.actions import add_stock
    from makegood.orders.stock.rules import NewStock

    await town.order()
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    async with town.db.transaction() as tx:
        new = NewStock(sku="XH-100", category="game_card", keys=("FRESH-KEY-0001",))
        await add_stock(tx, town.act("market"), town.vault, (), new)
    opened = await town.open("KEY01", wants="reissue")
    await town.settle()
    with pytest.raises(Refused, match="already_decided"):
        await town.open("KEY02")
    again = await town.open("KEY02", began_at=town.clock.now() + timedelta(minutes=1))
    await town.later(hours=1)
    seen = await town.view(again.claim_no)
    assert again.claim_no != opened.claim_no
    assert seen.lane == "careful"
    assert town.gateway.paid_back == {}
    async with town.db.connection() as conn:
        assert await refundable_minor(conn, "main", UnitRef("O-1", 1, 1)) == 0


async def refused_by_a_person(town: Town) -> str:
    """A claim that a person did not uphold."""
    claim_no = await contested(town)
    await does(town, lambda tx: actions.decide_now(tx, town.buyer, town.desk, claim_no))
    ruled = Ruled(
        finding="as_described", remedy="explanation", reason_for_departure="", shares={"buyer": 100}
    )
    await does(
        town, lambda tx: staff_actions.decide_claim(tx, town.agent, town.desk, claim_no, ruled)
    )
    assert (await town.view(claim_no)).state == "settled"
    return claim_no


async def test_a_refused_unit_is_not_filed_again_under_another_reason(town: Town) -> None:
    await refused_by_a_person(town)
    for reason in ("KEY01", "KEY02", "KEY03", "SND01"):
        with pytest.raises(Refused, match="already_decided"):
            await town.open(reason)


async def test_taking_a_refused_claim_back_does_not_make_a_new_dispute(town: Town) -> None:
    claim_no = await refused_by_a_person(town)
    filed = await town.file(claim_no, "listing_diff")
    await does(
        town,
        lambda tx: actions.reopen(
            tx, town.buyer, town.desk, claim_no, text="新的截图", evidence_ids=[filed]
        ),
    )
    assert (await town.view(claim_no)).state == "reopened"
    await does(town, lambda tx: actions.withdraw(tx, town.buyer, town.desk, claim_no))
    with pytest.raises(Refused, match="already_decided"):
        await town.open("KEY02")


async def test_a_reopened_claim_waits_until_a_person_takes_it(town: Town) -> None:
    claim_no = await refused_by_a_person(town)
    with pytest.raises(Refused, match="not_new_evidence"):
        await does(
            town,
            lambda tx: actions.reopen(
                tx, town.buyer, town.desk, claim_no, text="再看看", evidence_ids=["none"]
            ),
        )
    filed = await town.file(claim_no, "listing_diff")
    await does(
        town,
        lambda tx: actions.reopen(
            tx, town.buyer, town.desk, claim_no, text="新的截图", evidence_ids=[filed]
        ),
    )
    assert (await town.view(claim_no)).state == "reopened"
    await does(
        town, lambda tx: staff_actions.assign(tx, town.agent, town.desk, claim_no, "xu", "taken")
    )
    seen = await town.view(claim_no)
    assert (seen.state, seen.owner.name) == ("in_review", "许知远")


async def test_probing_the_check_with_many_accounts_tells_nothing(town: Town) -> None:
    await town.order()
    told = set()
    async with town.db.connection() as conn:
        for account in ("", "mine", "yours", "someone@example.com"):
            command = OpenClaim(
                order_no="O-1",
                reason="KEY02",
                description=WRONG_SPEC,
                wants="refund",
                account=account,
            )
            told.add(repr(await looking.check_before(conn, town.buyer, town.desk, command)))
    assert len(told) == 1
    await town.settle()
    assert town.supplier.withdrawn == []


async def test_a_top_up_under_way_is_never_refunded_as_well(town: Town) -> None:
    await town.order(
        lines=unit_line(category="top_up", delivery={"kind": "top_up", "target": "player-9"})
    )
    town.supplier.answers["UP-77"] = {"status": "pending"}
    town.clock.at += timedelta(hours=2)
    opened = await town.open("DLV01")
    await town.settle()
    assert (await town.view(opened.claim_no)).state == "waiting_supplier"
    promised = next(
        d.at for d in (await town.view(opened.claim_no)).deadlines if d.kind == "supplier_reply"
    )
    await town.later(minutes=10)
    again = next(
        d.at for d in (await town.view(opened.claim_no)).deadlines if d.kind == "supplier_reply"
    )
    assert again == promised
    assert [s.what for s in (await town.view(opened.claim_no)).steps].count("supplier_awaited") == 1
    while (await town.view(opened.claim_no)).state == "waiting_supplier":
        await town.later(hours=1)
    assert (await town.view(opened.claim_no)).state in ("waiting_buyer", "in_review")
    assert town.gateway.paid_back == {}


async def test_a_suppliers_lone_word_does_not_deny_a_buyer(town: Town) -> None:
    await town.order()
    town.supplier.answers["UP-77"] = {
        "status": "redeemed",
        "redeemed_at": (PAID_AT + timedelta(minutes=20)).isoformat(),
        "redeemed_by": "stranger",
    }
    claim_no = await open_as(town, town.buyer, reason="KEY02", account="mine")
    await town.settle()
    await town.file_all(claim_no)
    await town.later(hours=13)
    seen = await town.view(claim_no)
    assert seen.decision is None
    assert seen.state == "in_review"


async def test_a_silent_seller_at_night_does_not_lose_against_facts_that_speak_for_them(
    town: Town,
) -> None:
    await town.order()
    town.supplier.answers["UP-77"] = {"status": "valid", "region": "CN", "face_minor": 10_000}
    opened = await town.open("KEY03")
    await town.settle()
    await town.file_all(opened.claim_no)
    await town.later(hours=13)
    await town.later(hours=13)
    seen = await town.view(opened.claim_no)
    assert town.gateway.paid_back == {}
    if seen.decision is not None:
        assert seen.decision.shares.get("seller", 0) == 0


async def test_a_hundred_openings_at_once_make_one_claim(town: Town) -> None:
    await town.order()
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    numbers = await asyncio.gather(*(open_as(town, town.buyer) for _ in range(100)))
    await town.settle()
    assert len(set(numbers)) == 1
    assert sum(town.gateway.paid_back.values()) == 9800
    async with town.db.connection() as conn:
        assert await conn.fetchval("select count(*) from claim") == 1
        assert await conn.fetchval("select count(*) from claim_unit where binding") == 1


async def test_a_hundred_same_messages_and_withdrawals_have_one_effect(town: Town) -> None:
    claim_no = await contested(town)

    async def say() -> None:
        async with town.db.transaction() as tx:
            await actions.post_message(tx, town.buyer, town.desk, claim_no, "请尽快")

    async def leave() -> str:
        try:
            async with town.db.transaction() as tx:
                await actions.withdraw(tx, town.buyer, town.desk, claim_no)
        except Refused as told:
            return told.code
        return "done"

    await asyncio.gather(*(say() for _ in range(100)))
    outcomes = await asyncio.gather(*(leave() for _ in range(100)))
    steps = [step.what for step in (await town.view(claim_no)).steps]
    assert outcomes.count("done") == 1
    assert (steps.count("message_posted"), steps.count("claim_withdrawn")) == (1, 1)


async def test_the_same_decision_a_hundred_times_at_once_pays_once(town: Town) -> None:
    claim_no = await contested(town)
    await does(town, lambda tx: actions.decide_now(tx, town.buyer, town.desk, claim_no))
    ruled = Ruled(
        finding="not_as_described",
        remedy="refund_full",
        shares={"seller": 100},
        reason_for_departure="看过商品页",
    )

    async def decide() -> str:
        try:
            async with town.db.transaction() as tx:
                lead = town.act("lead", "qi")
                await staff_actions.decide_claim(tx, lead, town.desk, claim_no, ruled)
        except Refused as told:
            return told.code
        return "done"

    outcomes = await asyncio.gather(*(decide() for _ in range(100)))
    assert outcomes.count("done") == 1
    await town.settle()
    if (await town.view(claim_no)).decision is None:
        await does(
            town,
            lambda tx: staff_actions.approve_decision(
                tx, town.act("operator", "op"), town.desk, claim_no
            ),
        )
    assert sum(town.gateway.paid_back.values()) == 9800


async def test_a_complaint_about_one_of_us_stays_out_of_that_persons_line(town: Town) -> None:
    claim_no = await contested(town)
    async with town.db.transaction() as tx:
        await staff_actions.assign(tx, town.act("lead", "qi"), town.desk, claim_no, "xu")
    about = await open_as(town, town.buyer, reason="SRV02", wants="explanation")
    await town.settle()
    assert about != claim_no
    outsider = town.act("operator", "op")
    assert (await town.view(about, outsider)).owner.name == "陈默"
    for who in (town.agent, town.act("lead", "qi")):
        with pytest.raises(Refused, match="not_found"):
            await town.view(about, who)
        async with town.db.connection() as conn:
            page = await looking.list_claims(conn, who, ClaimFilter(queue="all"))
        assert about not in [row.claim_no for row in page.items]
        async with town.db.transaction() as tx:
            with pytest.raises(Refused, match="not_found"):
                await actions.post_message(tx, who, town.desk, about, "hm", "platform")
    for barred in ("xu", "qi"):
        async with town.db.transaction() as tx:
            with pytest.raises(Refused, match="conflict_of_interest"):
                await staff_actions.assign(tx, outsider, town.desk, about, barred)
    async with town.db.transaction() as tx:
        moved = await staff_actions.escalate(tx, outsider, town.desk, about, "要人看")
    assert moved.owner_id == "op"


def person(account_id: str, role: StaffRole, lead: str | None) -> RosterLine:
    """One line of a roster."""
    return RosterLine(account_id=account_id, display_name=account_id, role=role, reports_to=lead)


def test_in_a_small_shop_a_complaint_about_staff_still_finds_somebody_above() -> None:
    agent, lead = person("xu", "agent", "qi"), person("qi", "lead", "op")
    operator = person("op", "operator", None)
    whole = [agent, lead, operator]
    assert owner_for(whole, b"12345678", about="xu").account_id == "op"
    assert lead_of(whole, "op", about="xu") == "operator"
    assert barred_from("xu", whole) == {"xu", "qi"}
    assert barred_from("xu", [agent, lead]) == {"xu"}
    assert owner_for([operator], b"12345678", about="op").account_id == "operator"


def test_who_works_alone_keeps_a_claim_that_goes_up_unless_it_is_about_them() -> None:
    operator = person("op", "operator", None)
    assert lead_of([operator], "op") == "op"
    assert lead_of([operator], "op", about="op") == "operator"
    assert lead_of([operator], "somebody who left") == "op"
    assert lead_of([], "op") == "operator"


async def test_before_the_thirtieth_minute_it_is_too_early_and_then_it_is_accepted(
    town: Town,
) -> None:
    lines = unit_line(
        category="top_up",
        delivery={"kind": "top_up", "target": "player-9"},
        listing={"text": "30 分钟内到账", "arrival_minutes": 30, "claim_window_days": 30},
    )
    await town.order(lines=lines)
    town.clock.at = PAID_AT + timedelta(minutes=29, seconds=59)
    with pytest.raises(Refused, match="too_early"):
        await town.open("DLV01")
    town.clock.at = PAID_AT + timedelta(minutes=30)
    assert (await town.open("DLV01")).state == "verifying"


async def test_a_window_is_never_shorter_than_the_term_that_was_sold(town: Town) -> None:
    lines = unit_line(
        category="membership",
        term_days=365,
        delivery={"kind": "membership", "delivered_at": PAID_AT.isoformat()},
        listing={"text": "年卡", "claim_window_days": 7},
    )
    await town.order(lines=lines)
    town.clock.at = PAID_AT + timedelta(days=364)
    assert not (await town.open("MBR01")).existing
    await town.order("O-2", lines=lines)
    town.clock.at = PAID_AT + timedelta(days=366)
    with pytest.raises(Refused, match="window_closed"):
        await town.open("MBR01", "O-2")


async def test_a_beginning_in_the_past_does_not_open_a_closed_window(town: Town) -> None:
    await town.order()
    town.clock.at = PAID_AT + timedelta(days=40)
    with pytest.raises(Refused, match="window_closed"):
        await town.open("KEY01", began_at=PAID_AT + timedelta(days=1))


async def test_a_second_charge_that_only_the_gateway_knows_goes_back_once_with_a_coupon(
    town: Town,
) -> None:
    await town.order()
    town.gateway.captures = [
        Capture(trade_no=number, order_no="O-1", amount_minor=9800, state="paid", paid_at=PAID_AT)
        for number in ("T-O-1", "T-second")
    ]
    claim_no = await open_as(town, town.buyer, reason="PAY02", line_no=1)
    await town.settle()
    await town.file_all(claim_no)
    seen = await town.view(claim_no, town.buyer)
    assert seen.priority == "P0"
    assert sum(town.gateway.paid_back.values()) == 9800
    assert [m.kind for m in seen.money].count("coupon") == 1
    assert town.supplier.withdrawn == []
    async with town.db.connection() as conn:
        assert await refundable_minor(conn, "main", UnitRef("O-1", 1, 1)) == 9800


async def test_one_charge_is_not_two(town: Town) -> None:
    await town.order()
    town.gateway.captures = [
        Capture(trade_no="T-O-1", order_no="O-1", amount_minor=9800, state="paid", paid_at=PAID_AT)
    ]
    claim_no = await open_as(town, town.buyer, reason="PAY02", line_no=1)
    await town.settle()
    await town.file_all(claim_no)
    assert town.gateway.paid_back == {}
    assert (await town.view(claim_no)).state in ("settled", "decided", "in_review")


async def test_a_late_decision_goes_up_once_with_one_coupon_and_a_higher_class(
    town: Town,
) -> None:
    claim_no = await contested(town)
    await does(town, lambda tx: actions.decide_now(tx, town.buyer, town.desk, claim_no))
    before = await town.view(claim_no)
    await town.later(hours=24)
    seen = await town.view(claim_no)
    assert seen.owner.name == "周琪"
    await town.later(hours=24)
    seen = await town.view(claim_no)
    assert [m.kind for m in seen.money].count("coupon") == 1
    assert before.priority == "P2"
    assert seen.priority == "P1"


async def test_the_first_answer_is_owed_within_a_quarter_of_an_hour(town: Town) -> None:
    await town.order()
    opened = await town.open("KEY01")
    town.clock.at += timedelta(minutes=14, seconds=59)
    async with town.db.transaction() as tx:
        assert await system_actions.pass_deadlines(
            tx, town.act("system"), town.desk, opened.claim_no
        )
    claim: Claim = await _claim(town, opened.claim_no)
    assert "first_response" not in claim.escalations
    town.clock.at += timedelta(seconds=1)
    async with town.db.transaction() as tx:
        assert await system_actions.pass_deadlines(
            tx, town.act("system"), town.desk, opened.claim_no
        )
    assert "first_response" in (await _claim(town, opened.claim_no)).escalations


async def _claim(town: Town, claim_no: str) -> Claim:
    from makegood.claims import store

    async with town.db.connection() as conn:
        loaded = await store.load(conn, "main", claim_no)
    assert loaded is not None
    return loaded.claim
