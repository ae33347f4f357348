"""What a seller is paid out: never what is claimed, longer after a false description."""

from datetime import timedelta

import msgspec
import pytest

from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.claims import actions, staff_actions
from makegood.claims import events as e
from makegood.claims import funds as funds_module
from makegood.claims import store as claim_store
from makegood.claims.approving import decide as decide_proposal
from makegood.claims.funds import funds_of, settle_due
from makegood.claims.guarding import free_sales, hold_sales, reason_by_hand
from makegood.claims.payouts import Payout, payout_of
from makegood.claims.staff_actions import Ruled
from makegood.claims.state import Recorded
from makegood.ledger.funds.actions import (
    entry_of,
    fill_deposit,
    pay_out,
    release_payout,
    standing_of,
    statement_of,
    want_payout,
)
from makegood.ledger.funds.rules import KIND_OF_SOURCE, Source, Standing, check_wish
from makegood.ledger.funds.store import entries_after, newest_entries, sum_entries
from makegood.people.approvals.actions import propose
from makegood.people.approvals.rules import Approver, NewProposal
from makegood.people.markets.rules import Seller
from makegood.people.markets.store import load_seller
from makegood.people.markets.terms import ContractTerms, MoneyTerms, hold_hours
from makegood.record import store as record_store
from tests.claims.town import SETTINGS, Town, unit_line
from tests.people.kit import ListeningDatabase

STORY = "商品页写的是专业版，激活后显示教育版，卖家不承认，已经试过两台电脑"


async def payout(town: Town, order_no: str = "O-1") -> Payout:
    async with town.db.connection() as conn:
        return await payout_of(conn, town.act("operator", "op"), order_no)


async def released(town: Town, days: float = 7) -> None:
    """Time passes until the hold of every order is over, and what is due is settled."""
    await town.later(days=days)
    async with town.db.transaction() as tx:
        await settle_due(tx, town.act("operator", "op"), "s-1", "CNY")


async def wish(town: Town, minor: int, source: Source = "balance", required: int = 0) -> str:
    async with town.db.transaction() as tx:
        made = await want_payout(
            tx,
            town.seller,
            town.desk.ids,
            "s-1",
            source=source,
            money=Money(minor),
            required_minor=required,
            by="of-s-1",
        )
    return made.payout_no


async def standing(town: Town) -> Standing:
    async with town.db.connection() as conn:
        return await standing_of(conn, "main", "s-1", 0, "CNY")


async def test_m93_an_open_claim_holds_its_amount_until_the_decision_is_executed(
    town: Town,
) -> None:
    await town.order(lines=unit_line(supplier=None))
    opened = await town.open("SND01", description=STORY)
    await town.later(days=7)

    held = (await payout(town)).held
    assert [(one.why, one.claim_no, one.amount.amount_minor) for one in held] == [
        ("claim", opened.claim_no, 9800)
    ]
    assert (await payout(town)).allowed_minor == 0

    placed = [one.event for one in await history(town, opened.claim_no) if holds(one.event)]
    assert placed == [
        e.PayoutHeld(
            claim_no=opened.claim_no,
            seller_id="s-1",
            amount_minor=9800,
            currency="CNY",
            rule="open_claim",
            until=max(one.at for one in opened.deadlines),
        )
    ]


async def test_the_end_of_a_claim_lets_go_of_its_hold_and_says_why(town: Town) -> None:
    await town.order(lines=unit_line(supplier=None))
    opened = await town.open("SND01", description=STORY)
    async with town.db.transaction() as tx:
        await actions.withdraw(tx, town.buyer, town.desk, opened.claim_no)

    told = [one.event for one in await history(town, opened.claim_no)]
    ended = [told[at + 1] for at, event in enumerate(told) if isinstance(event, e.PayoutFreed)]
    assert [e.event_name(event) for event in ended] == ["claim_withdrawn"]
    [freed] = [event for event in told if isinstance(event, e.PayoutFreed)]
    assert (freed.amount_minor, freed.seller_id, freed.why) == (9800, "s-1", "withdrawn")


async def test_an_appeal_holds_again_and_lets_go_again(town: Town) -> None:
    claim_no = await falsely_described(town)
    async with town.db.transaction() as tx:
        await actions.appeal(
            tx, town.seller, town.desk, claim_no, disputed=["finding"], text="看记录"
        )

    told = [e.event_name(one.event) for one in await history(town, claim_no) if holds(one.event)]
    assert told == ["payout_held", "sales_held", "payout_freed", "payout_held"]


async def test_a_complaint_about_our_own_people_keeps_nothing_from_the_seller(town: Town) -> None:
    await town.order(lines=unit_line(supplier=None))
    opened = await town.open("SRV01", description="客服态度很差，一直让我等")
    await town.later(days=7)

    assert (await payout(town)).held == []
    assert not [one for one in await history(town, opened.claim_no) if holds(one.event)]


