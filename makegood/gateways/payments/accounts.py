"""How an operator describes the accounts at payment gateways; secrets never show in a repr."""

from typing import TypeAlias

import msgspec


class GatewayAccount(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Common to all accounts. `channel` is the name that orders give in `payments[].gateway`."""

    channel: str
    currency: str = "CNY"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.channel!r})"


class EpayV1Account(GatewayAccount, frozen=True, kw_only=True, tag="epay_v1"):
    """epay V1: merchant id and MD5 key; any page of the gateway will do as address."""

    base_url: str
    pid: str
    key: str

    __repr__ = GatewayAccount.__repr__


class EpayV2Account(GatewayAccount, frozen=True, kw_only=True, tag="epay_v2"):
    """epay V2: merchant id, our private key, the platform's public key (PEM or bare base64)."""

    base_url: str
    pid: str
    private_key: str
    platform_key: str
    answers_signed: bool = True

    __repr__ = GatewayAccount.__repr__


class ShopBalanceAccount(GatewayAccount, frozen=True, kw_only=True, tag="shop_balance"):
    """The shop system's own balance, reached through the signed calls of docs/money.md."""

    base_url: str
    account: str
    secret: str

    __repr__ = GatewayAccount.__repr__


class ManualAccount(GatewayAccount, frozen=True, kw_only=True, tag="manual"):
    """A way to pay that no machine can refund: coins, transfer codes, cash."""


Account: TypeAlias = EpayV1Account | EpayV2Account | ShopBalanceAccount | ManualAccount


def read_accounts(text: bytes) -> list[Account]:
    """The accounts in a JSON list; raises msgspec.ValidationError naming the faulty field."""
    return msgspec.json.decode(text, type=list[Account])
