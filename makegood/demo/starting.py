"""One filling of a new market, told on the console and on the page."""

import gc
import sys
from datetime import timedelta
from typing import Final

import msgspec
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from makegood.bootstrap import opened_rooms
from makegood.demo.filling import Filler
from makegood.demo.orders import DAYS
from makegood.demo.progress import Telling
from makegood.demo.stage import PastClock
from makegood.demo.tree import progress_file
from makegood.logs import configure_logs
from makegood.settings import Settings
from makegood.sources import SystemClock

_FAST: Final = "synchronous_commit=off&plan_cache_mode=force_generic_plan"
"""An invented past may be invented again, and asks the same questions thousands of times."""

_CONNECTIONS: Final = 4
"""More would learn every statement once more, and this process cannot keep them busy."""

_GARBAGE: Final = 50_000
"""Allocations between two looks for garbage: there is little, and much to look through."""


def fill(settings: Settings) -> None:
    """Fill it, told as it goes."""
    configure_logs(format=settings.log_format, level="error")
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    uvloop.run(_fill(settings))


async def _fill(settings: Settings) -> None:
    now = SystemClock().now()
    url = settings.database_url
    quick = msgspec.structs.replace(
        settings, database_url=f"{url}{'&' if '?' in url else '?'}{_FAST}", smtp_url=""
    )
    columns = (
        TextColumn("{task.description:<20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(file=sys.stdout, soft_wrap=True)
    console.print(f"The demo is being filled; {settings.address} shows how far it is")
    telling = Telling(progress_file(settings.folder), *columns, console=console)
    past = PastClock(now - timedelta(days=DAYS))
    async with opened_rooms(quick, past, _CONNECTIONS) as rooms:
        with telling:
            filler = Filler(rooms, settings.folder, settings.market, now)
            await filler.fill(telling, settings.demo_orders, settings.demo_claims)
        async with rooms.db.connection() as conn:
            await conn.execute("analyze")
