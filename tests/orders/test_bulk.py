"""Importing many orders: a result for every row in its order, and never an early end."""

from collections.abc import AsyncIterator

import msgspec

from makegood.ledger.actions import balances
from makegood.orders.bulk import import_ndjson
from makegood.orders.importing import RowResult
from makegood.store.database import Database
from makegood.store.vault import Vault
from tests.orders.conftest import act
from tests.orders.making import PAID_AT, line, told


async def arriving(*lines: bytes) -> AsyncIterator[bytes]:
    for sent in lines:
        yield sent + b"\n"


async def imported(market: Database, vault: Vault, *lines: bytes) -> list[RowResult]:
    return [result async for result in import_ndjson(market, act(), vault, arriving(*lines))]


async def test_every_line_has_its_result_in_order(market: Database, vault: Vault) -> None:
    future = told("O-3", updated_at=PAID_AT.replace(year=2027).isoformat())
    results = await imported(
        market,
        vault,
        msgspec.json.encode(told("O-1")),
        b"{broken",
        msgspec.json.encode(future),
        b"",
        msgspec.json.encode(told("O-1")),
        msgspec.json.encode(told("O-5")),
    )
    assert [(r.line, r.ok, r.code, r.version) for r in results] == [
        (1, True, "", 1),
        (2, False, "not_json", 0),
        (3, False, "updated_in_future", 0),
        (5, True, "", 1),
        (6, True, "", 1),
    ]


async def test_3000_orders_are_all_taken_with_their_payments(
    market: Database, vault: Vault
) -> None:
    lines = [msgspec.json.encode(told(f"O-{number}", lines=one(number))) for number in range(3000)]
    results = await imported(market, vault, *lines)
    async with market.connection() as conn:
        versions = await conn.fetchval("SELECT count(*) FROM order_version")
        last = await balances(conn, "main", ["escrow:O-2999"])
    assert [result.line for result in results] == list(range(1, 3001))
    assert all(result.ok for result in results)
    assert versions == 3000
    assert last["escrow:O-2999"].posted_minor == 9800


async def test_an_import_that_was_cut_off_can_be_told_again(market: Database, vault: Vault) -> None:
    lines = [msgspec.json.encode(told(f"O-{number}", lines=one(number))) for number in range(600)]
    stream = import_ndjson(market, act(), vault, arriving(*lines))
    await anext(stream)
    await stream.aclose()
    results = await imported(market, vault, *lines)
    async with market.connection() as conn:
        versions = await conn.fetchval("SELECT count(*) FROM order_version")
    assert all(result.ok for result in results)
    assert versions == 600


def one(number: int) -> list[dict[str, object]]:
    """One line whose key is like no other."""
    delivery = {"kind": "key", "delivered_at": PAID_AT.isoformat(), "keys": [f"K-{number}"]}
    return [line(delivery=delivery)]
