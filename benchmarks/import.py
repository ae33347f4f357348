"""Orders taken from a file with their payments booked, as `makegood import orders` does."""  # noqa: N999

import argparse
import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from benchmarks.common import Report, fresh_database, progress, tell
from makegood.base.actor import Act, Actor
from makegood.commands.imports import collect_less_often, rows_of
from makegood.ledger.audit import audit
from makegood.orders.bulk import each, import_orders
from makegood.orders.columns import ColumnMap
from makegood.people.markets.actions import create_market
from makegood.people.markets.rules import MarketSettings
from makegood.store.database import Database
from makegood.store.vault import Vault

ORDERS = 100_000
TARGET_SECONDS = 60.0
STARTED_AT = datetime(2026, 10, 1, tzinfo=UTC)
SETTINGS = MarketSettings(name_zh="测速", name_en="Bench", base_url="http://127.0.0.1:8000")


def main(arguments: list[str]) -> int:
    """Write a file, import it, check what was booked."""
    parser = argparse.ArgumentParser(prog="bench import", description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--short", action="store_true", help="a tenth of the orders")
    chosen = parser.parse_args(arguments)
    count = chosen.orders // 10 if chosen.short else chosen.orders
    report = Report("import")
    with fresh_database("import") as server:
        file = server.folder / "orders.ndjson"
        _write(file, count)
        report.add("file_mb", file.stat().st_size / 1e6)
        asyncio.run(_measure(server.url, file, count, report))
    return report.finish()


async def _measure(url: str, file: Path, count: int, report: Report) -> None:
    db = await Database.open(url, max_size=4)
    act = Act("main", Actor("operator", "bench"), STARTED_AT + timedelta(days=60))
    async with db.transaction() as tx:
        await create_market(tx, act, SETTINGS)
    collect_less_often()
    begun, cpu = time.perf_counter(), time.process_time()
    taken = await _import(db, act, file)
    seconds = time.perf_counter() - begun
    report.add("orders", taken, f"= {count}")
    report.add("orders_per_second", taken / seconds)
    report.add("our_cpu_seconds", time.process_time() - cpu)
    # The target is for the full size; a short run must keep the same pace.
    report.add("seconds", seconds, f"< {TARGET_SECONDS * count / ORDERS:g}")
    tell("checking the books …")
    async with db.connection() as conn:
        report.add("differences_in_the_books", len(await audit(conn, "main", act.now)), "= 0")
        booked = await conn.fetchval("SELECT count(*) FROM payment")
    report.add("payments_booked", booked, f"= {count}")
    tell("")
    await db.close()


async def _import(db: Database, act: Act, file: Path) -> int:
    taken = 0
    advance = _progress_of(file)
    with file.open("rb") as opened:
        rows = rows_of(opened, file.name, ColumnMap(), "auto", advance)
        async for result in import_orders(db, act, Vault.from_key(bytes(32)), each(rows)):
            taken += result.ok
    tell("")
    return taken


def _progress_of(file: Path) -> Callable[[int], None]:
    size, read = file.stat().st_size, 0

    def advance(count: int) -> None:
        nonlocal read
        read += count
        tell(f"importing: {100 * read // size:3d} %")

    return advance


def _write(file: Path, count: int) -> None:
    with file.open("wb") as out:
        for number in progress(range(count), "writing the file"):
            out.write(msgspec.json.encode(_order(number)) + b"\n")


def _order(number: int) -> dict[str, object]:
    """One order of one key; every tenth has two lines of which one has three units."""
    paid_at = (STARTED_AT + timedelta(seconds=number * 40)).isoformat()
    lines = [_line(1, number, paid_at, quantity=1)]
    if number % 10 == 0:
        lines.append(_line(2, number, paid_at, quantity=3))
    total = 9800 if number % 10 else 4 * 9800
    return {
        "order_no": f"B{number:09d}",
        "placed_at": paid_at,
        "paid_at": paid_at,
        "updated_at": paid_at,
        "state": "delivered",
        "total": {"amount_minor": total, "currency": "CNY"},
        "buyer": {
            "id": f"b-{number % 30_000}",
            "contact": f"buyer{number % 30_000}@example.com",
            "claim_code": f"code-{number}",
        },
        "seller": {"id": f"s-{number % 200}", "name": f"店铺 {number % 200}"},
        "lines": lines,
        "payments": [
            {
                "gateway": "epay",
                "trade_no": f"T{number:012d}",
                "amount_minor": total,
                "paid_at": paid_at,
            }
        ],
    }


def _line(line_no: int, number: int, paid_at: str, *, quantity: int) -> dict[str, object]:
    return {
        "line_no": line_no,
        "sku": f"XH-{number % 500}",
        "title": "星海点卡 100 元",
        "category": "game_card",
        "quantity": quantity,
        "unit_price_minor": 9800,
        "list_price_minor": 10_000,
        "supplier": {"id": f"u-{number % 20}", "order_ref": f"UP-{number}"},
        "listing": {"text": "官方点卡，自动发货", "region": "CN", "claim_window_days": 30},
        "delivery": {
            "kind": "key",
            "delivered_at": paid_at,
            "keys": [f"XH{number:08d}-{line_no}-{unit}" for unit in range(quantity)],
        },
    }
