"""Working time: when an office is open, and arithmetic that counts only those minutes.

Slots are local times of the calendar's zone, so a clock change moves no office hour. A day may
have several slots (before and after lunch); a holiday has none; a working day in place of
another (调休) has slots of its own.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

DAY_MINUTES: Final = 24 * 60
FURTHEST: Final = timedelta(days=3660)
"""No promise is further away than this; a calendar that is never open ends here."""


class Slot(msgspec.Struct, frozen=True):
    """Open from one minute of the day to another, both counted from local midnight."""

    begins: int
    ends: int
    """Not included; 1440 is midnight at the day's end."""


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """When somebody works. `week` begins on Monday and has seven days."""

    timezone: str = "Asia/Shanghai"
    week: list[list[Slot]]
    holidays: list[date] = []
    special: dict[str, list[Slot]] = {}
    """Days with hours of their own, by date (`2026-10-10`); they outrank week and holidays."""


def faults_of(calendar: Calendar) -> tuple[str, ...]:
    """What of a calendar cannot be right: `timezone`, `week`, `slots`, `special`, `never_open`."""
    days = [*calendar.week, *calendar.special.values()]
    checks = {
        "timezone": _is_zone(calendar.timezone),
        "week": len(calendar.week) == 7,
        "slots": all(_in_order(slots) for slots in days),
        "special": all(_is_date(text) for text in calendar.special),
        "never_open": any(calendar.week),
    }
    return tuple(name for name, fits in checks.items() if not fits)


def add(calendar: Calendar, start: datetime, length: timedelta) -> datetime:
    """The moment at which so much working time after `start` has passed, in UTC.

    Nothing to wait for ends at once, also outside hours. Working time that is exactly used up
    at the end of a slot ends there, not at the beginning of the next one.
    """
    left = length
    if left <= timedelta():
        return start
    for begins, ends in _open_from(calendar, start):
        if begins + left <= ends:
            return begins + left
        left -= ends - begins
    return start + FURTHEST


def between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """The working time from `start` to `end`; nothing where `end` is not later."""
    spent = timedelta()
    for begins, ends in _open_from(calendar, start):
        if begins >= end:
            break
        spent += min(ends, end) - begins
    return spent


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Whether somebody works at this moment."""
    return any(begins <= at < ends for begins, ends in _day(calendar, _local_date(calendar, at)))


def slots_of(calendar: Calendar, day: date) -> list[Slot]:
    """The hours of one day."""
    special = calendar.special.get(day.isoformat())
    if special is not None:
        return special
    return [] if day in calendar.holidays else calendar.week[day.weekday()]


def _open_from(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The open times after `start` in order, the first one cut to begin no earlier."""
    day, last = _local_date(calendar, start), _local_date(calendar, start + FURTHEST)
    while day <= last:
        for begins, ends in _day(calendar, day):
            if ends > start:
                yield max(begins, start), ends
        day += timedelta(days=1)


def _day(calendar: Calendar, day: date) -> Iterator[tuple[datetime, datetime]]:
    zone = ZoneInfo(calendar.timezone)
    for slot in slots_of(calendar, day):
        begins, ends = _moment(day, slot.begins, zone), _moment(day, slot.ends, zone)
        if begins < ends:  # A slot inside the hour that a clock change skips is not there.
            yield begins, ends


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """A local minute of a day in UTC; 1440 is the next day's midnight."""
    at = day + timedelta(days=minute // DAY_MINUTES)
    local = datetime.combine(at, time(minute % DAY_MINUTES // 60, minute % 60), tzinfo=zone)
    return local.astimezone(UTC)


def _local_date(calendar: Calendar, at: datetime) -> date:
    return at.astimezone(ZoneInfo(calendar.timezone)).date()


def _in_order(slots: list[Slot]) -> bool:
    """Whether slots are inside the day, not empty, and none begins before its neighbour ends."""
    edges = [edge for slot in slots for edge in (slot.begins, slot.ends)]
    inside = all(0 <= edge <= DAY_MINUTES for edge in edges)
    ordered = all(a <= b for a, b in pairwise(edges))
    return inside and ordered and all(slot.begins < slot.ends for slot in slots)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