async def test_a_new_seller_waits_three_days_longer(town: Town) -> None:
    await town.order()
    await town.later(hours=72)
    assert (await payout(town)).allowed_minor == 0
    await town.later(hours=72)
    assert (await payout(town)).allowed_minor == 9800


@pytest.mark.parametrize(
    ("category", "tier", "new", "hours"),
    [
        ("game_card", "B", False, 72),
        ("game_card", "B", True, 144),
        ("account", "A", False, 7 * 24),
        ("account", "B", False, 14 * 24),
        ("account", "D", False, 30 * 24),
        ("account/steam", "B", False, 14 * 24),
        ("unheard_of", "B", False, 72),
    ],
)
def test_holds_are_by_category_and_tier(category: str, tier: str, new: bool, hours: int) -> None:
    assert hold_hours(MoneyTerms(), category, tier, new_seller=new) == hours


def test_m60_a_contract_may_hold_shorter() -> None:
    terms = MoneyTerms(contracts={"k-1": ContractTerms(hold_hours={"account": 24})})
    assert hold_hours(terms, "account", "D", new_seller=True, contract_id="k-1") == 24
    assert hold_hours(terms, "account", "D", contract_id="k-2") == 720


async def test_m77_a_false_description_puts_the_seller_into_escrow_mode(town: Town) -> None:
    await town.order("O-2")
    claim_no = await falsely_described(town)

    async with town.db.connection() as conn:
        seller = await load_seller(conn, "main", "s-1")
    assert seller is not None
    assert seller.escrow_claim_no == claim_no
    [held] = [
        one.event for one in await history(town, claim_no) if isinstance(one.event, e.SalesHeld)
    ]
    decided = await decision_of(town, claim_no)
    assert held.rule == f"{decided.rule_id}@{decided.rule_version}"
    assert (held.seller_id, held.amount_minor, held.until) == ("s-1", 19_600, None)
    await town.later(days=20)
    assert [one.why for one in (await payout(town, "O-2")).held] == ["escrow"]


async def test_escrow_mode_by_hand_needs_a_reason_and_is_recorded_both_ways(town: Town) -> None:
    await town.order()
    operator = town.act("operator", "op")
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="reason_needed"):
            await hold_sales(tx, operator, town.desk.ids, "s-1", "CNY", " ")
    async with town.db.transaction() as tx:
        await hold_sales(tx, operator, town.desk.ids, "s-1", "CNY", "三笔订单描述不符")
        await hold_sales(tx, operator, town.desk.ids, "s-1", "CNY", "再点一次")
    async with town.db.transaction() as tx:
        assert await reason_by_hand(tx, "main", "s-1") == "三笔订单描述不符"
        await free_sales(tx, operator, town.desk.ids, "s-1", "CNY", "已改正")
        told = await record_store.load(tx, "main", "payouts/s-1")
        seller = await load_seller(tx, "main", "s-1")
    assert seller is not None
    assert seller.escrow_since is None
    assert [(one.name, one.fields()["why"], one.actor_id) for one in told] == [
        ("sales_held", "三笔订单描述不符", "op"),
        ("sales_freed", "已改正", "op"),
    ]
    assert told[0].fields()["amount_minor"] == 9800


async def falsely_described(town: Town) -> str:
    """A claim whose goods were not as described, decided by a person and carried out."""
    await town.order(lines=unit_line(supplier=None))
    opened = await town.open("SND01", description=STORY)
    await town.file_all(opened.claim_no)
    async with town.db.transaction() as tx:
        await actions.decide_now(tx, town.buyer, town.desk, opened.claim_no)
    ruled = Ruled(finding="not_as_described", remedy="refund_full", shares={"seller": 100})
    async with town.db.transaction() as tx:
        await staff_actions.decide_claim(tx, town.agent, town.desk, opened.claim_no, ruled)
    await town.settle()
    return opened.claim_no


async def history(town: Town, claim_no: str) -> list[Recorded]:
    async with town.db.connection() as conn:
        loaded = await claim_store.load(conn, "main", claim_no)
    assert loaded is not None
    return loaded.history


def holds(event: e.AnyEvent) -> bool:
    return isinstance(event, e.PayoutHeld | e.PayoutFreed | e.SalesHeld | e.SalesFreed)


async def decision_of(town: Town, claim_no: str) -> e.Decision:
    async with town.db.connection() as conn:
        loaded = await claim_store.load(conn, "main", claim_no)
    assert loaded is not None
    assert loaded.claim.decision is not None
    return loaded.claim.decision


