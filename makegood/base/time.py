"""Time as an argument: the clock protocol and small arithmetic on aware datetimes."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The only source of the present; the real one is built in `bootstrap`."""

    def now(self) -> datetime:
        """The present as an aware UTC datetime."""
        ...


def minutes(count: float) -> timedelta:
    """A length of `count` minutes."""
    return timedelta(minutes=count)


def hours(count: float) -> timedelta:
    """A length of `count` hours."""
    return timedelta(hours=count)


def rfc3339(at: datetime) -> str:
    """An aware datetime as RFC 3339 in UTC with `Z`, microseconds only when not zero."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
