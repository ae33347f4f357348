"""Every payment gateway keeps one contract, tried against the gateway program."""

import asyncio
from itertools import count
from pathlib import Path

import httpx
import msgspec
import pytest

from makegood.demo.programs.gateway_book import Payment
from makegood.demo.programs.gateway_machine import Faults
from makegood.gateways.payments.amounts import TOO_FINE
from makegood.gateways.payments.registry import build_gateway
from makegood.ledger.refund.gateway import (
    Accepted,
    Arrived,
    Declined,
    GatewayUnavailable,
    NotFound,
    PaymentGateway,
    RefundReply,
    RefundRequest,
    Unknown,
    Unsupported,
)
from tests.gateways.payments import GatewayProgram, Gateways, RealClock

FAR_OFF = 3600.0
"""Seconds: what a gateway does then is done when the test hastens it, and never before."""

CHANNELS = ["epay", "epay2", "balance", "alipay", "wechat", "stripe", "paypal"]
WITH_NUMBERS = ["epay2", "balance", "alipay", "wechat", "stripe", "paypal"]
BY_ORDER_NO = ["epay", "epay2", "balance", "alipay", "wechat"]
TELLS_REFUNDED = ["epay", "epay2", "balance", "stripe", "paypal"]
FAILS_LATER = ["epay2", "balance", "wechat", "stripe", "paypal"]
KNOWS_UNSUPPORTED = ["epay", "epay2"]
OTHER_KEY = Path(__file__).with_name("other_key.pem").read_text()
WRONG = {
    "epay": {"key": "wrong"},
    "epay2": {"private_key": OTHER_KEY},
    "balance": {"secret": "wrong"},
    "alipay": {"private_key": OTHER_KEY},
    "wechat": {"private_key": OTHER_KEY},
    "stripe": {"secret_key": "sk_test_wrong"},
    "paypal": {"secret": "wrong"},
}
_numbers = count(1)


@pytest.fixture(autouse=True)
def no_faults(program: GatewayProgram) -> None:
    program.set_faults(Faults())


@pytest.fixture
def gateways(program: GatewayProgram, client: httpx.AsyncClient) -> dict[str, PaymentGateway]:
    return Gateways(program.accounts(), client)


def a_payment(program: GatewayProgram, amount_minor: int = 9800) -> RefundRequest:
    """A payment in the program's book, and the wish to refund all of it."""
    number = next(_numbers)
    program.pay(f"T{number}", f"O{number}", amount_minor)
    return RefundRequest(
        refund_no=f"MG{number:08d}",
        trade_no=f"T{number}",
        order_no=f"O{number}",
        amount_minor=amount_minor,
        paid_minor=amount_minor,
        before_minor=0,
    )


async def until_known(gateway: PaymentGateway, request: RefundRequest) -> RefundReply:
    """Ask until the refund has arrived, was declined, or a minute is over."""
    reply: RefundReply = Unknown()
    for _ in range(1200):
        reply = await gateway.query_refund(request)
        if isinstance(reply, Arrived | Declined):
            return reply
        await asyncio.sleep(0.05)
    return reply


