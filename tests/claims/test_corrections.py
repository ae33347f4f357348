"""A changed decision: money, debts, statements and funds follow it by themselves, once."""

import asyncio
from datetime import timedelta
from itertools import permutations

from makegood.base.money import Money
from makegood.claims import actions, staff_actions, store
from makegood.claims import events as e
from makegood.claims.restoring import bearing_now, bearing_wanted, correct_bearing
from makegood.claims.staff_actions import Ruled
from makegood.ledger.accounts import (
    channel_balance,
    escrow,
    seller_balance,
    supplier_balance,
)
from makegood.ledger.actions import balances, totals
from makegood.ledger.advance.actions import (
    approve_write_off,
    open_advances,
    put_into_fund,
    record_recovery,
    take_from_fund,
)
from makegood.ledger.audit import audit
from makegood.ledger.audits.minute import audit_minute
from makegood.ledger.coupons.actions import coupons_of_claim
from makegood.ledger.refund.actions import refunds_of_claim
from makegood.ledger.statements.channels import month_of_channels
from makegood.ledger.statements.disputes import decide_dispute, disputes_of
from makegood.ledger.statements.months import month_of
from makegood.ledger.statements.statement import Statement, statement_of
from makegood.worker.books import net_all
from tests.claims.test_appeals import claim_of
from tests.claims.test_statements import (
    PRICE,
    SHANGHAI,
    SUPPLIER,
    agree,
    dead_key,
    dispute,
    settle,
    statement,
)
from tests.claims.town import Town
from tests.orders.making import PAID_AT

FUND = 10_000_000


def ruled(amount_minor: int | None = None, **shares: int) -> Ruled:
    return Ruled(
        finding="not_as_described",
        remedy="refund_full",
        amount_minor=amount_minor,
        shares=shares,
        reason_text="对照了记录",
        reason_for_departure="记录在案",
    )


LATE_COUPON = 300


def late(finding: str, **shares: int) -> Ruled:
    return Ruled(
        finding=finding,
        remedy="coupon",
        amount_minor=LATE_COUPON,
        shares=shares,
        reason_text="对照了承诺的时间",
        reason_for_departure="记录在案",
    )


async def late_by_the_supplier(town: Town) -> str:
    """A claim that ended with a coupon which the supplier owes for."""
    await town.order()
    opened = await town.open("SND01", description="买的是国服卡，收到的是国际服")
    await town.settle()
    await town.file_all(opened.claim_no)
    ruling = late("delivered_late_supplier", supplier=100)
    async with town.db.transaction() as tx:
        await staff_actions.decide_claim(tx, town.agent, town.desk, opened.claim_no, ruling)
    await town.settle()
    return opened.claim_no


async def overturn(town: Town, claim_no: str, side: e.Party, ruling: Ruled) -> None:
    """A side appeals the standing decision, another one takes its place, and jobs run."""
    town.clock.at += timedelta(minutes=1)
    await dispute_decision(town, claim_no, side)
    await change(town, claim_no, ruling)
    await town.settle()


async def dispute_decision(town: Town, claim_no: str, side: e.Party) -> None:
    act = town.seller if side == "seller" else town.buyer
    async with town.db.transaction() as tx:
        await actions.appeal(tx, act, town.desk, claim_no, disputed=["finding"], text="再看一遍")


async def change(town: Town, claim_no: str, ruling: Ruled) -> None:
    """The reviewer answers the appeal with another decision."""
    filed = (await claim_of(town, claim_no)).appeal
    assert filed is not None
    async with town.db.transaction() as tx:
        await staff_actions.decide_appeal(
            tx,
            town.act("agent", filed.reviewer_id),
            town.desk,
            claim_no,
            text="看过",
            views={},
            ruled=ruling,
        )


async def owed(town: Town) -> dict[str, int]:
    async with town.db.connection() as conn:
        return {one.party: one.open_minor for one in await open_advances(conn, "main", "CNY")}


async def has(town: Town, account: str) -> int:
    async with town.db.connection() as conn:
        return (await balances(conn, "main", [account]))[account].available_minor


async def sums(town: Town) -> dict[str, int]:
    kinds = ["guarantee_fund", "guarantee_quota", "compensation_cost", "bad_debt", "fund_transit"]
    async with town.db.connection() as conn:
        return {kind: one.posted_minor for kind, one in (await totals(conn, "main", kinds)).items()}


async def lies_right(town: Town, claim_no: str, percent: int = 100) -> bool:
    """Whether everybody bears what the standing decision says, by the claim's own record."""
    claim = await claim_of(town, claim_no)
    async with town.db.connection() as conn:
        refunds = await refunds_of_claim(conn, "main", claim_no)
    arrived = [one for one in refunds if one.state == "arrived"]
    _, bears = bearing_now(claim, arrived, [])
    percents = {one.unit: percent for one in arrived}
    return bears == bearing_wanted(claim, arrived, percents, [])


