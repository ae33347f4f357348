"""Where the present and new ids come from: the only clock and the only generator."""

import secrets
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from makegood.base.ids import CLAIM_NO_LETTERS, claim_no_from


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        return datetime.now(UTC)


class SystemIds:
    """Ids from the system's secure random source."""

    def __init__(self, timezone: str = "Asia/Shanghai") -> None:
        self._zone = ZoneInfo(timezone)

    def claim_no(self, now: datetime) -> str:
        """A new claim number of the market's own day."""
        day = now.astimezone(self._zone).strftime("%y%m%d")
        return claim_no_from(day, secrets.randbelow(32**CLAIM_NO_LETTERS))

    def uuid(self) -> str:
        """A UUID of version 7: milliseconds first, so that indexes grow at one end."""
        value = bytearray(int(time.time() * 1000).to_bytes(6, "big") + secrets.token_bytes(10))
        value[6] = (value[6] & 0x0F) | 0x70
        value[8] = (value[8] & 0x3F) | 0x80
        text = value.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def secret(self, size: int = 32) -> bytes:
        """Random bytes."""
        return secrets.token_bytes(size)
