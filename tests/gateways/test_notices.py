"""Notices of every kind: the channel's own are understood, everything else is refused."""

from datetime import datetime, timedelta

import httpx
import msgspec
import pytest

from makegood.gateways.payments.registry import build_gateway
from makegood.ledger.refund.gateway import (
    Dispute,
    DisputeNotice,
    DisputeSource,
    NoticeRefused,
    Notification,
    PaymentGateway,
    RefundNotice,
    RefundRequest,
)
from tests.gateways.hooks import Hook
from tests.gateways.payments import GatewayProgram, RealClock

KINDS = ["alipay", "wechat", "stripe", "paypal"]
OTHERS = {
    "alipay": {"app_id": "2021000000000099"},
    "wechat": {"api_v3_key": "0" * 32},
    "stripe": {"webhook_secret": "whsec_other"},
    "paypal": {"webhook_id": "WH-OTHER"},
}
"""What makes an account another merchant's."""


class LaterClock:
    """Ten minutes ahead: what was signed now is too old there."""

    def now(self) -> datetime:
        return RealClock().now() + timedelta(minutes=10)


@pytest.fixture
def hook(program: GatewayProgram, hook: Hook) -> Hook:
    """Every kind of notice arrives there."""
    program.hooks(dict.fromkeys(KINDS, hook.url))
    return hook


def gateway_of(
    program: GatewayProgram, client: httpx.AsyncClient, kind: str, **other: str
) -> PaymentGateway:
    account = next(one for one in program.accounts() if one.channel == kind)
    return build_gateway(msgspec.structs.replace(account, **other), client, RealClock())


async def a_refund_notice(
    program: GatewayProgram, gateway: PaymentGateway, hook: Hook, number: str
) -> Notification:
    program.pay(f"T{number}", f"O{number}", 9800)
    request = RefundRequest(
        refund_no=f"MG{number}",
        trade_no=f"T{number}",
        order_no=f"O{number}",
        amount_minor=100,
        paid_minor=9800,
    )
    await gateway.refund(request)
    return hook.next()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refunds_notice_names_the_refund_and_may_come_twice(
    kind: str, program: GatewayProgram, client: httpx.AsyncClient, hook: Hook
) -> None:
    gateway = gateway_of(program, client, kind)
    letter = await a_refund_notice(program, gateway, hook, f"1{kind}")
    for _ in range(2):
        assert await gateway.verify_notification(letter) == RefundNotice(refund_no=f"MG1{kind}")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_changed_notice_is_refused(
    kind: str, program: GatewayProgram, client: httpx.AsyncClient, hook: Hook
) -> None:
    gateway = gateway_of(program, client, kind)
    letter = await a_refund_notice(program, gateway, hook, f"2{kind}")
    forged = [
        msgspec.structs.replace(letter, body=letter.body.replace(b"MG", b"MX")),
        msgspec.structs.replace(letter, body=letter.body[:-2], fields={}),
        msgspec.structs.replace(letter, headers={}),
        Notification(),
    ]
    if letter.fields:
        changed = {**letter.fields, "out_biz_no": "MG-of-another"}
        forged = [Notification(fields=changed), Notification()]
    else:
        forged[0] = msgspec.structs.replace(letter, body=letter.body.replace(b'":"', b'": "', 1))
    for notice in forged:
        with pytest.raises(NoticeRefused):
            await gateway.verify_notification(notice)


@pytest.mark.parametrize("kind", KINDS)
async def test_another_merchants_notice_is_refused(
    kind: str, program: GatewayProgram, client: httpx.AsyncClient, hook: Hook
) -> None:
    gateway = gateway_of(program, client, kind)
    letter = await a_refund_notice(program, gateway, hook, f"3{kind}")
    with pytest.raises(NoticeRefused):
        await gateway_of(program, client, kind, **OTHERS[kind]).verify_notification(letter)


@pytest.mark.parametrize("kind", ["wechat", "stripe"])
async def test_an_old_notice_is_refused(
    kind: str, program: GatewayProgram, client: httpx.AsyncClient, hook: Hook
) -> None:
    gateway = gateway_of(program, client, kind)
    letter = await a_refund_notice(program, gateway, hook, f"4{kind}")
    account = next(one for one in program.accounts() if one.channel == kind)
    with pytest.raises(NoticeRefused):
        await build_gateway(account, client, LaterClock()).verify_notification(letter)


async def test_a_sandbox_notice_is_refused_by_a_live_account(
    program: GatewayProgram, client: httpx.AsyncClient, hook: Hook
) -> None:
    sandbox = gateway_of(program, client, "stripe")
    letter = await a_refund_notice(program, sandbox, hook, "5stripe")
    account = next(one for one in program.accounts() if one.channel == "stripe")
    live = msgspec.structs.replace(account, sandbox=False)
    with pytest.raises(NoticeRefused, match="not live"):
        await build_gateway(live, client, RealClock()).verify_notification(letter)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_dispute_is_told_by_notice_and_asked_back(
    kind: str, program: GatewayProgram, client: httpx.AsyncClient, hook: Hook
) -> None:
    gateway = gateway_of(program, client, kind)
    assert isinstance(gateway, DisputeSource)
    program.pay(f"T6{kind}", f"O6{kind}", 9800)
    program.dispute(f"D-{kind}", f"T6{kind}", 9800, kind, hook.url)
    notice = await gateway.verify_notification(hook.next())
    assert notice == DisputeNotice(dispute_ref=f"D-{kind}")
    told = await gateway.query_dispute(f"D-{kind}")
    assert isinstance(told, Dispute)
    assert (told.trade_no, told.amount_minor, told.state) == (f"T6{kind}", 9800, "needs_response")
    assert told.kind == ("complaint" if kind in ("alipay", "wechat") else "chargeback")
    assert told.due_at is not None
    assert await gateway.query_dispute("D-of-nobody") is None


@pytest.mark.parametrize("kind", KINDS)
async def test_the_end_of_a_dispute_is_told(
    kind: str, program: GatewayProgram, client: httpx.AsyncClient
) -> None:
    gateway = gateway_of(program, client, kind)
    assert isinstance(gateway, DisputeSource)
    program.pay(f"T7{kind}", f"O7{kind}", 9800)
    program.dispute(f"E-{kind}", f"T7{kind}", 9800, kind, state="won")
    told = await gateway.query_dispute(f"E-{kind}")
    assert told is not None
    assert (told.state, told.due_at is None or kind == "stripe") == ("won", True)