async def check_books(town: Town) -> None:
    """All audits find nothing, and the supplier's statement is the ledger line by line."""
    async with town.db.connection() as conn:
        assert await audit(conn, "main", town.clock.now()) == []
    assert await audit_minute(town.db, town.clock.now()) == []
    assert (await statement(town)).differences == []


async def issued_in(town: Town, days_ago: int) -> Statement:
    """The statement of an earlier month, as it reads today."""
    async with town.db.connection() as conn:
        month = month_of(town.clock.now() - timedelta(days=days_ago), SHANGHAI)
        return await statement_of(
            conn, "main", SUPPLIER, month, currency="CNY", now=town.clock.now()
        )


async def test_a_supplier_that_owes_is_relieved_by_a_line_of_its_own(town: Town) -> None:
    claim_no = await dead_key(town)
    [line] = (await statement(town)).lines

    await overturn(town, claim_no, "seller", ruled(platform=100))

    shown = await statement(town)
    borne, corrected = shown.lines
    assert (corrected.kind, corrected.claim_no, corrected.amount_minor) == (
        "corrected",
        claim_no,
        -PRICE,
    )
    assert (corrected.corrects, corrected.appeal_no, corrected.decision_no) == (line.number, 1, 2)
    assert borne.number == line.number
    assert borne.corrected_by == (corrected.number,)
    assert shown.totals.due_minor == 0
    assert await owed(town) == {}
    assert (await sums(town))["guarantee_fund"] == FUND, "the market's own cost, not the fund's"
    await check_books(town)


async def test_a_supplier_that_has_paid_gets_it_set_off_and_no_issued_line_changes(
    town: Town,
) -> None:
    claim_no = await dead_key(town)
    await settle(town, PRICE)
    await town.later(days=1)
    before = await statement(town)
    await dispute_decision(town, claim_no, "seller")
    town.clock.at += timedelta(days=15)
    await change(town, claim_no, ruled(platform=100))
    await town.settle()

    issued = await issued_in(town, 15)
    assert (issued.lines, issued.totals, issued.groups) == (
        before.lines,
        before.totals,
        before.groups,
    )
    shown = await statement(town)
    assert [(one.kind, one.amount_minor) for one in shown.lines] == [("corrected", -PRICE)]
    assert shown.totals.due_minor == -PRICE
    assert await has(town, supplier_balance(SUPPLIER)) == PRICE

    await dead_key(town, "O-2")
    await net_all(town.db, town.clock)

    shown = await statement(town)
    assert shown.totals.due_minor == 0
    assert await has(town, supplier_balance(SUPPLIER)) == 0
    assert await owed(town) == {}
    assert (await sums(town))["guarantee_fund"] == FUND
    await check_books(town)


async def test_what_a_seller_bore_becomes_the_suppliers_and_the_seller_has_it_back(
    town: Town,
) -> None:
    claim_no = await dead_key(town)
    held = await has(town, escrow("O-1"))
    await overturn(town, claim_no, "seller", ruled(seller=100))
    assert await owed(town) == {}
    assert held - await has(town, escrow("O-1")) == PRICE

    await overturn(town, claim_no, "buyer", ruled(supplier=100))

    assert await owed(town) == {"supplier": PRICE}
    shown = await statement(town)
    assert [one.amount_minor for one in shown.lines] == [PRICE, -PRICE, PRICE]
    assert [one.appeal_no for one in shown.lines] == [0, 1, 2]
    assert shown.groups[0].open_minor == PRICE
    assert await has(town, seller_balance("s-1")) == PRICE
    await check_books(town)


async def test_it_happens_once_however_often_it_is_asked_for(town: Town) -> None:
    claim_no = await dead_key(town)
    await overturn(town, claim_no, "seller", ruled(platform=60, seller=40))
    before = await sums(town), (await claim_of(town, claim_no)).version
    for _ in range(2):
        async with town.db.transaction() as tx:
            again = await correct_bearing(tx, town.act("system"), town.desk, claim_no)
        assert again is not None
        assert again.corrections == []
    assert (await sums(town), (await claim_of(town, claim_no)).version) == before


