"""Times as the record writes them: RFC 3339 in UTC, in one spelling."""

import re
from datetime import UTC, datetime
from typing import Final

from makegood.base.time import rfc3339
from makegood.verify.verdict import Rejected

AHEAD_SECONDS: Final = 300.0
"""Clocks of honest machines differ by less; what lies further ahead is refused."""
LATEST: Final = float("inf")
_FORM: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z")


def moment(text: str) -> float:
    """Seconds since 1970, to the second; rejected as damaged unless we would write it so."""
    if not _FORM.fullmatch(text):
        raise Rejected("damaged", "time")
    try:
        at = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise Rejected("damaged", "time") from wrong
    if rfc3339(at) != text or at.year < 1970:
        raise Rejected("damaged", "time")
    return at.astimezone(UTC).replace(microsecond=0).timestamp()


def require_past(text: str, now: float) -> None:
    """Reject what says it was written later than now, beyond what clocks may differ."""
    if moment(text) > now + AHEAD_SECONDS:
        raise Rejected("future", "clock")
