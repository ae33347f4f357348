"""A month of a market as people name it, `2026-11`, in the market's own time zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec


class Month(msgspec.Struct, frozen=True):
    """From `since` up to, not including, `until`; both aware."""

    name: str
    since: datetime
    until: datetime


def month_of(at: datetime, zone: ZoneInfo) -> Month:
    """The month that a time falls into."""
    local = at.astimezone(zone)
    return _month(local.year, local.month, zone)


def read_month(text: str, now: datetime, zone: ZoneInfo) -> Month:
    """The month that an address names; the present one for anything else."""
    year, _, number = text.partition("-")
    plain = year.isascii() and year.isdigit() and number.isascii() and number.isdigit()
    if not plain or not (2000 <= int(year) <= 2999 and 1 <= int(number) <= 12):
        return month_of(now, zone)
    return _month(int(year), int(number), zone)


def recent_months(now: datetime, zone: ZoneInfo, count: int = 6) -> list[str]:
    """The names of the present month and those before it, the newest first."""
    local = now.astimezone(zone)
    index = local.year * 12 + local.month - 1
    return [f"{at // 12:04d}-{at % 12 + 1:02d}" for at in range(index, index - count, -1)]


def _month(year: int, number: int, zone: ZoneInfo) -> Month:
    after = (year, number + 1) if number < 12 else (year + 1, 1)
    return Month(
        name=f"{year:04d}-{number:02d}",
        since=datetime(year, number, 1, tzinfo=zone),
        until=datetime(*after, 1, tzinfo=zone),
    )
