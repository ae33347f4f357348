"""The pool: what is read beside a held connection never waits for that same pool."""

import asyncio

from makegood.store.database import Database


async def test_a_pool_that_is_all_held_can_still_read_aside(database_url: str) -> None:
    db = await Database.open(database_url, max_size=2)

    async def hold_and_look() -> int:
        async with db.transaction() as tx:
            await tx.fetchval("select pg_sleep(0.05)")
            async with db.aside() as conn:
                return int(await conn.fetchval("select 1"))

    async with asyncio.timeout(60):
        seen = await asyncio.gather(*(hold_and_look() for _ in range(8)))
    await db.close()
    assert seen == [1] * 8