def paid_back(program: GatewayProgram, request: RefundRequest) -> int:
    """What the gateway's own book says went back of this payment."""
    return sum(
        refund.amount_minor
        for refund in program.refunds()
        if refund.trade_no == request.trade_no and refund.status != "refused"
    )


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_refund_arrives_and_is_found_again(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    request = a_payment(program)
    assert isinstance(await gateways[channel].refund(request), Arrived)
    assert isinstance(await gateways[channel].query_refund(request), Arrived)
    assert paid_back(program, request) == 9800


@pytest.mark.parametrize("channel", BY_ORDER_NO)
async def test_the_order_number_serves_where_the_trade_number_is_not_known(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    request = a_payment(program)
    wrong = msgspec.structs.replace(request, trade_no="nobody-knows")
    assert isinstance(await gateways[channel].refund(wrong), Arrived)
    assert paid_back(program, request) == 9800


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_refund_of_a_payment_nobody_made_moves_nothing(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    request = a_payment(program)
    wrong = msgspec.structs.replace(request, trade_no="x", order_no="y")
    assert isinstance(await gateways[channel].refund(wrong), Declined | Unknown)
    assert paid_back(program, request) == 0


@pytest.mark.parametrize("channel", CHANNELS)
async def test_more_than_was_paid_is_declined(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    request = msgspec.structs.replace(a_payment(program), amount_minor=9801)
    assert isinstance(await gateways[channel].refund(request), Declined)
    assert paid_back(program, request) == 0


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_definitive_refusal_is_declined_and_moves_nothing(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    program.set_faults(Faults(refuse=1.0))
    request = a_payment(program)
    assert isinstance(await gateways[channel].refund(request), Declined)
    assert paid_back(program, request) == 0


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_cut_connection_is_an_unknown_outcome_that_a_query_clears(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    program.set_faults(Faults(cut_after=1.0))
    request = a_payment(program)
    with pytest.raises(GatewayUnavailable) as failure:
        await gateways[channel].refund(request)
    assert failure.value.sent
    assert isinstance(await gateways[channel].query_refund(request), Arrived)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_failure_before_execution_leaves_nothing_behind(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    program.set_faults(Faults(fail_before=1.0))
    request = a_payment(program)
    with pytest.raises(GatewayUnavailable) as failure:
        await gateways[channel].refund(request)
    assert failure.value.sent
    assert isinstance(await gateways[channel].query_refund(request), NotFound)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_execution_after_we_gave_up_is_found_later(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    program.set_faults(Faults(executed_late=1.0, late_seconds=FAR_OFF))
    request = a_payment(program)
    with pytest.raises(GatewayUnavailable):
        await gateways[channel].refund(request)
    assert isinstance(await gateways[channel].query_refund(request), NotFound)
    program.hasten()
    assert isinstance(await until_known(gateways[channel], request), Arrived)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_failed_query_is_never_an_answer(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    request = a_payment(program)
    program.set_faults(Faults(query_fails=1.0))
    with pytest.raises(GatewayUnavailable):
        await gateways[channel].query_refund(request)
    with pytest.raises(GatewayUnavailable):
        await gateways[channel].query_payment(trade_no=request.trade_no)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_server_that_cannot_be_reached_was_never_sent_anything(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    request = a_payment(program)
    program.kill()
    try:
        with pytest.raises(GatewayUnavailable) as failure:
            await gateways[channel].refund(request)
        assert not failure.value.sent
    finally:
        program.restart()
    assert paid_back(program, request) == 0


@pytest.mark.parametrize("channel", CHANNELS)
async def test_the_book_survives_kill_9(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    request = a_payment(program)
    await gateways[channel].refund(request)
    program.kill()
    program.restart()
    assert isinstance(await gateways[channel].query_refund(request), Arrived)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_payment_is_told_with_its_amount_and_what_went_back(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    request = msgspec.structs.replace(a_payment(program), amount_minor=3000)
    await gateways[channel].refund(request)
    [capture] = await gateways[channel].query_payment(trade_no=request.trade_no)
    assert (capture.order_no, capture.amount_minor) == (request.order_no, 9800)
    told = 3000 if channel in TELLS_REFUNDED else None
    assert (capture.state, capture.refunded_minor) == ("paid", told)


@pytest.mark.parametrize("channel", [*BY_ORDER_NO, "stripe"])
async def test_a_payment_is_found_by_its_order(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    request = a_payment(program)
    found = await gateways[channel].query_payment(trade_no=request.trade_no)
    assert await gateways[channel].query_payment(order_no=request.order_no) == found


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_payment_nobody_made_is_an_empty_answer(
    channel: str, gateways: dict[str, PaymentGateway]
) -> None:
    assert await gateways[channel].query_payment(trade_no="none", order_no="none") == []


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_gateway_that_does_not_support_refunds_is_no_refusal(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    program.set_faults(Faults(no_refunds=True))
    request = a_payment(program)
    reply = await gateways[channel].refund(request)
    assert isinstance(reply, Unsupported if channel in KNOWS_UNSUPPORTED else Declined)


@pytest.mark.parametrize("channel", WITH_NUMBERS)
async def test_the_same_number_again_pays_once(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    request = msgspec.structs.replace(a_payment(program), amount_minor=1000)
    for _ in range(5):
        assert isinstance(await gateways[channel].refund(request), Arrived)
    assert paid_back(program, request) == 1000


@pytest.mark.parametrize("channel", WITH_NUMBERS)
async def test_accepted_is_not_arrived(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    program.set_faults(Faults(accept_first=1.0, arrive_seconds=FAR_OFF))
    request = a_payment(program)
    assert isinstance(await gateways[channel].refund(request), Accepted)
    program.hasten()
    assert isinstance(await until_known(gateways[channel], request), Arrived)


@pytest.mark.parametrize("channel", FAILS_LATER)
async def test_what_was_accepted_may_still_come_back(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    program.set_faults(Faults(accept_first=1.0, refuse_late=1.0, arrive_seconds=FAR_OFF))
    request = a_payment(program)
    assert isinstance(await gateways[channel].refund(request), Accepted)
    program.hasten()
    assert isinstance(await until_known(gateways[channel], request), Declined)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_wrong_credentials_are_told_from_silence(
    channel: str, program: GatewayProgram, client: httpx.AsyncClient
) -> None:
    accounts = {account.channel: account for account in program.accounts()}
    wrong = msgspec.structs.replace(accounts[channel], **WRONG[channel])
    gateway = build_gateway(wrong, client, RealClock())
    with pytest.raises(GatewayUnavailable) as failure:
        await gateway.query_payment(trade_no="makegood-credential-check")
    assert failure.value.trouble in ("credentials", "signature")


@pytest.mark.parametrize("channel", ["stripe", "paypal"])
async def test_yen_have_no_decimals(
    channel: str, program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    number = f"yen-{channel}"
    program.pay_all(
        [Payment(trade_no=number, order_no=f"O-{number}", amount_minor=500, currency="JPY")]
    )
    request = msgspec.structs.replace(
        a_payment(program), trade_no=number, amount_minor=300, paid_minor=500, currency="JPY"
    )
    assert isinstance(await gateways[channel].refund(request), Arrived)
    [capture] = await gateways[channel].query_payment(trade_no=number)
    assert (capture.amount_minor, capture.currency, capture.refunded_minor) == (500, "JPY", 300)
    assert paid_back(program, request) == 300


FINE = [("stripe", "KWD", 12_350, 3_705, 3_710), ("paypal", "TWD", 50_000, 12_345, 12_300)]


@pytest.mark.parametrize(("channel", "currency", "paid", "fine", "coarse"), FINE)
async def test_an_amount_between_a_gateways_steps_is_declined_unsent_and_the_next_step_arrives(
    channel: str,
    currency: str,
    paid: int,
    fine: int,
    coarse: int,
    program: GatewayProgram,
    gateways: dict[str, PaymentGateway],
) -> None:
    number = f"fine-{channel}"
    paying = Payment(trade_no=number, order_no=f"O-{number}", amount_minor=paid, currency=currency)
    program.pay_all([paying])
    wish = msgspec.structs.replace(
        a_payment(program), trade_no=number, amount_minor=fine, paid_minor=paid, currency=currency
    )
    program.set_faults(Faults(down=True))
    assert await gateways[channel].refund(wish) == Declined(text=TOO_FINE)
    program.set_faults(Faults())
    next_step = msgspec.structs.replace(wish, amount_minor=coarse)
    assert isinstance(await gateways[channel].refund(next_step), Arrived)
    assert paid_back(program, next_step) == coarse


async def test_v1_without_the_refunded_sum_leaves_a_part_refund_unknown(
    program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    program.set_faults(Faults(tells_refunded=False))
    request = msgspec.structs.replace(a_payment(program), amount_minor=1000, before_minor=None)
    await gateways["epay"].refund(request)
    assert isinstance(await gateways["epay"].query_refund(request), Unknown)


async def test_v1_explains_a_part_refund_only_by_what_had_gone_back_before(
    program: GatewayProgram, gateways: dict[str, PaymentGateway]
) -> None:
    first = msgspec.structs.replace(a_payment(program), amount_minor=1000)
    await gateways["epay"].refund(first)
    second = msgspec.structs.replace(first, refund_no="other", before_minor=1000)
    assert isinstance(await gateways["epay"].query_refund(second), NotFound)
    unasked = msgspec.structs.replace(second, before_minor=None)
    assert isinstance(await gateways["epay"].query_refund(unasked), Unknown)


async def test_manual_accounts_refund_nothing_and_say_nothing(
    gateways: dict[str, PaymentGateway], program: GatewayProgram
) -> None:
    request = a_payment(program)
    assert not gateways["usdt"].abilities.can_refund
    assert isinstance(await gateways["usdt"].refund(request), Unsupported)
    assert isinstance(await gateways["usdt"].query_refund(request), Unknown)
    with pytest.raises(GatewayUnavailable):
        await gateways["usdt"].query_payment(trade_no="T")


async def test_a_repr_and_a_failure_show_no_secret(
    program: GatewayProgram, tmp_path: Path, client: httpx.AsyncClient
) -> None:
    accounts = program.accounts()
    secrets = [
        str(getattr(account, name))
        for account in accounts
        for name in ("key", "private_key", "secret", "secret_key", "api_v3_key", "webhook_secret")
        if hasattr(account, name)
    ]
    assert len(secrets) >= 8
    assert not any(secret in repr(accounts) for secret in secrets)
    program.set_faults(Faults(down=True))
    machines = [account for account in accounts if account.channel != "usdt"]
    for gateway in [build_gateway(account, client, RealClock()) for account in machines]:
        with pytest.raises(GatewayUnavailable) as failure:
            await gateway.query_payment(trade_no="T1")
        assert not any(secret in str(failure.value) for secret in secrets)
