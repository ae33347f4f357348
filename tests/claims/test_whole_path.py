"""One claim from the order to its end, in each of the ways it can go."""

import pytest

from makegood.base.refusal import Refused
from makegood.claims import actions, staff_actions
from makegood.claims.staff_actions import Ruled
from makegood.claims.view import ClaimView
from tests.claims.town import Town, unit_line
from tests.orders.making import PAID_AT, line


def steps(view: ClaimView) -> list[str]:
    """The names of the steps a reader sees."""
    return [step.what for step in view.steps]


async def test_a_dead_key_is_refunded_by_machine_with_its_rule(town: Town) -> None:
    await town.order()
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    opened = await town.open("KEY01")
    await town.settle()
    seen = await town.view(opened.claim_no, town.buyer)
    assert seen.decision is not None
    assert seen.decision.machine
    assert seen.decision.rule_id.startswith("R-")
    assert [c.met for c in seen.decision.conditions] == ["met"] * len(seen.decision.conditions)
    assert seen.state == "settled"
    assert sum(town.gateway.paid_back.values()) == 9800
    assert [m.state for m in seen.money if m.kind == "refund"] == ["arrived"]


async def test_the_survey_comes_after_two_days_and_the_claim_closes_after_three(
    town: Town,
) -> None:
    await town.order()
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    opened = await town.open("KEY01")
    await town.settle()
    await town.later(hours=47, minutes=59)
    assert "survey_sent" not in steps(await town.view(opened.claim_no))
    await town.later(minutes=1)
    assert "survey_sent" in steps(await town.view(opened.claim_no))
    await town.later(hours=24)
    closed = await town.view(opened.claim_no)
    assert (closed.state, closed.root_cause) == ("closed", "supplier")


async def test_a_rating_counts_once_and_needs_fresh_proof(town: Town) -> None:
    await town.order()
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    opened = await town.open("KEY01")
    await town.settle()
    stale = town.act("buyer", "b-1", proof=False)
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="fresh_proof_needed"):
            await actions.rate(tx, stale, town.desk, opened.claim_no, 5)
    async with town.db.transaction() as tx:
        await actions.rate(tx, town.buyer, town.desk, opened.claim_no, 5)
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="already_answered"):
            await actions.rate(tx, town.buyer, town.desk, opened.claim_no, 1)
    assert (await town.view(opened.claim_no)).rating == 5


async def test_a_silent_supplier_is_waited_for_and_then_a_person_decides(town: Town) -> None:
    await town.order()
    town.supplier.silent = True
    opened = await town.open("KEY01")
    await town.settle()
    waiting = await town.view(opened.claim_no)
    assert waiting.state == "waiting_supplier"
    deadline = next(d for d in waiting.deadlines if d.kind == "supplier_reply")
    assert deadline.then == "to_person"
    while (await town.view(opened.claim_no)).state == "waiting_supplier":
        await town.later(hours=1)
    seen = await town.view(opened.claim_no)
    assert seen.state == "in_review"
    assert town.gateway.paid_back == {}


async def test_nobody_waits_for_a_supplier_that_was_never_connected(town: Town) -> None:
    await town.order(lines=[line(supplier={"id": "u-none", "order_ref": "UP-9"})])
    opened = await town.open("KEY01")
    await town.settle()
    seen = await town.view(opened.claim_no)
    assert seen.state != "waiting_supplier"
    assert "supplier_awaited" not in steps(seen)
    assert town.gateway.paid_back == {}


async def test_a_supplier_that_answers_late_lets_the_rules_go_on(town: Town) -> None:
    await town.order()
    town.supplier.silent = True
    opened = await town.open("KEY01")
    await town.settle()
    town.supplier.silent = False
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    await town.later(minutes=1)
    assert (await town.view(opened.claim_no)).state == "settled"


async def test_a_seller_who_accepts_pays_back_at_once(town: Town) -> None:
    await town.order(lines=unit_line(supplier=None))
    opened = await town.open("SND01", description="买的是国服卡，收到的是国际服，昨天晚上发现的")
    await town.settle()
    await town.file_all(opened.claim_no)
    assert (await town.view(opened.claim_no)).state == "waiting_seller"
    async with town.db.transaction() as tx:
        await actions.answer_as_seller(
            tx, town.seller, town.desk, opened.claim_no, "accept", "发错了"
        )
    await town.settle()
    seen = await town.view(opened.claim_no)
    assert (seen.state, sum(town.gateway.paid_back.values())) == ("settled", 9800)
    assert seen.decision is not None
    assert seen.decision.shares == {"seller": 100}


async def test_a_contest_goes_to_a_person_whose_decision_is_carried_out(town: Town) -> None:
    await town.order(lines=unit_line(supplier=None))
    opened = await town.open("SND01", description="买的是国服卡，收到的是国际服，昨天晚上发现的")
    await town.settle()
    await town.file_all(opened.claim_no)
    async with town.db.transaction() as tx:
        await actions.answer_as_seller(
            tx, town.seller, town.desk, opened.claim_no, "contest", "页面写了国际服"
        )
    await town.settle()
    assert (await town.view(opened.claim_no)).state == "in_review"
    async with town.db.transaction() as tx:
        ruled = Ruled(
            finding=next(iter(town.desk.pack.findings)),
            remedy="refund_full",
            amount_minor=9800,
            shares={"seller": 100},
            reason_text="页面没有写国际服",
        )
        await staff_actions.decide_claim(tx, town.agent, town.desk, opened.claim_no, ruled)
    await town.settle()
    seen = await town.view(opened.claim_no, town.seller)
    assert seen.state == "settled"
    assert seen.decision is not None
    assert seen.decision.decided_by.name == "许知远"


