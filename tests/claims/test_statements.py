"""A supplier's statement: every line is a line of the ledger, and every column adds up."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger.statements.agreements import put_agreement
from makegood.ledger.statements.disputes import (
    Dispute,
    FiledProof,
    NewDispute,
    add_proof,
    decide_dispute,
    disputes_of,
    give_line_up,
    open_dispute,
)
from makegood.ledger.statements.months import month_of
from makegood.ledger.statements.settlements import payable, record_settlement
from makegood.ledger.statements.statement import Statement, statement_of
from makegood.people.markets.actions import change_settings
from makegood.people.markets.store import load_market
from makegood.people.markets.terms import MoneyTerms
from tests.claims.town import SETTINGS, Town, unit_line
from tests.orders.making import PAID_AT

SHANGHAI = ZoneInfo("Asia/Shanghai")
SUPPLIER = "u-1"
PRICE = 9800


async def dead_key(town: Town, order_no: str = "O-1", **other: Any) -> str:
    """A claim about a key that the supplier itself calls dead; refunded, and the supplier owes."""
    contact = f"{order_no}@example.com"
    buyer = {"id": order_no, "contact": contact, "claim_code": "open sesame"}
    delivery = {"kind": "key", "delivered_at": PAID_AT.isoformat(), "keys": [f"KEY-{order_no}"]}
    await town.order(order_no, buyer=buyer, lines=unit_line(delivery=delivery), **other)
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    opened = await town.open("KEY01", order_no)
    await town.settle()
    return opened.claim_no


async def statement(town: Town) -> Statement:
    async with town.db.connection() as conn:
        return await statement_of(
            conn,
            "main",
            SUPPLIER,
            month_of(town.clock.now(), SHANGHAI),
            currency="CNY",
            now=town.clock.now(),
        )


async def settle(town: Town, minor: int, reference: str = "B-1") -> bool:
    async with town.db.transaction() as tx:
        operator = town.act("operator", "op")
        made = await record_settlement(
            tx, operator, town.desk.ids, SUPPLIER, Money(minor), reference
        )
    return made is not None


async def dispute(town: Town, claim_no: str, *, minor: int = PRICE) -> Dispute:
    new = NewDispute(claim_no=claim_no, owed_minor=minor, currency="CNY", text="时区换算错")
    async with town.db.transaction() as tx:
        act = town.act("supplier", SUPPLIER)
        return await open_dispute(tx, act, town.desk.ids, SUPPLIER, new, 48)


async def agree(town: Town, **shares: int) -> None:
    async with town.db.transaction() as tx:
        await put_agreement(
            tx,
            town.act("operator", "op"),
            SUPPLIER,
            shares={"*": 100} | shares,
            starts_at=PAID_AT - timedelta(days=1),
        )


async def test_m42_a_suppliers_fault_is_on_its_statement_and_the_books_agree(town: Town) -> None:
    claim_no = await dead_key(town)

    shown = await statement(town)

    assert [(line.kind, line.claim_no, line.amount_minor) for line in shown.lines] == [
        ("borne", claim_no, PRICE)
    ]
    assert all(line.matched for line in shown.lines)
    assert shown.reconciled
    assert (shown.totals.opening_minor, shown.totals.due_minor) == (0, PRICE)
    assert (shown.groups[0].claims, shown.groups[0].open_minor) == (1, PRICE)


async def test_the_agreed_share_is_the_suppliers_and_the_rest_the_sellers(town: Town) -> None:
    await town.order("O-0")
    await agree(town, key_invalid_supplier=60)
    await dead_key(town)

    shown = await statement(town)

    assert shown.totals.borne_minor == 5880
    assert shown.lines[0].percent == 60
    assert shown.reconciled


async def test_an_agreement_holds_for_goods_sold_after_it_began(town: Town) -> None:
    await town.order("O-0")
    async with town.db.transaction() as tx:
        later = PAID_AT + timedelta(minutes=1)
        act = town.act("operator", "op")
        await put_agreement(tx, act, SUPPLIER, shares={"*": 10}, starts_at=later)
    await dead_key(town)

    assert (await statement(town)).totals.borne_minor == PRICE


async def test_what_the_supplier_pays_goes_to_the_oldest_claim_once(town: Town) -> None:
    await dead_key(town, "O-1")
    await town.later(hours=1)
    await dead_key(town, "O-2")

    assert await settle(town, PRICE + 200)
    assert not await settle(town, PRICE + 200)

    shown = await statement(town)
    assert shown.totals.recovered_minor == PRICE + 200
    assert shown.totals.due_minor == PRICE - 200
    assert shown.reconciled
    with pytest.raises(Refused, match="exceeds_owed"):
        await settle(town, PRICE, "B-2")


async def test_a_month_opens_with_what_the_one_before_left(town: Town) -> None:
    await dead_key(town)
    await town.later(days=20)
    await settle(town, 800)

    shown = await statement(town)

    assert shown.month == "2026-12"
    assert (shown.totals.opening_minor, shown.totals.recovered_minor) == (PRICE, 800)
    assert shown.totals.due_minor == PRICE - 800
    assert shown.ageing.month_minor == PRICE - 800


async def test_a_payment_that_only_one_book_knows_stops_the_statement(town: Town) -> None:
    await dead_key(town)
    await settle(town, 800)
    async with town.db.transaction() as tx:
        await tx.execute("DELETE FROM supplier_settlement_part")

    shown = await statement(town)

    assert not shown.reconciled
    assert [(one.missing, one.amount_minor) for one in shown.differences] == [("documents", -800)]


async def test_a_disputed_line_is_not_paid_until_it_is_decided(town: Town) -> None:
    claim_no = await dead_key(town)
    await dispute(town, claim_no)

    assert (await statement(town)).disputed_minor == PRICE
    async with town.db.connection() as conn:
        assert await payable(conn, "main", SUPPLIER, "CNY") == []
    with pytest.raises(Refused, match="already_answered"):
        await dispute(town, claim_no)


async def test_a_line_is_kept_only_after_the_suppliers_time(town: Town) -> None:
    made = await dispute(town, await dead_key(town))
    operator = town.act("operator", "op")
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="too_early"):
            await decide_dispute(tx, operator, made.dispute_no, borne_by="", text="原文为准")
    town.clock.at += timedelta(hours=49)
    supplier = town.act("supplier", SUPPLIER)
    proof = FiledProof(sha256="ab" * 32, name="api.json", filed_at=town.clock.now())
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="too_late"):
            await add_proof(tx, supplier, SUPPLIER, made.dispute_no, proof)
    async with town.db.transaction() as tx:
        operator = town.act("operator", "op")
        kept = await decide_dispute(tx, operator, made.dispute_no, borne_by="", text="原文为准")

    assert kept.state == "kept"
    assert (await statement(town)).totals.due_minor == PRICE


@pytest.mark.parametrize("bearer", ["seller", "platform"])
async def test_an_accepted_dispute_leaves_the_statement(town: Town, bearer: str) -> None:
    made = await dispute(town, await dead_key(town))
    async with town.db.transaction() as tx:
        await decide_dispute(
            tx,
            town.act("operator", "op"),
            made.dispute_no,
            borne_by="seller" if bearer == "seller" else "platform",
            text="时区确实换算错",
            seller_id="s-1",
        )

    shown = await statement(town)

    assert shown.totals.due_minor == 0
    assert [line.kind for line in shown.lines] == ["borne", "reassigned"]
    assert shown.reconciled


async def test_where_agreements_are_required_goods_without_one_are_the_sellers(
    town: Town,
) -> None:
    async with town.db.transaction() as tx:
        market = await load_market(tx, "main")
        assert market is not None
        strict = msgspec.structs.replace(SETTINGS, money=MoneyTerms(agreements_required=True))
        await change_settings(tx, town.act("operator", "op"), strict, market.version)
    town.desk.markets.forget("main")

    view = await town.view(await dead_key(town))

    assert view.decision is not None
    assert view.decision.shares == {"seller": 100}
    assert (await statement(town)).lines == []


async def test_a_line_that_is_given_up_takes_its_open_dispute_with_it(town: Town) -> None:
    claim_no = await dead_key(town)
    other = await dead_key(town, "O-2")
    made, stays = await dispute(town, claim_no), await dispute(town, other)
    await town.later(days=91)
    async with town.db.transaction() as tx:
        lost = await give_line_up(
            tx,
            town.act("operator", "op"),
            proposed_by="qi",
            claim_no=claim_no,
            party="supplier",
            currency="CNY",
        )
    async with town.db.connection() as conn:
        disputes = {one.dispute_no: one for one in await disputes_of(conn, "main", SUPPLIER)}
    assert lost == PRICE
    assert (disputes[made.dispute_no].state, disputes[made.dispute_no].decided_by) == (
        "superseded",
        "op",
    )
    assert disputes[stays.dispute_no].state == "open"
