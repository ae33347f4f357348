"""Rows of a long table for a download: a page at a time, however slowly they are taken.

No connection is held between two pages, so that downloads that nobody finishes starve no one.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from makegood.store.database import Connection, Database, Record

AT_ONCE: Final = 1000
NextRows: TypeAlias = Callable[[Connection, int, Record | None], Awaitable[list[Record]]]
"""Reads so many rows after the last one that was sent; None at the beginning."""


async def rows_of(
    db: Database, read: NextRows, shape: Callable[[Record], Sequence[object]]
) -> AsyncIterator[Sequence[object]]:
    """Every row in the shape of its line."""
    last: Record | None = None
    while True:
        async with db.connection() as conn:
            rows = await read(conn, AT_ONCE, last)
        for row in rows:
            yield shape(row)
        if len(rows) < AT_ONCE:
            return
        last = rows[-1]