async def test_what_is_settled_is_asked_for_released_by_another_and_paid_once(town: Town) -> None:
    await town.order()
    await released(town)
    await town.later(hours=1)
    number = await wish(town, 9800)
    assert (await standing(town)).balance_minor == 0
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="not_your_turn"):
            await pay_out(tx, town.act("operator", "op"), number, "B-9")
    async with town.db.transaction() as tx:
        await release_payout(tx, town.act("operator", "op"), number)
        await pay_out(tx, town.act("operator", "op"), number, "B-9")

    async with town.db.connection() as conn:
        since, until = town.clock.at - timedelta(days=30), town.clock.at + timedelta(days=1)
        asked = statement_of("main", "s-1", "CNY", since, until)
        entries = [entry_of(row) for row in await entries_after(conn, asked, 10, None)]
        newest = [entry_of(row) for row in await newest_entries(conn, asked, 1)]
        assert await sum_entries(conn, asked) == (2, 0)
    assert newest == entries[1:]
    assert [(one.recipe, one.amount_minor) for one in entries] == [
        ("settlement", 9800),
        ("payout", -9800),
    ]


async def test_a_deposit_goes_back_only_when_two_people_agree(town: Town) -> None:
    await town.order()
    await released(town)
    async with town.db.transaction() as tx:
        await fill_deposit(tx, town.seller, town.desk.ids, "s-1", Money(5000))
    number = await wish(town, 2000, "deposit", required=3000)
    new = NewProposal(kind=KIND_OF_SOURCE["deposit"], subject=number, why="卖家退出")
    async with town.db.transaction() as tx:
        made = await propose(
            tx, town.act("operator", "op"), town.desk.ids, new, by="op", by_name="运营"
        )
    async with town.db.transaction() as tx:
        approver = Approver(person_id="qi", name="周琪", role="lead", proven_at=town.clock.now())
        act = town.act("lead", "qi")
        await decide_proposal(tx, act, town.desk, approver, made.proposal_no, "approved")
    async with town.db.transaction() as tx:
        await pay_out(tx, town.act("operator", "op"), number, "B-10")

    assert (await standing(town)).deposit_minor == 3000


def test_below_the_required_deposit_the_missing_part_stays() -> None:
    poor = Standing(balance_minor=900, deposit_minor=500, required_minor=800, owed_minor=100)
    assert poor.free_minor == 500
    check_wish(poor, "balance", 500)
    with pytest.raises(Refused, match="deposit_low"):
        check_wish(poor, "balance", 501)
    with pytest.raises(Refused, match="exceeds_free"):
        check_wish(poor, "balance", 901)
    with pytest.raises(Refused, match="exceeds_free"):
        check_wish(poor, "deposit", 1)


async def test_the_page_of_funds_adds_up(town: Town) -> None:
    await town.order()
    await town.order("O-2")
    async with town.db.connection() as conn:
        act = town.act("operator", "op")
        funds = await funds_of(conn, act, SETTINGS, Seller(seller_id="s-1", name="小满"))

    assert funds.escrow_minor == 19_600
    assert sum(order.escrow_minor for order in funds.orders) == funds.escrow_minor
    assert funds.due_minor == 0


async def test_a_long_list_of_orders_costs_as_many_queries_as_a_short_one(town: Town) -> None:
    listening = ListeningDatabase(town.db)
    act, seller = town.act("operator", "op"), Seller(seller_id="s-1", name="小满")
    deposits = msgspec.structs.replace(SETTINGS.money.deposits, asked=True)
    terms = msgspec.structs.replace(SETTINGS.money, deposits=deposits)
    settings = msgspec.structs.replace(SETTINGS, money=terms)

    async def statements() -> int:
        async with listening.connection() as conn:
            await funds_of(conn, act, settings, seller)
        return len(listening.taken())

    await town.order("O-1")
    one = await statements()
    for number in range(2, 12):
        await town.order(f"O-{number}")
    await town.open("SND01", "O-5", description=STORY)

    assert await statements() == one
    assert one < 20


async def test_what_is_held_is_shown_first_and_keeps_no_newer_order_from_being_settled(
    town: Town,
) -> None:
    for number in range(funds_module.SETTLED_AT_ONCE):
        account = unit_line(category="account", unit_price_minor=9800)
        await town.order(f"O-{number}", lines=account)
    later = town.clock.at.isoformat()
    await town.order("O-key", lines=unit_line(unit_price_minor=9800), placed_at=later)
    opened = await town.open("SND01", "O-key", description=STORY)

    async with town.db.connection() as conn:
        act = town.act("operator", "op")
        funds = await funds_of(conn, act, SETTINGS, Seller(seller_id="s-1", name="小满"))
    assert funds.orders[0].order_no == "O-key"
    assert funds.orders[0].held[0].claim_no == opened.claim_no
    assert funds.claimed_minor == 9800
    assert funds.more

    async with town.db.transaction() as tx:
        await actions.withdraw(tx, town.buyer, town.desk, opened.claim_no)
    await released(town, days=7)
    assert (await standing(town)).balance_minor == 9800, "past a hundred that are held"
