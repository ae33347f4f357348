"""Amounts as people and other systems state them: what is refused before anything moves."""

from decimal import Decimal, InvalidOperation

from makegood.base.money import MINOR_DIGITS, Money
from makegood.base.refusal import Refused
from makegood.ledger.rules import MAX_AMOUNT_MINOR


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
    """An amount as a person types it (`98`, `98.5`, `1,234.00`), as money.

    Raises:
        Refused: `amount_unreadable` for anything but a plain number, `amount_too_precise` for
            more decimals than the currency has, and as `check_money`.
    """
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        raise Refused("currency_unknown", currency=currency)
    plain = text.strip().replace(",", "").replace("，", "")
    try:
        value = Decimal(plain)
    except InvalidOperation as failed:
        raise Refused("amount_unreadable", text=text[:40]) from failed
    if not value.is_finite() or not set(plain) <= set("0123456789.-+"):
        raise Refused("amount_unreadable", text=text[:40])
    if value.copy_abs() > MAX_AMOUNT_MINOR:
        raise Refused("amount_too_large", limit_minor=MAX_AMOUNT_MINOR)
    minor = value.scaleb(digits)
    if minor != minor.to_integral_value():
        raise Refused("amount_too_precise", digits=digits)
    money = Money(int(minor), currency)
    check_money(money)
    return money
