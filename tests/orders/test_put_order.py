"""Orders in PostgreSQL: versions only grow, payments are booked once, secrets stay sealed."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.ledger.actions import balances, refundable_minor
from makegood.orders import actions, key_store, sealing, store
from makegood.orders.actions import PutResult, put_order, put_orders
from makegood.store.database import Database
from makegood.store.vault import Vault
from tests.orders.conftest import act
from tests.orders.making import PAID_AT, line, order

UNIT = UnitRef("O-1", 1, 1)
LATER = (PAID_AT + timedelta(minutes=10)).isoformat()
SOONER = (PAID_AT - timedelta(minutes=1)).isoformat()


async def put(db: Database, vault: Vault, **other: Any) -> PutResult:
    async with db.transaction() as tx:
        return await put_order(tx, act(), vault, order(**other))


async def test_the_first_put_makes_version_1(market: Database, vault: Vault) -> None:
    assert await put(market, vault) == PutResult(order_no="O-1", version=1, changed=True)


async def test_the_same_order_again_makes_no_version(market: Database, vault: Vault) -> None:
    await put(market, vault)
    again = await put(market, vault, updated_at=LATER)
    assert again == PutResult(order_no="O-1", version=1, changed=False)


async def test_every_change_appends_a_version(market: Database, vault: Vault) -> None:
    await put(market, vault)
    changed = await put(market, vault, updated_at=LATER, state="closed")
    async with market.connection() as conn:
        first = await store.load_version(conn, "main", "O-1", 1)
        newest = await store.load_order(conn, "main", "O-1")
    assert changed.version == 2
    assert first is not None
    assert first.order.state == "delivered"
    assert newest is not None
    assert newest.order.state == "closed"


async def test_an_older_state_never_overwrites_a_newer_one(market: Database, vault: Vault) -> None:
    await put(market, vault, updated_at=LATER)
    with pytest.raises(Refused) as refusal:
        await put(market, vault, updated_at=SOONER, state="paid")
    assert refusal.value.code == "stale_order"


async def test_what_is_older_than_an_unchanged_telling_is_stale(
    market: Database, vault: Vault
) -> None:
    await put(market, vault, updated_at=SOONER)
    await put(market, vault, updated_at=LATER)
    with pytest.raises(Refused, match="stale_order"):
        await put(market, vault, state="closed")


async def test_an_order_from_the_future_is_refused_and_leaves_nothing(
    market: Database, vault: Vault
) -> None:
    ahead = (PAID_AT + timedelta(hours=1, minutes=6)).isoformat()
    async with market.transaction() as tx:
        [refused] = await put_orders(tx, act(), vault, [order(updated_at=ahead)])
        heads = await tx.fetchval("SELECT count(*) FROM order_head")
    assert isinstance(refused, Refused)
    assert heads == 0


async def test_the_database_holds_no_secret_in_the_clear(market: Database, vault: Vault) -> None:
    await put(market, vault)
    async with market.connection() as conn:
        rows = await conn.fetch("SELECT snapshot AS b FROM order_version")
        rows += await conn.fetch("SELECT sealed || key_hash AS b FROM order_key")
        rows += await conn.fetch("SELECT claim_code_hash AS b FROM order_head")
    stored = b"".join(row["b"] for row in rows)
    assert b"XH-SECRET" not in stored
    assert b"sesame" not in stored


async def test_the_query_password_is_found_by_its_keyed_hash(
    market: Database, vault: Vault
) -> None:
    await put(market, vault)
    async with market.connection() as conn:
        found = await store.load_order_contact(conn, "main", "O-1")
    assert found is not None
    assert found.claim_code_hash == sealing.claim_code_hash(vault, "main", "O-1", "open sesame")


async def test_payments_are_booked_once(market: Database, vault: Vault) -> None:
    await put(market, vault)
    await put(market, vault, updated_at=LATER, state="closed")
    async with market.connection() as conn:
        escrow = await balances(conn, "main", ["escrow:O-1"])
        refundable = await refundable_minor(conn, "main", UNIT)
    assert escrow["escrow:O-1"].posted_minor == 9800
    assert refundable == 9800


async def test_a_payment_cannot_change_its_amount(market: Database, vault: Vault) -> None:
    await put(market, vault)
    other = [
        {
            "gateway": "epay",
            "trade_no": "T-O-1",
            "amount_minor": 1,
            "paid_at": PAID_AT.isoformat(),
        }
    ]
    with pytest.raises(Refused) as refusal:
        await put(market, vault, updated_at=LATER, payments=other)
    assert refusal.value.code == "payment_changed"


async def test_a_refused_row_leaves_the_others_of_its_batch_alone(
    market: Database, vault: Vault
) -> None:
    stolen_trade = order("O-2").payments
    clash = order(
        "O-3",
        payments=[
            {
                "gateway": "epay",
                "trade_no": "T-O-2",
                "amount_minor": 9800,
                "paid_at": PAID_AT.isoformat(),
            }
        ],
    )
    assert stolen_trade
    async with market.transaction() as tx:
        results = await put_orders(tx, act(), vault, [order("O-2"), clash, order("O-4")])
        heads = await tx.fetchval("SELECT count(*) FROM order_head")
    kinds = [type(result) for result in results]
    assert kinds == [PutResult, Refused, PutResult]
    assert heads == 2


async def test_the_same_order_twice_in_a_batch_is_taken_in_order(
    market: Database, vault: Vault
) -> None:
    twice = [order(state="delivering"), order(updated_at=LATER)]
    async with market.transaction() as tx:
        results = await put_orders(tx, act(), vault, twice)
    assert [r.version for r in results if isinstance(r, PutResult)] == [1, 2]


async def test_one_order_put_20_times_at_once_has_one_version(
    market: Database, vault: Vault
) -> None:
    results = await asyncio.gather(*(put(market, vault) for _ in range(20)))
    async with market.connection() as conn:
        versions = await conn.fetchval("SELECT count(*) FROM order_version")
        escrow = await balances(conn, "main", ["escrow:O-1"])
    assert sum(result.changed for result in results) == 1
    assert versions == 1
    assert escrow["escrow:O-1"].posted_minor == 9800


async def test_a_key_left_out_later_is_still_known(market: Database, vault: Vault) -> None:
    await put(market, vault)
    without = line(delivery={"kind": "key", "delivered_at": PAID_AT.isoformat()})
    again = await put(market, vault, updated_at=LATER, lines=[without])
    async with market.connection() as conn:
        found = await actions.load_unit_facts(conn, "main", UNIT)
    assert found is not None
    assert found.has_key
    assert not again.changed


async def test_another_key_for_a_unit_becomes_its_next_generation(
    market: Database, vault: Vault
) -> None:
    await put(market, vault)
    delivery = {"kind": "key", "delivered_at": PAID_AT.isoformat(), "keys": ["XH-SECRET-2"]}
    await put(market, vault, updated_at=LATER, lines=[line(delivery=delivery)])
    async with market.connection() as conn:
        keys = await key_store.load_unit_keys(conn, "main", UNIT)
    assert [key.generation for key in keys] == [1, 2]


async def test_an_order_refunded_by_its_shop_has_nothing_left_to_refund(
    market: Database, vault: Vault
) -> None:
    await put(market, vault)
    await put(market, vault, updated_at=LATER, state="refunded")
    async with market.connection() as conn:
        assert await refundable_minor(conn, "main", UNIT) == 0


async def test_sellers_and_suppliers_become_known(market: Database, vault: Vault) -> None:
    await put(market, vault)
    async with market.connection() as conn:
        seller = await conn.fetchval("SELECT name FROM seller WHERE seller_id = 's-1'")
        supplier = await conn.fetchval("SELECT name FROM supplier WHERE supplier_id = 'u-1'")
    assert (seller, supplier) == ("小满会员店", "u-1")


async def test_orders_of_a_contact_are_found_whatever_its_capitals(
    market: Database, vault: Vault
) -> None:
    await put(market, vault)
    hash_ = sealing.contact_hash(vault, "main", "B1@Example.com ")
    async with market.connection() as conn:
        assert await store.list_order_nos_of_contact(conn, "main", hash_) == ["O-1"]
