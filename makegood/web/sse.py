"""Live pages: fragments over server-sent events, with a heartbeat and a fresh start each time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from makegood.store.notify import Hub, Subscription

HEARTBEAT_SECONDS: Final = 10.0
"""A page says "live updates are off" after two of these without a sign of life."""
LONGEST_SECONDS: Final = 1800.0
"""Then the browser connects again, so that a stream never outlives its session for long."""
RETRY_MS: Final = 3000

Fragments = Callable[[], Awaitable[list[tuple[str, str]]]]
"""Makes the page's live parts anew: pairs of event name and HTML."""


def live(hub: Hub, topics: tuple[str, ...], fragments: Fragments) -> ServerSentEvent:
    """A stream that sends the parts that differ after each change of a topic.

    Parts are sent whole, so a browser that was away needs no history: on reconnect it gets
    the present, whatever its `Last-Event-ID` says.
    """
    return ServerSentEvent(_messages(hub, topics, fragments), retry_duration=RETRY_MS)


async def _messages(
    hub: Hub, topics: tuple[str, ...], fragments: Fragments
) -> AsyncIterator[ServerSentEventMessage]:
    ends_at = asyncio.get_running_loop().time() + LONGEST_SECONDS
    with hub.subscribe(*topics) as subscription:
        sent: dict[str, str] = {}
        for message in await _news(fragments, sent):
            yield message
        async for changed in _changes(subscription, ends_at):
            if not changed:
                yield ServerSentEventMessage(data="ok", event="beat")
                continue
            for message in await _news(fragments, sent):
                yield message


async def _changes(subscription: Subscription, ends_at: float) -> AsyncIterator[frozenset[str]]:
    async for changed in subscription.changes(quiet_seconds=HEARTBEAT_SECONDS):
        yield changed
        if asyncio.get_running_loop().time() > ends_at:
            return


async def _news(fragments: Fragments, sent: dict[str, str]) -> list[ServerSentEventMessage]:
    """The parts that this stream has not sent in this form yet."""
    news = []
    for name, html in await fragments():
        if sent.get(name) != html:
            sent[name] = html
            news.append(ServerSentEventMessage(data=html, event=name, id=str(len(html))))
    return news
