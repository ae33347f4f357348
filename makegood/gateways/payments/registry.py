"""From an operator's accounts to gateways; `bootstrap` calls this once."""

from collections.abc import Iterable
from typing import assert_never

import httpx

from makegood.base.time import Clock
from makegood.gateways.payments import alipay, paypal, stripe, wechat
from makegood.gateways.payments.accounts import (
    Account,
    AlipayAccount,
    EpayV1Account,
    EpayV2Account,
    ManualAccount,
    PaypalAccount,
    ShopBalanceAccount,
    StripeAccount,
    WechatAccount,
)
from makegood.gateways.payments.alipay import Alipay
from makegood.gateways.payments.epay_v1 import EpayV1
from makegood.gateways.payments.epay_v2 import EpayV2
from makegood.gateways.payments.manual import Manual
from makegood.gateways.payments.paypal import Paypal
from makegood.gateways.payments.shop_balance import ShopBalance
from makegood.gateways.payments.stripe import Stripe
from makegood.gateways.payments.wechat import Wechat
from makegood.ledger.refund.gateway import PaymentGateway


def build_gateways(
    accounts: Iterable[Account], client: httpx.AsyncClient, clock: Clock
) -> dict[str, PaymentGateway]:
    """One gateway per account, by channel. Raises ValueError for a bad key or a double name."""
    gateways: dict[str, PaymentGateway] = {}
    for account in accounts:
        if account.channel in gateways:
            raise ValueError(f"two gateway accounts are called {account.channel!r}")
        gateways[account.channel] = build_gateway(account, client, clock)
    return gateways


def build_gateway(account: Account, client: httpx.AsyncClient, clock: Clock) -> PaymentGateway:
    """The gateway of one account. Raises ValueError for a key that is none."""
    match account:
        case EpayV1Account():
            return EpayV1(account, client)
        case EpayV2Account():
            return EpayV2(account, client, clock)
        case ShopBalanceAccount():
            return ShopBalance(account, client, clock)
        case AlipayAccount():
            return Alipay(account, client, clock)
        case WechatAccount():
            return Wechat(account, client, clock)
        case StripeAccount():
            return Stripe(account, client, clock)
        case PaypalAccount():
            return Paypal(account, client, clock)
        case ManualAccount():
            return Manual(account)
    assert_never(account)


def address_of(account: Account) -> str:
    """Where an account's gateway is reached; empty for one without a machine."""
    match account:
        case ManualAccount():
            return ""
        case AlipayAccount():
            return account.base_url or (alipay.SANDBOX if account.sandbox else alipay.PRODUCTION)
        case PaypalAccount():
            return account.base_url or (paypal.SANDBOX if account.sandbox else paypal.PRODUCTION)
        case WechatAccount():
            return account.base_url or wechat.PRODUCTION
        case StripeAccount():
            return account.base_url or stripe.PRODUCTION
        case EpayV1Account() | EpayV2Account() | ShopBalanceAccount():
            return account.base_url
    assert_never(account)
