"""Keys of units: shown to the proven buyer alone, each reveal written down, doubles found."""

from datetime import timedelta

import pytest

from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.orders import key_store
from makegood.orders.actions import (
    find_units_of_key,
    first_reveal_at,
    leave_reminder,
    put_order,
    put_orders,
    reveal_key,
    same_key_units,
    take_reminder,
    withdraw_key,
)
from makegood.store import jobs
from makegood.store.database import Database
from makegood.store.vault import Vault
from tests.orders.conftest import NOW, act
from tests.orders.making import PAID_AT, line, order

UNIT = UnitRef("O-1", 1, 1)
BUYER = act("buyer", proof=True)


async def test_a_proven_buyer_reads_the_key_and_it_is_written_down(
    market: Database, vault: Vault
) -> None:
    async with market.transaction() as tx:
        await put_order(tx, act(), vault, order())
        shown = await reveal_key(tx, BUYER, vault, UNIT, "203.0.113.9")
        [reveal] = await key_store.load_reveals(tx, "main", UNIT)
    assert shown.text == "XH-SECRET-1"
    assert (reveal.actor_id, reveal.source_ip, reveal.revealed_at) == (
        "buyer-1",
        "203.0.113.9",
        NOW,
    )


@pytest.mark.parametrize("reader", [act("buyer"), act("seller"), act("agent"), act("operator")])
async def test_nobody_else_reads_a_key(market: Database, vault: Vault, reader: object) -> None:
    async with market.transaction() as tx:
        await put_order(tx, act(), vault, order())
        with pytest.raises(Refused) as refusal:
            await reveal_key(tx, reader, vault, UNIT, "203.0.113.9")  # type: ignore[arg-type]
        assert await first_reveal_at(tx, "main", UNIT) is None
    assert refusal.value.code == "fresh_proof_needed"


async def test_a_unit_without_a_key_has_nothing_to_show(market: Database, vault: Vault) -> None:
    async with market.transaction() as tx:
        await put_order(tx, act(), vault, order(lines=[line(delivery={"kind": "top_up"})]))
        with pytest.raises(Refused, match="not_a_unit"):
            await reveal_key(tx, BUYER, vault, UNIT, "203.0.113.9")


async def test_a_key_that_was_taken_back_is_not_shown(market: Database, vault: Vault) -> None:
    async with market.transaction() as tx:
        await put_order(tx, act(), vault, order())
        await withdraw_key(tx, act("system"), UNIT)
        with pytest.raises(Refused) as refusal:
            await reveal_key(tx, BUYER, vault, UNIT, "203.0.113.9")
    assert refusal.value.code == "key_withdrawn"


async def test_a_key_sold_twice_is_found_from_either_order(market: Database, vault: Vault) -> None:
    async with market.transaction() as tx:
        await put_orders(tx, act(), vault, [order("O-1"), order("O-2")])
        other = await same_key_units(tx, "main", UNIT)
        both = await find_units_of_key(tx, vault, "main", " XH-SECRET-1\n")
    assert other == [UnitRef("O-2", 1, 1)]
    assert both == [UNIT, UnitRef("O-2", 1, 1)]


async def test_a_reminder_waits_for_its_time_and_is_sent_once(
    market: Database, vault: Vault
) -> None:
    early = act("buyer", now=PAID_AT + timedelta(minutes=10))
    top_up = line(delivery={"kind": "top_up"})
    async with market.transaction() as tx:
        await put_order(tx, early, vault, order(state="paid", lines=[top_up]))
        remind_at = await leave_reminder(tx, early, UNIT, "DLV01", "zh")
        await leave_reminder(tx, early, UNIT, "DLV01", "zh")
        due = await jobs.take(tx, remind_at)
        first = await take_reminder(tx, act("system"), UNIT, "DLV01")
        second = await take_reminder(tx, act("system"), UNIT, "DLV01")
    assert remind_at == PAID_AT + timedelta(minutes=30)
    assert [job.kind for job in due] == ["order.reminder"]
    assert first is not None
    assert first.contact == "b1@example.com"
    assert second is None


async def test_a_reminder_for_goods_that_arrived_is_not_sent(
    market: Database, vault: Vault
) -> None:
    async with market.transaction() as tx:
        await put_order(tx, act(), vault, order())
        await leave_reminder(tx, act("buyer"), UNIT, "DLV01", "zh")
        assert await take_reminder(tx, act("system"), UNIT, "DLV01") is None
