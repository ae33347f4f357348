"""A small cache of answers that may be at most one second old."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

T = TypeVar("T")

FRESH_FOR: Final = timedelta(milliseconds=800)
"""A revoked key or session must stop within one second; the rest is for the request itself."""

_KEPT: Final = 10_000


class FreshCache(Generic[T]):
    """Answers by key, each asked for again when it is older than `fresh_for`."""

    def __init__(self, fresh_for: timedelta = FRESH_FOR) -> None:
        self._fresh_for = fresh_for
        self._answers: dict[str, tuple[datetime, T]] = {}

    async def get(self, key: str, now: datetime, ask: Callable[[], Awaitable[T]]) -> T:
        """The stored answer while it is fresh, otherwise the one `ask` gives now."""
        stored = self._answers.get(key)
        if stored is not None and now - stored[0] < self._fresh_for:
            return stored[1]
        answer = await ask()
        if len(self._answers) >= _KEPT:
            self._answers.clear()
        self._answers[key] = (now, answer)
        return answer

    def forget(self, key: str) -> None:
        """Ask again at the next `get`, for what this process has just changed itself."""
        self._answers.pop(key, None)
