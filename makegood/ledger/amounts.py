"""Amounts as people and other systems state them: what is refused before anything moves."""

import re
import unicodedata
from decimal import Decimal
from typing import Final

from makegood.base.money import MINOR_DIGITS, Money
from makegood.base.refusal import Refused
from makegood.ledger.rules import MAX_AMOUNT_MINOR

_NUMBER: Final = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+|(?=\.[0-9]))(\.[0-9]*)?")
"""Digits with a point; commas only where they part thousands, so that `1,5` is never 15."""
_SIGNS: Final = {"¥": ("CNY", "JPY"), "$": ("USD", "HKD"), "€": ("EUR",), "£": ("GBP",)}


def check_money(money: Money, currency: str = "") -> None:
    """Refuse an amount that cannot be meant.

    `currency` is the one that is expected here; empty where any known one will do.

    Raises:
        Refused: `amount_not_positive`, `amount_too_large` (with the limit in minor units),
            `currency_unknown`, or `currency_wrong` with the expected one.
    """
    if money.currency not in MINOR_DIGITS:
        raise Refused("currency_unknown", currency=money.currency)
    if currency and money.currency != currency:
        raise Refused("currency_wrong", currency=money.currency, expected=currency)
    if money.amount_minor <= 0:
        raise Refused("amount_not_positive")
    if money.amount_minor > MAX_AMOUNT_MINOR:
        raise Refused("amount_too_large", limit_minor=MAX_AMOUNT_MINOR)


def read_amount(text: str, currency: str) -> Money:
    """An amount to be moved, as a person types it (`98`, `98.5`, `¥1,234.00`), as money.

    Raises:
        Refused: as `read_minor` and `check_money`.
    """
    money = Money(read_minor(text, currency), currency)
    check_money(money)
    return money


def read_minor(text: str, currency: str) -> int:
    """A typed amount in minor units; nothing and less than nothing are for the caller to judge.

    Raises:
        Refused: `amount_unreadable` for anything but a plain number, `amount_too_precise` for
            more decimals than the currency has, `amount_too_large`, `currency_unknown`,
            `currency_wrong` for another currency's sign before the number.
    """
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        raise Refused("currency_unknown", currency=currency)
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain[:1] in _SIGNS:
        if currency not in _SIGNS[plain[0]]:
            raise Refused("currency_wrong", currency=plain[0], expected=currency)
        plain = plain[1:].strip()
    if not _NUMBER.fullmatch(plain):
        raise Refused("amount_unreadable", text=text[:40])
    value = Decimal(plain.replace(",", ""))
    if value.copy_abs() > MAX_AMOUNT_MINOR:
        raise Refused("amount_too_large", limit_minor=MAX_AMOUNT_MINOR)
    if len(plain.partition(".")[2].rstrip("0")) > digits:
        raise Refused("amount_too_precise", digits=digits)
    return int(value.scaleb(digits))
