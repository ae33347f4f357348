"""The channels' own SDKs speak with our gateway program, and accept what we sign: so both our
sides cannot be wrong together."""

import httpx
import msgspec
import pytest
import stripe
from wechatpayv3 import WeChatPay, WeChatPayType  # type: ignore[import-untyped]

from makegood.gateways.payments.accounts import Account, StripeAccount, WechatAccount
from makegood.gateways.payments.stripe import Stripe
from makegood.gateways.payments.wechat import Wechat
from makegood.ledger.refund.gateway import (
    Arrived,
    DisputeNotice,
    Notification,
    RefundNotice,
    RefundRequest,
)
from tests.gateways.hooks import Hook
from tests.gateways.payments import GatewayProgram, RealClock

REQUEST = RefundRequest(
    refund_no="MG00000001", trade_no="T1", order_no="O1", amount_minor=3000, paid_minor=9800
)


@pytest.fixture(scope="module")
def program(program: GatewayProgram) -> GatewayProgram:
    """A gateway program with one payment."""
    program.pay("T1", "O1", 9800)
    return program


@pytest.fixture(scope="module")
def accounts(program: GatewayProgram) -> dict[str, Account]:
    return {account.channel: account for account in program.accounts()}


def stripe_account(accounts: dict[str, Account]) -> StripeAccount:
    account = accounts["stripe"]
    assert isinstance(account, StripeAccount)
    return account


def wechat_account(accounts: dict[str, Account]) -> WechatAccount:
    account = accounts["wechat"]
    assert isinstance(account, WechatAccount)
    return account


def wechat_sdk(account: WechatAccount) -> WeChatPay:
    sdk = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=account.mchid,
        private_key="".join(account.private_key.splitlines()[1:-1]),
        cert_serial_no=account.serial_no,
        apiv3_key=account.api_v3_key,
        appid="wx1",
        public_key=account.platform_key.strip(),
        public_key_id=account.platform_key_id,
    )
    sdk._core._gate_way = account.base_url
    return sdk


async def test_a_refund_made_by_stripes_sdk_is_found_by_our_gateway(
    accounts: dict[str, Account], client: httpx.AsyncClient, program: GatewayProgram
) -> None:
    account = stripe_account(accounts)
    request = msgspec.structs.replace(REQUEST, trade_no="T2", order_no="O2")
    program.pay(request.trade_no, request.order_no, request.paid_minor)
    transport = stripe.UrllibClient(verify_ssl_certs=False)
    sdk = stripe.StripeClient(
        account.secret_key,
        base_addresses={"api": account.base_url},
        http_client=transport,
        max_network_retries=0,
    )
    made = sdk.v1.refunds.create(
        params={
            "payment_intent": request.trade_no,
            "amount": request.amount_minor,
            "metadata": {"refund_no": request.refund_no},
        },
        options={"idempotency_key": request.refund_no},
    )
    assert made.status == "succeeded"
    seen = await Stripe(account, client, RealClock()).query_refund(request)
    assert seen == Arrived(gateway_ref=made.id)
    listed = sdk.v1.refunds.list(params={"payment_intent": request.trade_no})
    assert [one.id for one in listed.data] == [made.id]


async def test_stripes_sdk_and_we_accept_each_others_signatures(
    accounts: dict[str, Account], client: httpx.AsyncClient, program: GatewayProgram, hook: Hook
) -> None:
    account = stripe_account(accounts)
    program.dispute("dp_1", "T1", 9800, "stripe", hook.url)
    letter = hook.next()
    event = stripe.Webhook.construct_event(
        letter.body, letter.headers["stripe-signature"], account.webhook_secret
    )
    assert event.type == "charge.dispute.updated"
    ours = Stripe(account, client, RealClock())
    assert await ours.verify_notification(letter) == DisputeNotice(dispute_ref="dp_1")
    text = letter.body.decode()
    header = stripe.WebhookSignature.generate_signature_header(text, account.webhook_secret)
    theirs = Notification(body=letter.body, headers={"stripe-signature": header})
    assert await ours.verify_notification(theirs) == DisputeNotice(dispute_ref="dp_1")


async def test_a_refund_made_by_the_wechat_sdk_is_found_by_our_gateway(
    accounts: dict[str, Account], client: httpx.AsyncClient
) -> None:
    account = wechat_account(accounts)
    request = msgspec.structs.replace(REQUEST, refund_no="MG00000002", amount_minor=1000)
    sdk = wechat_sdk(account)
    code, text = sdk.refund(
        out_refund_no=request.refund_no,
        transaction_id="T1",
        amount={"refund": 1000, "total": 9800, "currency": "CNY"},
    )
    assert code == 200, text
    seen = await Wechat(account, client, RealClock()).query_refund(request)
    assert isinstance(seen, Arrived)
    code, text = sdk.query_refund(request.refund_no)
    assert (code, msgspec.json.decode(text)["status"]) == (200, "SUCCESS")


async def test_the_wechat_sdk_and_we_open_the_same_notices(
    accounts: dict[str, Account], client: httpx.AsyncClient, program: GatewayProgram, hook: Hook
) -> None:
    account = wechat_account(accounts)
    program.hooks({"wechat": hook.url})
    request = msgspec.structs.replace(REQUEST, refund_no="MG00000003", amount_minor=500)
    ours = Wechat(account, client, RealClock())
    await ours.refund(request)
    letter = hook.next()
    opened = wechat_sdk(account).callback(letter.headers, letter.body)
    assert opened["resource"]["out_refund_no"] == request.refund_no
    assert await ours.verify_notification(letter) == RefundNotice(refund_no=request.refund_no)