async def test_several_workers_at_once_move_it_once(town: Town) -> None:
    claim_no = await dead_key(town)
    await dispute_decision(town, claim_no, "seller")
    await change(town, claim_no, ruled(seller=100))

    async def run() -> int:
        async with town.db.transaction() as tx:
            done = await correct_bearing(tx, town.act("system"), town.desk, claim_no)
        assert done is not None
        return sum(one.amount_minor for one in done.corrections)

    moved = await asyncio.gather(*(run() for _ in range(4)))

    assert sorted(moved) == [0, 0, 0, PRICE]
    await town.settle()
    assert await lies_right(town, claim_no)
    await check_books(town)


async def test_every_posting_names_claim_rule_and_event(town: Town) -> None:
    claim_no = await dead_key(town)
    await overturn(town, claim_no, "seller", ruled(seller=50, platform=50))
    claim = await claim_of(town, claim_no)
    assert claim.decision is not None
    rule = f"{claim.decision.rule_id}@{claim.decision.rule_version}"
    async with town.db.connection() as conn:
        rows = await conn.fetch(
            "select claim_no, rule, id::text from transfer where recipe = 'corrected'"
        )
        loaded = await store.load(conn, "main", claim_no)
    assert loaded is not None
    [told] = [one.event for one in loaded.history if isinstance(one.event, e.BearingCorrected)]
    assert {(row["claim_no"], row["rule"]) for row in rows} == {(claim_no, rule)}
    assert {row["id"] for row in rows} == set(told.transfers)


async def test_what_the_new_decision_would_not_give_the_market_bears(town: Town) -> None:
    claim_no = await dead_key(town)
    await overturn(town, claim_no, "seller", ruled(4000, seller=100))
    claim = await claim_of(town, claim_no)
    assert {(one.giver, one.taker): one.amount_minor for one in claim.shifted} == {
        ("supplier", "seller"): 4000,
        ("supplier", "platform"): PRICE - 4000,
    }
    await check_books(town)


