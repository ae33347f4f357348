"""Live pages: a change publishes topics with its commit, and every web process hears them.

A topic is a short text such as `main/claim/AS-261121-7K3QFX`. It says that something changed,
never what: whoever listens reads the page's own data again, so a lost or doubled notice is
harmless. A commit with a notice waits for the commits before it (measured: 7,500 commits/s with
and 18,000/s without one), so one statement publishes all topics of a transaction.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import TypeAlias

import asyncpg

from makegood.store.database import Connection, Record, connect

CHANNEL = "makegood"
_RECONNECT_SECONDS = 1.0
_OwnConnection: TypeAlias = "asyncpg.Connection[Record]"


async def publish(tx: Connection, *topics: str) -> None:
    """Tell every listener, when the transaction commits, that these topics changed."""
    await tx.execute(publish_sql(1), topics)


def publish_sql(place: int) -> str:
    """The same as one part of a larger statement, its array of topics in this parameter."""
    return f"SELECT pg_notify('{CHANNEL}', topic) FROM unnest(${place}::text[]) AS topic"


class Subscription:
    """One live page's ear: many changes of a topic that nobody read yet count once."""

    def __init__(self, topics: Iterable[str]) -> None:
        self.topics = frozenset(topics)
        self._changed: set[str] = set()
        self._news = asyncio.Event()
        self._closed = False

    async def changes(self, *, quiet_seconds: float = 15.0) -> AsyncIterator[frozenset[str]]:
        """The topics that changed since the last look; empty after `quiet_seconds` of nothing.

        The empty answer lets a page send its sign of life. Ends when the hub closes.
        """
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), quiet_seconds)
            if self._closed:
                return
            changed, self._changed = frozenset(self._changed), set()
            self._news.clear()
            yield changed

    def tell(self, topics: Iterable[str]) -> None:
        """Note changes; called by the hub."""
        self._changed.update(topics)
        self._news.set()

    def end(self) -> None:
        """Let `changes` finish; called by the hub."""
        self._closed = True
        self._news.set()


class Hub:
    """One listening connection of a process, shared by all its live pages."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._subscriptions: dict[str, set[Subscription]] = {}
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    async def open(self) -> None:
        """Start to listen; a lost connection is made again for as long as the hub is open."""
        self._task = asyncio.create_task(self._listen_forever())
        await self._listening.wait()

    async def close(self) -> None:
        """Stop to listen and end every subscription."""
        for subscription in self._everyone():
            subscription.end()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @contextlib.contextmanager
    def subscribe(self, *topics: str) -> Iterator[Subscription]:
        """Hear of these topics until the block ends."""
        subscription = Subscription(topics)
        for topic in subscription.topics:
            self._subscriptions.setdefault(topic, set()).add(subscription)
        try:
            yield subscription
        finally:
            self._forget(subscription)

    def _forget(self, subscription: Subscription) -> None:
        for topic in subscription.topics:
            listeners = self._subscriptions[topic]
            listeners.discard(subscription)
            if not listeners:
                del self._subscriptions[topic]

    def _everyone(self) -> set[Subscription]:
        return {one for listeners in self._subscriptions.values() for one in listeners}

    async def _listen_forever(self) -> None:
        while True:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._listen_until_lost()
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen_until_lost(self) -> None:
        conn = await connect(self._url)
        lost = asyncio.Event()
        conn.add_termination_listener(lambda _: lost.set())
        try:
            await conn.add_listener(CHANNEL, self._hear)
            self._wake_everyone()
            self._listening.set()
            await lost.wait()
        finally:
            await _close(conn)

    def _wake_everyone(self) -> None:
        """Something may have changed while nobody listened, so each page looks once."""
        for subscription in self._everyone():
            subscription.tell(subscription.topics)

    def _hear(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        topic = str(payload)
        for subscription in self._subscriptions.get(topic, ()):
            subscription.tell((topic,))


async def _close(conn: _OwnConnection) -> None:
    if not conn.is_closed():
        conn.terminate()
