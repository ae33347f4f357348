"""The kinds of gateway accounts as forms: which fields each has, and from fields to an account."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from makegood.base.money import MINOR_DIGITS
from makegood.base.refusal import Refused
from makegood.gateways.payments.accounts import (
    Account,
    AlipayAccount,
    EpayV1Account,
    EpayV2Account,
    GatewayAccount,
    ManualAccount,
    PaypalAccount,
    ShopBalanceAccount,
    StripeAccount,
    WechatAccount,
)

SHAPES: Final[dict[str, type[GatewayAccount]]] = {
    "alipay": AlipayAccount,
    "wechat": WechatAccount,
    "epay_v1": EpayV1Account,
    "epay_v2": EpayV2Account,
    "stripe": StripeAccount,
    "paypal": PaypalAccount,
    "shop_balance": ShopBalanceAccount,
    "manual": ManualAccount,
}
SECRETS: Final = frozenset(
    {"key", "private_key", "secret", "secret_key", "api_v3_key", "webhook_secret"}
)
LONG: Final = frozenset({"private_key", "platform_key", "alipay_key"})
"""Keys of several lines."""

_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_URL = re.compile(r"https?://[^\s/]+(/\S*)?")


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of an account's form; `shape` says how it is filled in."""

    name: str
    shape: str
    secret: bool
    required: bool
    default: str


def fields_of(kind: str) -> list[Field]:
    """The fields of a kind beside channel and currency, in the order they are asked."""
    shape = SHAPES[kind]
    return [
        _field(one)
        for one in msgspec.structs.fields(shape)
        if one.name not in ("channel", "currency")
    ]


def account_from(kind: str, given: Mapping[str, str], stored: Account | None = None) -> Account:
    """The account that a form describes; an empty secret keeps the stored one.

    Raises:
        Refused: `setting_invalid` with the names of the wrong fields.
    """
    if kind not in SHAPES:
        raise Refused("setting_invalid", fields=["kind"])
    wrong = [name for name, value in _common(given).items() if not value]
    values: dict[str, object] = {"channel": given["channel"], "currency": given["currency"]}
    for field in fields_of(kind):
        value = _value(field, given, stored)
        if value is None:
            wrong.append(field.name)
        else:
            values[field.name] = value
    if wrong:
        raise Refused("setting_invalid", fields=wrong)
    account: Account = msgspec.convert({"kind": kind, **values}, type=Account)
    return account


def shown(account: Account) -> dict[str, str]:
    """What a form may show of a stored account: everything but its secrets."""
    return {
        name: _text(value)
        for name, value in msgspec.structs.asdict(account).items()
        if name not in SECRETS
    }


def _common(given: Mapping[str, str]) -> dict[str, bool]:
    return {
        "channel": bool(_CHANNEL.fullmatch(given.get("channel", ""))),
        "currency": given.get("currency", "") in MINOR_DIGITS,
    }


def _field(one: msgspec.structs.FieldInfo) -> Field:
    required = one.default is msgspec.NODEFAULT
    default = "" if required else _text(one.default)
    shape = "long" if one.name in LONG else "text"
    if isinstance(one.default, bool):
        shape = "switch"
    elif isinstance(one.default, int):
        shape = "number"
    elif one.name.endswith("_url"):
        shape = "url"
    return Field(
        name=one.name,
        shape=shape,
        secret=one.name in SECRETS,
        required=required,
        default=default,
    )


def _value(field: Field, given: Mapping[str, str], stored: Account | None) -> object:
    """A field's value; None where it is missing or wrong."""
    text = given.get(field.name, "").strip()
    match field.shape:
        case "switch":
            return text == "yes"
        case "number":
            return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else None
        case "url" if text and not _URL.fullmatch(text):
            return None
    if not text and field.secret and stored is not None:
        return getattr(stored, field.name, None)
    return text if text or not field.required else None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return str(value)