async def test_the_agreed_share_holds_for_what_an_appeal_lays_on_a_supplier(town: Town) -> None:
    await town.order("O-0")
    await agree(town, not_as_described=60)
    claim_no = await dead_key(town)
    await overturn(town, claim_no, "seller", ruled(platform=100))

    await overturn(town, claim_no, "buyer", ruled(supplier=100))

    assert await owed(town) == {"supplier": PRICE * 60 // 100}
    assert await lies_right(town, claim_no, 60)
    await check_books(town)


async def test_a_supplier_is_charged_when_the_fund_has_room_for_it(town: Town) -> None:
    claim_no = await dead_key(town)
    await overturn(town, claim_no, "seller", ruled(seller=100))
    async with town.db.transaction() as tx:
        await take_from_fund(tx, town.act("operator", "op"), "out", Money(FUND - 1000))

    await overturn(town, claim_no, "buyer", ruled(supplier=100))

    assert await owed(town) == {"supplier": 1000}
    assert await has(town, seller_balance("s-1")) == PRICE, "the seller does not wait"
    [_, last] = (await town.view(claim_no)).appeals
    assert last.waiting_minor == PRICE - 1000
    await check_books(town)

    async with town.db.transaction() as tx:
        await put_into_fund(tx, town.act("operator", "op"), "in", Money(FUND))
    await town.later(hours=1)

    assert await owed(town) == {"supplier": PRICE}
    assert (await town.view(claim_no)).appeals[-1].waiting_minor == 0
    assert await lies_right(town, claim_no)
    await check_books(town)


async def test_an_open_dispute_ends_with_the_debt_it_was_about(town: Town) -> None:
    claim_no = await dead_key(town)
    made = await dispute(town, claim_no)
    await overturn(town, claim_no, "seller", ruled(platform=100))
    async with town.db.connection() as conn:
        [ended] = await disputes_of(conn, "main", SUPPLIER)
    assert (ended.dispute_no, ended.state) == (made.dispute_no, "superseded")
    await check_books(town)


async def test_what_an_accepted_dispute_took_off_a_supplier_stays_off(town: Town) -> None:
    claim_no = await dead_key(town)
    made = await dispute(town, claim_no)
    async with town.db.transaction() as tx:
        operator = town.act("operator", "op")
        await decide_dispute(tx, operator, made.dispute_no, borne_by="platform", text="原文为准")
    await overturn(town, claim_no, "seller", ruled(supplier=100))
    assert await owed(town) == {}
    assert (await claim_of(town, claim_no)).shifted == ()

    await overturn(town, claim_no, "buyer", ruled(seller=100))

    claim = await claim_of(town, claim_no)
    assert [(one.giver, one.taker, one.amount_minor) for one in claim.shifted] == [
        ("platform", "seller", PRICE)
    ]
    await check_books(town)


async def test_a_debt_that_was_given_up_is_nobodys_credit(town: Town) -> None:
    claim_no = await dead_key(town)
    await dispute_decision(town, claim_no, "seller")
    town.clock.at += timedelta(days=91)
    async with town.db.transaction() as tx:
        await approve_write_off(
            tx,
            town.act("operator", "op"),
            proposed_by="qi",
            claim_no=claim_no,
            party="supplier",
            currency="CNY",
        )
    await change(town, claim_no, ruled(platform=100))
    await town.settle()

    assert await has(town, supplier_balance(SUPPLIER)) == 0
    assert (await sums(town))["bad_debt"] == 0
    assert (await sums(town))["compensation_cost"] == PRICE
    await check_books(town)


async def test_a_channels_part_is_corrected_like_a_suppliers(town: Town) -> None:
    claim_no = await dead_key(town)
    await overturn(town, claim_no, "seller", ruled(channel=100))
    assert await owed(town) == {"channel": PRICE}
    async with town.db.transaction() as tx:
        operator = town.act("operator", "op")
        await record_recovery(tx, operator, "B-9", claim_no, "channel", Money(PRICE))

    await overturn(town, claim_no, "buyer", ruled(supplier=100))

    assert await owed(town) == {"supplier": PRICE}
    assert await has(town, channel_balance("epay")) == PRICE
    await check_books(town)


async def test_a_channels_credit_pays_its_own_debts_and_its_statement_is_its_account(
    town: Town,
) -> None:
    gave_back = await dead_key(town)
    await overturn(town, gave_back, "seller", ruled(channel=100))
    async with town.db.transaction() as tx:
        operator = town.act("operator", "op")
        await record_recovery(tx, operator, "B-9", gave_back, "channel", Money(PRICE))
    await overturn(town, gave_back, "buyer", ruled(supplier=100))
    through_other = {
        "gateway": "alipay",
        "trade_no": "T-O-2",
        "amount_minor": PRICE,
        "paid_at": PAID_AT.isoformat(),
    }
    owing = await dead_key(town, "O-2", payments=[through_other])
    await overturn(town, owing, "seller", ruled(channel=100))

    assert (await has(town, channel_balance("epay")), (await owed(town))["channel"]) == (
        PRICE,
        PRICE,
    )
    shown = await channels(town)
    assert shown == {"alipay": PRICE, "epay": -PRICE}

    again = await dead_key(town, "O-3")
    await overturn(town, again, "seller", ruled(channel=100))

    assert await has(town, channel_balance("epay")) == 0
    assert await channels(town) == {"alipay": PRICE, "epay": 0}
    await check_books(town)


async def channels(town: Town) -> dict[str, int]:
    """What each channel owes by its statement."""
    async with town.db.connection() as conn:
        month = month_of(town.clock.now(), SHANGHAI)
        found = await month_of_channels(
            conn, "main", month, currency="CNY", now=town.clock.now(), channel=""
        )
    return {one.channel: one.totals.due_minor for one in found.sums}


async def test_the_coupon_for_a_suppliers_broken_promise_follows_the_decision_too(
    town: Town,
) -> None:
    claim_no = await late_by_the_supplier(town)
    assert await owed(town) == {"sla": LATE_COUPON}

    await overturn(town, claim_no, "seller", late("delivered_late", platform=100))

    assert await owed(town) == {}
    shown = await statement(town)
    assert [(one.kind, one.amount_minor) for one in shown.lines] == [
        ("sla", LATE_COUPON),
        ("corrected", -LATE_COUPON),
    ]
    await check_books(town)

    await overturn(town, claim_no, "buyer", late("delivered_late_supplier", supplier=100))

    assert await owed(town) == {"sla": LATE_COUPON}
    assert (await statement(town)).totals.due_minor == LATE_COUPON
    async with town.db.connection() as conn:
        given = await coupons_of_claim(conn, "main", claim_no)
    assert len(given) == 1, "the buyer has the one coupon, whoever pays for it"
    await check_books(town)


async def test_whoever_bore_it_everybody_bears_what_the_last_decision_says(town: Town) -> None:
    """Two changes in a row, over all pairs, with half of what is owed paid in between."""
    shares = [{"seller": 100}, {"supplier": 70, "seller": 30}, {"platform": 55, "channel": 45}]
    pairs = permutations(shares, 2)
    for place, (first, second) in enumerate(pairs, start=1):
        claim_no = await dead_key(town, f"O-{place}")
        await overturn(town, claim_no, "seller", ruled(**first))
        assert await lies_right(town, claim_no)
        due = (await statement(town)).totals.due_minor
        if due > 1:
            await settle(town, due // 2, f"B-{place}")
        await overturn(town, claim_no, "buyer", ruled(**second))
        assert await lies_right(town, claim_no)
        await check_books(town)
