"""What is published of a product before it is bought, computed from its orders and never typed."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from makegood.orders.windows import DEFAULT_ARRIVAL_MINUTES, DEFAULT_WINDOW_DAYS, OTHER_WINDOW_DAYS

PERIOD: Final = timedelta(days=30)
WITHIN: Final = timedelta(hours=1)
"""A delivery is counted as quick when it came within this time of the payment."""
FEWEST: Final = 30
"""Below so many units a count is published and no rate."""


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """The terms of the newest order of a product, and its deliveries of a period."""

    sku: str
    title: str
    category: str
    claim_window_days: int | None
    arrival_minutes: int | None
    term_days: int | None
    sold: int
    """Lines paid in the period and old enough for `WITHIN` to have passed."""
    quick: int
    since: datetime
    until: datetime
    computed_at: datetime


def window_days(category: str, promised: int | None, term_days: int | None) -> int:
    """For how many days after delivery a product can be claimed; never less than its term."""
    usual = DEFAULT_WINDOW_DAYS.get(category.split("/")[0], OTHER_WINDOW_DAYS)
    return max(usual if promised is None else promised, term_days or 0)


def arrival_minutes(promised: int | None) -> int:
    """How long to wait after payment before "not arrived" can be said."""
    return DEFAULT_ARRIVAL_MINUTES if promised is None else promised


def period(now: datetime) -> tuple[datetime, datetime]:
    """The time that figures computed now are about."""
    until = now - WITHIN
    return until - PERIOD, until
