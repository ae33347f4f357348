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


class AlipayAccount(GatewayAccount, frozen=True, kw_only=True, tag="alipay"):
    """Alipay open API: application id, our private key, Alipay's public key (PEM or base64)."""

    app_id: str
    private_key: str
    alipay_key: str
    sandbox: bool = False
    base_url: str = ""
    """Only for a proxy: empty means Alipay's own address, or its sandbox."""
    reply_hours: int = 24
    """How long Alipay lets a merchant wait before the first answer to a complaint."""

    __repr__ = GatewayAccount.__repr__


class WechatAccount(GatewayAccount, frozen=True, kw_only=True, tag="wechat"):
    """WeChat Pay API v3: merchant number, our certificate's serial and private key, the APIv3
    key, and WeChat Pay's public key (or platform certificate) with its id. There is no sandbox.
    """

    mchid: str
    serial_no: str
    private_key: str
    api_v3_key: str
    platform_key: str
    platform_key_id: str
    base_url: str = ""
    reply_hours: int = 24
    """How long WeChat Pay lets a merchant wait before the first answer to a complaint."""

    __repr__ = GatewayAccount.__repr__


class StripeAccount(GatewayAccount, frozen=True, kw_only=True, tag="stripe"):
    """Stripe: secret (or restricted) key and the signing secret of our webhook endpoint.

    `sandbox` says that the key is a test key; a live notification is then refused, and the
    reverse. `order_field` is the metadata field in which the shop keeps the order number.
    """

    secret_key: str
    webhook_secret: str
    sandbox: bool = False
    order_field: str = "order_no"
    base_url: str = ""

    __repr__ = GatewayAccount.__repr__


class PaypalAccount(GatewayAccount, frozen=True, kw_only=True, tag="paypal"):
    """PayPal REST: client id and secret of the application, and the id of our webhook."""

    client_id: str
    secret: str
    webhook_id: str
    sandbox: bool = False
    base_url: str = ""

    __repr__ = GatewayAccount.__repr__


class ManualAccount(GatewayAccount, frozen=True, kw_only=True, tag="manual"):
    """A way to pay that no machine can refund: coins, transfer codes, cash."""


Account: TypeAlias = (
    EpayV1Account
    | EpayV2Account
    | ShopBalanceAccount
    | AlipayAccount
    | WechatAccount
    | StripeAccount
    | PaypalAccount
    | ManualAccount
)


def read_accounts(text: bytes) -> list[Account]:
    """The accounts in a JSON list; raises msgspec.ValidationError naming the faulty field."""
    return msgspec.json.decode(text, type=list[Account])
