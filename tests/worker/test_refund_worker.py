"""The worker's side of refunds, and notifications that are believed only after asking back."""

from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest

from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import UnitRef
from makegood.demo.programs.gateway_machine import Faults
from makegood.gateways.outside import make_client
from makegood.gateways.payments import epay_v1
from makegood.gateways.payments.accounts import EpayV1Account, ShopBalanceAccount
from makegood.gateways.payments.shop_balance import notice_signature
from makegood.ledger import actions as ledger
from makegood.ledger.recipes import LegKind, PaymentBooking, PaymentLeg
from makegood.ledger.refund import actions
from makegood.ledger.refund.actions import RefundOutcome
from makegood.ledger.refund.gateway import Capture, Notification
from makegood.ledger.refund.rules import Refund, RefundOrder, RefundState, Timings
from makegood.store import jobs
from makegood.store.database import Connection, Database
from makegood.worker.refunds import (
    Desk,
    ask_payment,
    payment_notification,
    query_refund,
    send_refund,
)
from tests.gateways.payments import NO_ONE, GatewayProgram, Gateways, RealClock, running

MARKET = "m1"
PRICE = 9800
_numbers = count(1)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProgram]:
    with running(tmp_path_factory.mktemp("gateway")) as started:
        yield started


@pytest.fixture(autouse=True)
def no_faults(program: GatewayProgram) -> None:
    program.set_faults(Faults())


KINDS = ["epay", "epay2", "balance", "alipay", "wechat", "stripe", "paypal"]


class Told:
    """What the claim and the payments' side were told."""

    def __init__(self) -> None:
        self.outcomes: list[RefundOutcome] = []
        self.payments: list[Capture] = []

    async def outcome(self, tx: Connection, act: Act, outcome: RefundOutcome) -> None:
        self.outcomes.append(outcome)

    async def payment(self, tx: Connection, act: Act, channel: str, capture: Capture) -> None:
        self.payments.append(capture)

    def states(self) -> list[RefundState]:
        return [outcome.state for outcome in self.outcomes]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def desk(db: Database, program: GatewayProgram, told: Told) -> AsyncIterator[Desk]:
    async with make_client(NO_ONE) as client:
        gateways = Gateways(program.accounts(), client)
        yield Desk(
            db=db,
            gateways=lambda market_id: gateways if market_id == MARKET else {},
            clock=RealClock(),
            on_outcome=told.outcome,
            on_payment=told.payment,
            timings=Timings(lease=1, first_check=0, longest_pause=0),
        )


async def ordered(
    desk: Desk, program: GatewayProgram, channel: str, kind: LegKind = "online", amount: int = PRICE
) -> Refund:
    """A paid order and a refund of it, waiting to be sent."""
    order_no = f"o-{channel}-{next(_numbers)}"
    program.pay(f"T-{order_no}", order_no, PRICE)
    leg = PaymentLeg(channel=channel, trade_no=f"T-{order_no}", amount_minor=PRICE, kind=kind)
    unit = UnitRef(order_no, 1, 1)
    act = Act(MARKET, SYSTEM, desk.clock.now())
    async with desk.db.transaction() as tx:
        booking = PaymentBooking(
            order_no=order_no, due_minor={unit: PRICE}, legs=[leg], paid_at=act.now
        )
        await ledger.post_payment(tx, act, booking)
        order = RefundOrder(
            refund_key=f"k-{order_no}",
            claim_no="C1",
            unit=unit,
            amount_minor=amount,
            borne_by={"seller": amount},
        )
        [refund] = await actions.order_refund(tx, act, order)
    return refund


async def work(desk: Desk, rounds: int = 12) -> None:
    """Carry out the jobs that are due, as the worker does."""
    handlers = {actions.SEND: send_refund, actions.QUERY: query_refund}
    for _ in range(rounds):
        async with desk.db.connection() as conn:
            taken = await jobs.take(conn, desk.clock.now(), lease_seconds=0)
        for job in taken:
            await handlers[job.kind](desk, job)
        async with desk.db.connection() as conn:
            await jobs.done(conn, taken)


