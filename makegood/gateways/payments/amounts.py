"""Amounts as gateways write them: decimal text with exactly the digits of the currency."""

import re
from typing import Final

from makegood.base.money import MINOR_DIGITS
from makegood.ledger.refund.gateway import GatewayUnavailable

TOO_FINE: Final = "the gateway takes no amount this fine in this currency"
"""Of an amount between a gateway's steps. It is never sent: one that rounds moves another sum."""
_AMOUNT = re.compile(r"(?P<whole>[0-9]{1,12})(?:\.(?P<part>[0-9]*))?")


def amount_text(amount_minor: int, currency: str) -> str:
    """An amount with the digits of its currency: `98.00`, and `98` in yen."""
    digits = MINOR_DIGITS[currency]
    whole, part = divmod(amount_minor, 10**digits)
    return f"{whole}.{part:0{digits}d}" if digits else str(whole)


def amount_minor(text: object, currency: str) -> int:
    """An amount in minor units. Raises GatewayUnavailable for what is no exact amount."""
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        raise GatewayUnavailable(f"an amount in {currency[:8]!r}, which we do not keep")
    match = _AMOUNT.fullmatch(str(text))
    part = (match["part"] or "") if match else ""
    if match is None or part[digits:].strip("0"):
        raise GatewayUnavailable("the amount makes no sense")
    return int(match["whole"] + part[:digits].ljust(digits, "0"))
