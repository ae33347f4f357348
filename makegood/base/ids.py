"""Ids as plain strings: their forms, check letters and the protocol that makes them."""

import hashlib
from datetime import datetime
from typing import Protocol

import msgspec

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CLAIM_NO_LETTERS = 5


class Ids(Protocol):
    """Makes new ids; the real generator is built in `bootstrap`, a counting one in tests."""

    def claim_no(self, now: datetime) -> str:
        """A new claim number, `AS-261121-7K3QFX`, dated in the market's own day."""
        ...

    def uuid(self) -> str:
        """A new time-ordered UUID as text."""
        ...

    def secret(self, size: int = 32) -> bytes:
        """`size` random bytes from the system's secure source."""
        ...


class UnitRef(msgspec.Struct, frozen=True, order=True):
    """One key, account, top-up or period inside an order line: what a claim is about."""

    order_no: str
    line_no: int
    unit_no: int

    def __str__(self) -> str:
        return f"{self.order_no}/{self.line_no}/{self.unit_no}"


def claim_no_from(day: str, draw: int) -> str:
    """The claim number of a day (`yymmdd`) and a random draw below 32**5, with its check letter."""
    letters = ""
    for _ in range(CLAIM_NO_LETTERS):
        draw, digit = divmod(draw, 32)
        letters += CROCKFORD[digit]
    return f"AS-{day}-{letters}{_check_letter(day + letters)}"


def is_claim_no(text: str) -> bool:
    """Whether the text has the form of a claim number and its check letter fits."""
    parts = text.split("-")
    if len(parts) != 3 or parts[0] != "AS":
        return False
    day, tail = parts[1], parts[2]
    if len(day) != 6 or not day.isascii() or not day.isdigit() or len(tail) != 6:
        return False
    return all(c in CROCKFORD for c in tail) and tail[-1] == _check_letter(day + tail[:-1])


def derived_id(*parts: str) -> str:
    """A stable UUID-shaped id of its parts, so that the same effect always has the same id."""
    digest = bytearray(hashlib.sha256("\x1f".join(parts).encode()).digest()[:16])
    digest[6] = (digest[6] & 0x0F) | 0x80
    digest[8] = (digest[8] & 0x3F) | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _check_letter(text: str) -> str:
    """A weighted sum modulo 31 (prime), so single errors and swaps change the letter."""
    total = sum((place + 2) * CROCKFORD.index(c) for place, c in enumerate(text))
    return CROCKFORD[total % 31]
