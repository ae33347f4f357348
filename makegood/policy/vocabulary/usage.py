"""Facts about how much of what was prepaid has been used, for amounts rather than findings."""

from typing import Final

from makegood.policy.facts import FactSpec
from makegood.policy.vocabulary.kinds import count, time

USAGE: Final[tuple[FactSpec, ...]] = (
    count(
        "usage.balance_used_minor",
        "已用掉的面额（最小货币单位）",
        "Spent balance, minor units",
        sources=("issuer", "agent"),
    ),
    count("usage.units_used", "已用掉的次数", "Uses made", sources=("issuer", "agent")),
    count("usage.units_total", "一共可用的次数", "Uses in all", sources=("order", "agent")),
    time(
        "usage.stopped_at",
        "服务停止的时间",
        "Time the service stopped",
        sources=("issuer", "supplier", "agent"),
    ),
    count(
        "usage.served_seconds",
        "停止前服务了多少秒",
        "Seconds served before it stopped",
        sources=("issuer", "agent"),
    ),
)
"""A buyer's own word never sets what comes back, a seller's never lowers it."""
