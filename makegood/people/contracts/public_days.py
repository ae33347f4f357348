"""Public holidays and the working days in place of them, as an authority announced them.

The days of a year are announced in the autumn before it and follow no formula, so there is one
entry for each announced year; others are typed on the page of a contract.
"""

from datetime import date, timedelta
from typing import Final

import msgspec


class PublicDays(msgspec.Struct, frozen=True, kw_only=True):
    """One year: spans of days off with both ends, and weekend days that are worked instead."""

    country: str
    year: int
    source: str
    spans: tuple[tuple[date, date], ...]
    worked: tuple[date, ...]

    @property
    def key(self) -> str:
        """Its name in a form, such as `cn-2026`."""
        return f"{self.country}-{self.year}"

    @property
    def off(self) -> tuple[date, ...]:
        """Every day off, in order."""
        return tuple(
            first + timedelta(days=n)
            for first, last in self.spans
            for n in range((last - first).days + 1)
        )


CHINA_2026: Final = PublicDays(
    country="cn",
    year=2026,
    source="国务院办公厅关于2026年部分节假日安排的通知（2025-11-04）",
    spans=(
        (date(2026, 1, 1), date(2026, 1, 3)),
        (date(2026, 2, 15), date(2026, 2, 23)),
        (date(2026, 4, 4), date(2026, 4, 6)),
        (date(2026, 5, 1), date(2026, 5, 5)),
        (date(2026, 6, 19), date(2026, 6, 21)),
        (date(2026, 9, 25), date(2026, 9, 27)),
        (date(2026, 10, 1), date(2026, 10, 7)),
    ),
    worked=(
        date(2026, 1, 4),
        date(2026, 2, 14),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
    ),
)
ANNOUNCED: Final = (CHINA_2026,)


def announced(key: str) -> PublicDays | None:
    """The year of that name; None for one that is not known here."""
    return next((one for one in ANNOUNCED if one.key == key), None)