async def state(desk: Desk, refund: Refund) -> RefundState:
    async with desk.db.connection() as conn:
        found = await actions.read_refund(conn, MARKET, refund.refund_no)
    assert found is not None
    return found.state


def paid_out(program: GatewayProgram, refund: Refund) -> int:
    return sum(
        entry.amount_minor
        for entry in program.refunds()
        if entry.trade_no == refund.leg.trade_no and entry.status != "refused"
    )


@pytest.mark.parametrize("channel", KINDS)
async def test_a_refund_is_sent_and_the_claim_is_told_once(
    desk: Desk, program: GatewayProgram, told: Told, channel: str
) -> None:
    refund = await ordered(desk, program, channel)
    await work(desk)
    assert (await state(desk, refund), paid_out(program, refund)) == ("arrived", PRICE)
    assert told.states() == ["arrived"]


@pytest.mark.parametrize("channel", KINDS)
async def test_after_a_cut_connection_the_gateway_is_asked_and_paid_once(
    desk: Desk, program: GatewayProgram, told: Told, channel: str
) -> None:
    refund = await ordered(desk, program, channel, amount=1000)
    program.set_faults(Faults(cut_after=1.0))
    await work(desk, rounds=1)
    program.set_faults(Faults())
    await work(desk)
    assert (await state(desk, refund), paid_out(program, refund)) == ("arrived", 1000)


async def test_without_refund_numbers_a_failed_request_is_not_sent_again(
    desk: Desk, program: GatewayProgram
) -> None:
    refund = await ordered(desk, program, "epay", amount=1000)
    program.set_faults(Faults(fail_before=1.0))
    await work(desk, rounds=1)
    program.set_faults(Faults())
    await work(desk)
    assert (await state(desk, refund), paid_out(program, refund)) == ("sent", 0)


async def test_with_refund_numbers_a_failed_request_is_sent_again(
    desk: Desk, program: GatewayProgram
) -> None:
    refund = await ordered(desk, program, "epay2", amount=1000)
    program.set_faults(Faults(fail_before=1.0))
    await work(desk, rounds=1)
    program.set_faults(Faults())
    await work(desk)
    assert (await state(desk, refund), paid_out(program, refund)) == ("arrived", 1000)


@pytest.mark.parametrize("channel", ["usdt", "nobody"])
async def test_what_no_machine_can_refund_goes_to_a_person(
    desk: Desk, program: GatewayProgram, told: Told, channel: str
) -> None:
    refund = await ordered(desk, program, channel)
    await work(desk)
    assert await state(desk, refund) == "manual"
    assert told.outcomes[0].due_at is not None


async def test_a_coupon_leg_arrives_without_any_gateway(
    desk: Desk, program: GatewayProgram
) -> None:
    refund = await ordered(desk, program, "spring", kind="coupon")
    await work(desk)
    assert await state(desk, refund) == "arrived"


async def test_a_definitive_refusal_tells_the_claim(
    desk: Desk, program: GatewayProgram, told: Told
) -> None:
    program.set_faults(Faults(refuse=1.0))
    await ordered(desk, program, "epay2")
    await work(desk)
    assert told.states() == ["refused"]


def payment_notice(program: GatewayProgram, **changes: str) -> Notification:
    """A notice of the payment T9 for order O9, signed by whoever knows the key."""
    [account] = [a for a in program.accounts() if isinstance(a, EpayV1Account)]
    fields = {
        "pid": account.pid,
        "trade_no": "T9",
        "out_trade_no": "O9",
        "money": "98.00",
        "trade_status": "TRADE_SUCCESS",
        **changes,
    }
    signed = {"sign": epay_v1.sign(fields, account.key), "sign_type": "MD5"}
    return Notification(fields=fields | signed)


