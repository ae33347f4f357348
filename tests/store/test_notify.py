"""Live pages hear of committed changes, once each, and survive a lost connection."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from makegood.store.database import Database
from makegood.store.notify import Hub, publish


@pytest.fixture
async def hub(db: Database) -> AsyncIterator[Hub]:
    hub = Hub(db.url)
    await hub.open()
    yield hub
    await hub.close()


async def test_a_committed_change_reaches_its_listeners_only(db: Database, hub: Hub) -> None:
    with hub.subscribe("main/claim/1") as mine, hub.subscribe("main/claim/2") as other:
        async with db.transaction() as tx:
            await publish(tx, "main/claim/1", "main/queue")
        assert await anext(mine.changes()) == {"main/claim/1"}
        assert await anext(other.changes(quiet_seconds=0.05)) == frozenset()


async def test_many_unread_changes_are_told_once(db: Database, hub: Hub) -> None:
    with hub.subscribe("a", "b") as page, hub.subscribe("last") as other:
        for topic in ("a", "b", "a", "a", "last"):
            async with db.connection() as conn:
                await publish(conn, topic)
        assert await anext(other.changes()) == {"last"}
        changes = page.changes(quiet_seconds=0.05)
        assert await anext(changes) == {"a", "b"}
        assert await anext(changes) == frozenset()


async def test_a_rolled_back_change_is_not_told(db: Database, hub: Hub) -> None:
    with hub.subscribe("a") as page:
        async with db.connection() as conn:
            change = conn.transaction()
            await change.start()
            await publish(conn, "a")
            await change.rollback()
        assert await anext(page.changes(quiet_seconds=0.1)) == frozenset()


async def test_a_lost_connection_is_made_again_and_pages_look_once(db: Database, hub: Hub) -> None:
    with hub.subscribe("a") as page:
        async with db.connection() as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND query LIKE 'LISTEN%'"
            )
        assert await anext(page.changes(quiet_seconds=60)) == {"a"}
        async with db.connection() as conn:
            await publish(conn, "a")
        assert await anext(page.changes(quiet_seconds=60)) == {"a"}


async def test_closing_the_hub_ends_every_page(hub: Hub) -> None:
    with hub.subscribe("a") as page:
        heard = asyncio.create_task(_count(page.changes()))
        await asyncio.sleep(0)
        await hub.close()
        assert await heard == 0


async def _count(changes: AsyncIterator[frozenset[str]]) -> int:
    return len([change async for change in changes])
