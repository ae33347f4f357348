"""Money in integer minor units, and the one way to split it."""

from collections.abc import Mapping

import msgspec

MINOR_DIGITS = {
    **dict.fromkeys(("CNY", "USD", "EUR", "HKD"), 2),
    **dict.fromkeys(("JPY", "KRW", "VND"), 0),
    **dict.fromkeys(("AUD", "BRL", "CAD", "CHF", "GBP", "IDR", "INR", "MOP", "MYR", "NZD"), 2),
    **dict.fromkeys(("PHP", "RUB", "SGD", "THB", "TRY", "TWD"), 2),
    "KWD": 3,
}
"""The currencies that we keep books in, with their decimals (ISO 4217)."""
SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "JPY": "JP¥", "KRW": "₩"}
"""What stands before an amount; other currencies stand there by their code."""


class Money(msgspec.Struct, frozen=True):
    """An amount in the smallest unit of its currency (fen for CNY)."""

    amount_minor: int
    currency: str = "CNY"


def plain_amount(amount_minor: int, currency: str) -> str:
    """An amount as a form takes it and a spreadsheet computes with: `-98.00`, in yen `-98`."""
    whole, rest = amount_parts(amount_minor, currency)
    return f"{'-' if amount_minor < 0 else ''}{whole}{rest}"


def money_text(amount_minor: int, currency: str) -> str:
    """An amount as people write it: `−¥1,098.00`, in yen `JP¥98`."""
    whole, rest = amount_parts(amount_minor, currency)
    return f"{'−' if amount_minor < 0 else ''}{sign_of(currency)}{whole:,}{rest}"


def sign_of(currency: str) -> str:
    """What stands before an amount of this currency."""
    return SIGNS.get(currency, f"{currency} ")


def amount_parts(amount_minor: int, currency: str) -> tuple[int, str]:
    """Whole units of an amount without its sign, and its decimals with the point: `(98, ".50")`."""
    digits = MINOR_DIGITS.get(currency, 2)
    whole, rest = divmod(abs(amount_minor), 10**digits)
    return whole, f".{rest:0{digits}d}" if digits else ""


def split_by_shares(amount_minor: int, shares: Mapping[str, int]) -> dict[str, int]:
    """Split an amount by percentage shares that sum to 100; the parts sum to the amount.

    Every part is rounded down and the remainder goes to the largest share (the first of
    equals), as domain rules require: ``share_i = R * s_i``.
    """
    if sum(shares.values()) != 100 or any(share < 0 for share in shares.values()):
        raise ValueError(f"shares must be 0..100 and sum to 100: {dict(shares)}")
    parts = {party: amount_minor * share // 100 for party, share in shares.items()}
    largest = max(shares, key=lambda party: shares[party])
    parts[largest] += amount_minor - sum(parts.values())
    return parts


def round_half_up(numerator: int, denominator: int) -> int:
    """The quotient rounded half away from zero, for ``denominator > 0``."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))
