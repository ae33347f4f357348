"""Arithmetic on a claim's deadlines: set, end, pause and resume them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol

import msgspec

from makegood.base import business_time
from makegood.base.business_time import Calendar
from makegood.claims.events import Deadline

SOON_PERCENT: Final = 20


class HasDeadlines(Protocol):
    """Anything that carries deadlines; a claim does."""

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """The running and paused deadlines."""
        ...


def put(deadlines: tuple[Deadline, ...], deadline: Deadline) -> tuple[Deadline, ...]:
    """The deadlines with this one set; an older one of the same kind is replaced."""
    return (*(d for d in deadlines if d.kind != deadline.kind), deadline)


def drop(claim: HasDeadlines, *kinds: str) -> tuple[Deadline, ...]:
    """The deadlines without those of the kinds given."""
    return tuple(d for d in claim.deadlines if d.kind not in kinds)


def pause(deadlines: tuple[Deadline, ...], kind: str, at: datetime) -> tuple[Deadline, ...]:
    """Stop the clock of a kind while another side has the turn; a paused one stays as it was."""
    return tuple(
        msgspec.structs.replace(d, paused_at=at) if d.kind == kind and d.paused_at is None else d
        for d in deadlines
    )


def resume(
    deadlines: tuple[Deadline, ...], kind: str, at: datetime, calendar: Calendar | None = None
) -> tuple[Deadline, ...]:
    """Let the clock of a kind run on with the time it had left when it stopped.

    With a calendar what is left is working time, so a pause over a weekend costs nothing.
    """
    return tuple(
        msgspec.structs.replace(d, at=_moved(d.paused_at, d.at, at, calendar), paused_at=None)
        if d.kind == kind and d.paused_at is not None
        else d
        for d in deadlines
    )


def renewed(deadline: Deadline, now: datetime, calendar: Calendar | None = None) -> Deadline:
    """The same promise once more, as long as it was, from now."""
    again = _moved(deadline.set_at, deadline.at, now, calendar)
    return msgspec.structs.replace(deadline, at=again, set_at=now, paused_at=None, extended=False)


def _moved(since: datetime, until: datetime, now: datetime, calendar: Calendar | None) -> datetime:
    """As far after `now` as `until` is after `since`."""
    if calendar is None:
        return now + (until - since)
    return business_time.add(calendar, now, business_time.between(calendar, since, until))


def running(deadlines: Iterable[Deadline]) -> list[Deadline]:
    """The deadlines whose clock runs, earliest first."""
    return sorted((d for d in deadlines if d.paused_at is None), key=lambda d: (d.at, d.kind))


def next_of(deadlines: Iterable[Deadline]) -> Deadline | None:
    """The deadline that passes first, if any runs."""
    return next(iter(running(deadlines)), None)


def soon_at(deadline: Deadline) -> datetime:
    """When a fifth of the time is left: from here the deadline is near."""
    return deadline.at - (deadline.at - deadline.set_at) * SOON_PERCENT / 100


def due(deadlines: Iterable[Deadline], now: datetime) -> list[Deadline]:
    """The running deadlines that have passed, earliest first."""
    return [d for d in running(deadlines) if d.at <= now]