async def test_above_an_agents_limit_another_person_releases(town: Town) -> None:
    await town.order(
        total={"amount_minor": 80_000, "currency": "CNY"},
        lines=unit_line(supplier=None, unit_price_minor=80_000),
        payments=[
            {
                "gateway": "epay",
                "trade_no": "T-1",
                "amount_minor": 80_000,
                "paid_at": PAID_AT.isoformat(),
            }
        ],
    )
    opened = await town.open("SND01", description="买的是国服卡，收到的是国际服，昨天晚上发现的")
    await town.settle()
    await town.file_all(opened.claim_no)
    async with town.db.transaction() as tx:
        await actions.decide_now(tx, town.buyer, town.desk, opened.claim_no)
    ruled = Ruled(
        finding=next(iter(town.desk.pack.findings)),
        remedy="refund_full",
        amount_minor=80_000,
        shares={"seller": 100},
    )
    async with town.db.transaction() as tx:
        await staff_actions.decide_claim(tx, town.agent, town.desk, opened.claim_no, ruled)
    await town.settle()
    assert town.gateway.paid_back == {}
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="not_your_turn"):
            await staff_actions.approve_decision(tx, town.agent, town.desk, opened.claim_no)
    async with town.db.transaction() as tx:
        await staff_actions.approve_decision(tx, town.act("lead", "qi"), town.desk, opened.claim_no)
    await town.settle()
    assert sum(town.gateway.paid_back.values()) == 80_000


async def test_offers_go_back_and_forth_until_one_is_taken(town: Town) -> None:
    await town.order(lines=unit_line(supplier=None))
    opened = await town.open("SND01", description="买的是国服卡，收到的是国际服，昨天晚上发现的")
    await town.settle()
    await town.file_all(opened.claim_no)
    for act, amount in ((town.seller, 2000), (town.buyer, 6000), (town.seller, 4000)):
        async with town.db.transaction() as tx:
            await actions.make_offer(
                tx,
                act,
                town.desk,
                opened.claim_no,
                remedy="price_reduction",
                amount_minor=amount,
                text="",
            )
    async with town.db.transaction() as tx:
        await actions.accept_offer(tx, town.buyer, town.desk, opened.claim_no, 2)
    await town.settle()
    assert sum(town.gateway.paid_back.values()) == 4000
    assert (await town.view(opened.claim_no)).state == "settled"


async def test_three_counter_offers_and_no_more(town: Town) -> None:
    await town.order(lines=unit_line(supplier=None))
    opened = await town.open("SND01", description="买的是国服卡，收到的是国际服，昨天晚上发现的")
    await town.settle()
    await town.file_all(opened.claim_no)
    sides = (town.seller, town.buyer, town.seller, town.buyer)
    for act in sides:
        async with town.db.transaction() as tx:
            await actions.make_offer(
                tx,
                act,
                town.desk,
                opened.claim_no,
                remedy="price_reduction",
                amount_minor=2000,
                text="",
            )
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="offer_limit"):
            await actions.make_offer(
                tx,
                town.seller,
                town.desk,
                opened.claim_no,
                remedy="price_reduction",
                amount_minor=3000,
                text="",
            )


async def test_an_appeal_is_decided_by_somebody_else_and_adds_what_was_missing(
    town: Town,
) -> None:
    await town.order(lines=unit_line(supplier=None))
    opened = await town.open("SND01", description="买的是国服卡，收到的是国际服，昨天晚上发现的")
    await town.settle()
    await town.file_all(opened.claim_no)
    async with town.db.transaction() as tx:
        await actions.decide_now(tx, town.buyer, town.desk, opened.claim_no)
    finding = next(iter(town.desk.pack.findings))
    half = Ruled(
        finding=finding, remedy="price_reduction", amount_minor=3000, shares={"seller": 100}
    )
    async with town.db.transaction() as tx:
        await staff_actions.decide_claim(tx, town.agent, town.desk, opened.claim_no, half)
    await town.settle()
    async with town.db.transaction() as tx:
        claim = await actions.appeal(
            tx, town.buyer, town.desk, opened.claim_no, disputed=["finding"], text="全都不能用"
        )
    assert claim.appeal is not None
    assert claim.appeal.reviewer_id != "xu"
    whole = Ruled(finding=finding, remedy="refund_full", amount_minor=9800, shares={"seller": 100})
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="conflict_of_interest"):
            await staff_actions.decide_appeal(
                tx, town.agent, town.desk, opened.claim_no, text="", views={}, ruled=whole
            )
    async with town.db.transaction() as tx:
        await staff_actions.decide_appeal(
            tx,
            town.act("lead", "qi"),
            town.desk,
            opened.claim_no,
            text="完全不能用",
            views={"finding": "changed"},
            ruled=whole,
        )
    await town.settle()
    assert sum(town.gateway.paid_back.values()) == 9800
    seen = await town.view(opened.claim_no)
    assert seen.state == "settled"
    assert len(seen.earlier_decisions) == 1


async def test_a_reissue_reaches_the_buyer_and_counts_against_the_payment(town: Town) -> None:
    await town.order()
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    from makegood.orders.stock.actions import add_stock
    from makegood.orders.stock.rules import NewStock

    async with town.db.transaction() as tx:
        new = NewStock(sku="XH-100", category="game_card", keys=("FRESH-KEY-0001",))
        await add_stock(tx, town.act("market"), town.vault, (), new)
    opened = await town.open("KEY01", wants="reissue")
    await town.settle()
    seen = await town.view(opened.claim_no, town.buyer)
    assert seen.state == "settled", steps(seen)
    assert [m.state for m in seen.money if m.kind == "reissue"] == ["arrived"]
    assert "reveal_replacement" in seen.may
    assert town.gateway.paid_back == {}
