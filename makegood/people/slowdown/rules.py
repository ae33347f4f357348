"""How long the next attempt waits: severity comes from everyone's failures, the slot is one's own.

An attempt is judged by three counters: this source at this subject (an account, an order), this
source at all subjects, and all sources at this subject. The last one never makes anybody wait
for somebody else's slot: it only makes each source's own steps steeper. So whoever attacks an
account cannot keep its owner out.
"""

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final

import msgspec

FREE_OWN: Final = 5
"""Attempts of one source at one subject before the first wait."""

FREE_SOURCE: Final = 25
"""Attempts of one source at all subjects before the first wait."""

FREE_SUBJECT: Final = 50
"""Attempts of all sources at one subject before every source waits between its own."""

STEEP_WAIT_S: Final = 60.0
LONGEST_WAIT_S: Final = 300.0
FORGOTTEN_AFTER: Final = timedelta(hours=1)


class Counter(msgspec.Struct, frozen=True):
    """Attempts that did not succeed, and when the next one may come."""

    failures: int
    next_at: datetime
    last_at: datetime


def failures_now(counter: Counter, now: datetime) -> int:
    """The failures that still count: none after an hour of quiet."""
    return 0 if now - counter.last_at > FORGOTTEN_AFTER else counter.failures


def retry_after_s(counter: Counter, now: datetime) -> float:
    """Seconds until the next attempt is taken; 0 when it may come now."""
    return max(0.0, (counter.next_at - now).total_seconds())


def own_wait_s(own_failures: int, subject_failures: int) -> float:
    """Seconds after an attempt of one source at one subject until its next one."""
    grown = _doubling(own_failures - FREE_OWN)
    return max(grown, STEEP_WAIT_S) if subject_failures > FREE_SUBJECT else grown


def source_wait_s(source_failures: int) -> float:
    """Seconds after an attempt of one source at any subject until its next one."""
    return _doubling((source_failures - FREE_SOURCE) // 5)


def source_of(address: str) -> str:
    """The network a person comes from: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return parsed.exploded[:19]
    return str(parsed)


def _doubling(step: int) -> float:
    return 0.0 if step < 0 else min(2.0 ** min(step, 20), LONGEST_WAIT_S)
