"""`python -m makegood.demo`: fills the market once; `makegood serve --demo` runs it."""

import asyncio
import os
import sys

from makegood.demo.cast import TRY
from makegood.orders.store import load_order
from makegood.people.staff.store import list_roster
from makegood.settings import Settings, load_settings
from makegood.store.database import Database


async def is_filled(settings: Settings) -> bool:
    """The last thing filled are the four orders to try.

    An interrupted filling cannot be continued: it ends the program instead of mixing two pasts.
    """
    db = await Database.open(settings.database_url, max_size=1)
    try:
        async with db.connection() as conn:
            filled = await load_order(conn, settings.market, TRY[-1].order_no) is not None
            roster = await list_roster(conn, settings.market)
    finally:
        await db.close()
    if roster and not filled:
        sys.exit(
            f"the demo was stopped while it was filled: remove {settings.folder} and start again"
        )
    return filled


def main(settings: Settings) -> None:
    """Fill the market, unless it is filled already."""
    if asyncio.run(is_filled(settings)):
        return
    # Only now: what fills the market needs most of the product, and a second start does not.
    from makegood.demo.starting import fill

    fill(settings)


if __name__ == "__main__":
    main(load_settings(os.environ))