async def test_a_true_notification_is_confirmed_and_kept_as_a_capture(
    desk: Desk, program: GatewayProgram, told: Told
) -> None:
    program.pay("T9", "O9", PRICE)
    for _ in range(2):
        answer = await payment_notification(desk, MARKET, "epay", payment_notice(program))
        assert (answer.status, answer.body) == (200, "success")
    assert {(capture.order_no, capture.amount_minor) for capture in told.payments} == {
        ("O9", PRICE)
    }
    async with desk.db.connection() as conn:
        [(channel, capture)] = await actions.captures_of_order(conn, MARKET, "O9")
        assert (channel, capture.state) == ("epay", "paid")
        assert await conn.fetchval("SELECT times FROM payment_notice") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"money": "0.01"},
        {"out_trade_no": "another"},
        {"trade_no": "nobody-paid-this"},
        {"pid": "1002"},
        {"trade_status": "TRADE_CLOSED"},
        {"money": "98.001"},
    ],
)
async def test_a_signed_notification_that_the_gateway_does_not_confirm_moves_nothing(
    desk: Desk, program: GatewayProgram, told: Told, changes: dict[str, str]
) -> None:
    program.pay("T9", "O9", PRICE)
    answer = await payment_notification(desk, MARKET, "epay", payment_notice(program, **changes))
    assert (answer.status, told.payments) == (400, [])
    async with desk.db.connection() as conn:
        assert await conn.fetchval("SELECT verdict FROM payment_notice") == answer.verdict


async def test_a_forged_notification_is_refused_without_asking(
    desk: Desk, program: GatewayProgram, told: Told
) -> None:
    fields = {**payment_notice(program).fields, "sign": "0" * 32}
    program.set_faults(Faults(down=True))
    answer = await payment_notification(desk, MARKET, "epay", Notification(fields=fields))
    assert (answer.status, answer.verdict) == (400, "signature")


async def test_a_notification_while_the_gateway_cannot_be_asked_is_to_be_repeated(
    desk: Desk, program: GatewayProgram, told: Told
) -> None:
    program.set_faults(Faults(down=True))
    answer = await payment_notification(desk, MARKET, "epay", payment_notice(program))
    assert (answer.status, told.payments) == (503, [])


async def test_an_unknown_account_is_not_found(desk: Desk, program: GatewayProgram) -> None:
    for market, channel in ((MARKET, "nobody"), ("other", "epay")):
        answer = await payment_notification(desk, market, channel, payment_notice(program))
        assert answer.status == 404


async def test_a_refund_notice_only_makes_us_ask(
    desk: Desk, program: GatewayProgram, told: Told
) -> None:
    refund = await ordered(desk, program, "balance")
    [account] = [a for a in program.accounts() if isinstance(a, ShopBalanceAccount)]
    fields = {"event": "refund", "account": account.account, "refund_no": refund.refund_no}
    fields["signature"] = notice_signature(fields, account.secret)
    notice = Notification(fields=fields)
    answer = await payment_notification(desk, MARKET, "balance", notice)
    assert (answer.status, told.states()) == (200, [])
    program.set_faults(Faults(cut_after=1.0))
    await work(desk, rounds=1)
    program.set_faults(Faults())
    await payment_notification(desk, MARKET, "balance", notice)
    assert told.states() == ["arrived"]


async def test_two_payments_for_one_order_are_seen_as_two_captures(
    desk: Desk, program: GatewayProgram
) -> None:
    program.pay("D1", "twice", PRICE)
    program.pay("D2", "twice", PRICE)
    for trade_no in ("D1", "D2"):
        await ask_payment(desk, MARKET, "epay", trade_no=trade_no)
    async with desk.db.connection() as conn:
        captures = await actions.captures_of_order(conn, MARKET, "twice")
    assert [capture.state for _, capture in captures] == ["paid", "paid"]
