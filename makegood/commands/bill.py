"""`makegood bill import FILE`: a payment channel's daily bill, compared with our book."""

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from makegood.base.trouble import CannotRun
from makegood.commands.frame import Commands, add_command, add_commands, database_url
from makegood.keyfile import open_vault
from makegood.settings import Settings

if TYPE_CHECKING:
    from makegood.ledger.bills.actions import BillFile, Imported

NOT_TAKEN = 3
DIFFERS = 4


def add(commands: Commands) -> None:
    """Describe the command."""
    from makegood.ledger.bills.forms import FORMS

    bills = add_commands(commands, "bill", "daily bills of the payment channels")
    parser = add_command(bills, "import", "compare a bill with our book, line by line", run)
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--channel", required=True, help="the gateway account's channel")
    parser.add_argument("--form", required=True, choices=sorted(FORMS))
    parser.add_argument("--day", type=_day, help="the one day it is the whole bill of")
    parser.add_argument("--currency", default="CNY", help="for forms that do not name it")
    parser.add_argument("--market", help="id of the market")


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Import the file; exit status 3 when it was not taken, 4 when the books differ."""
    import asyncio

    from makegood.ledger.bills.actions import BillFile

    try:
        content = chosen.file.read_bytes()
    except FileNotFoundError:
        raise CannotRun(f"there is no file {chosen.file}") from None
    file = BillFile(
        channel=chosen.channel,
        form=chosen.form,
        filename=chosen.file.name,
        content=content,
        currency=chosen.currency,
        day=chosen.day,
    )
    with database_url(settings) as url:
        done = asyncio.run(_import(url, settings, chosen.market or settings.market, file))
    for line in said(done):
        print(line)
    if done.bill.state == "refused":
        return NOT_TAKEN
    return DIFFERS if done.differences else 0


def said(done: "Imported") -> list[str]:
    """What became of the file, for a terminal."""
    bill = done.bill
    if bill.fault is not None:
        where = f"line {bill.fault['line']}, column {bill.fault['column']!r}"
        value = f" ({bill.fault['value']})" if bill.fault["value"] else ""
        return [f"not taken: {bill.fault['code']} in {where}{value}", f"kept as {bill.bill_no}"]
    if done.known:
        return [f"imported before as {bill.bill_no}: nothing was booked again"]
    days = f"{bill.day_from} to {bill.day_to}"
    found = f"{done.matched} found · {done.differences} differ"
    return [f"{bill.lines} lines · {found} · {days} · {bill.bill_no}"]


async def _import(url: str, settings: Settings, market_id: str, file: "BillFile") -> "Imported":
    from collections.abc import AsyncIterator

    from makegood.base.actor import SYSTEM, Act
    from makegood.gateways.storage.disk import DiskStorage
    from makegood.ledger.bills.actions import import_bill
    from makegood.ledger.bills.store import digest_of
    from makegood.sources import SystemClock
    from makegood.store.database import reach

    async def whole() -> AsyncIterator[bytes]:
        yield file.content

    storage = DiskStorage(settings.folder / "files", open_vault(settings))
    await storage.put(market_id, digest_of(file.content), whole())
    conn = await reach(url)
    try:
        async with conn.transaction():
            return await import_bill(conn, Act(market_id, SYSTEM, SystemClock().now()), file)
    finally:
        await conn.close()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-11-20") from None
