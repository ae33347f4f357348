"""Rows of a long table for a download: read on a connection of their own while they are sent."""

from collections.abc import AsyncIterator, Callable, Sequence

from makegood.store.database import Connection, Database, Record


async def rows_of(
    db: Database,
    read: Callable[[Connection], AsyncIterator[Record]],
    shape: Callable[[Record], Sequence[object]],
) -> AsyncIterator[Sequence[object]]:
    """Every row in the shape of its line; the connection is given back when all is sent."""
    async with db.connection() as conn:
        async for row in read(conn):
            yield shape(row)
