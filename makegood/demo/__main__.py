"""`python -m makegood.demo`: fills the market once; `makegood serve --demo` runs it."""

import os
import sys
from datetime import timedelta

import msgspec
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from makegood.bootstrap import opened_rooms
from makegood.demo.cast import TRY
from makegood.demo.filling import Filler
from makegood.demo.orders import DAYS
from makegood.demo.playing import PastClock
from makegood.logs import configure_logs
from makegood.orders.store import load_order
from makegood.people.staff.store import list_roster
from makegood.settings import Settings, load_settings
from makegood.sources import SystemClock
from makegood.store.database import Database


async def main(settings: Settings) -> None:
    """Fill the market, unless it is filled already."""
    if await _is_filled(settings):
        return
    await _check_untouched(settings)
    now = SystemClock().now()
    quick = msgspec.structs.replace(
        settings, database_url=_relaxed(settings.database_url), smtp_url=""
    )
    console = Console(file=sys.stdout)
    columns = (
        TextColumn("{task.description:<20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    async with opened_rooms(quick, PastClock(now - timedelta(days=DAYS))) as rooms:
        with Progress(*columns, console=console) as progress:
            filler = Filler(rooms, settings.folder, settings.market, now)
            await filler.fill(progress, settings.demo_orders, settings.demo_claims)
        async with rooms.db.connection() as conn:
            await conn.execute("analyze")


async def _is_filled(settings: Settings) -> bool:
    """The last thing filled are the four orders to try."""
    db = await Database.open(settings.database_url, max_size=1)
    try:
        async with db.connection() as conn:
            known = await load_order(conn, settings.market, TRY[-1].order_no)
            return known is not None
    finally:
        await db.close()


async def _check_untouched(settings: Settings) -> None:
    """An interrupted filling cannot be continued: say so instead of mixing two pasts."""
    db = await Database.open(settings.database_url, max_size=1)
    try:
        async with db.connection() as conn:
            roster = await list_roster(conn, settings.market)
    finally:
        await db.close()
    if roster:
        sys.exit(
            f"the demo was stopped while it was filled: remove {settings.folder} and start again"
        )


def _relaxed(url: str) -> str:
    """The same database without waiting for the disk: an invented past may be invented again."""
    return f"{url}{'&' if '?' in url else '?'}synchronous_commit=off"


if __name__ == "__main__":
    loaded = load_settings(os.environ)
    configure_logs(format=loaded.log_format, level="error")
    uvloop.run(main(loaded))
