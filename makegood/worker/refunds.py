"""Carries refunds to the gateways and takes their answers and notifications.

A network call always stands between two short transactions: the first says that a request may
leave, the second books what came back. Each part may run twice, or die anywhere.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TypeAlias

import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.refusal import Refused
from makegood.base.time import Clock
from makegood.ledger.disputes.store import open_disputes
from makegood.ledger.refund import actions, rules
from makegood.ledger.refund.actions import RefundJob, RefundOutcome
from makegood.ledger.refund.gateway import (
    Arrived,
    Capture,
    Dispute,
    DisputeNotice,
    DisputeSource,
    GatewayUnavailable,
    Notice,
    NoticeRefused,
    Notification,
    NotSent,
    OtherNotice,
    PaymentGateway,
    PaymentNotice,
    RefundNotice,
    RefundReply,
    Unknown,
    Unsupported,
)
from makegood.ledger.refund.rules import Refund, Timings
from makegood.store.database import Connection, Database
from makegood.store.jobs import TakenJob

Gateways: TypeAlias = Mapping[str, PaymentGateway]
"""The gateways of one market by channel."""

OnOutcome: TypeAlias = Callable[[Connection, Act, RefundOutcome], Awaitable[None]]
"""Told in the same transaction as the booking; `bootstrap` passes the claims' own function."""

OnPayment: TypeAlias = Callable[[Connection, Act, str, Capture], Awaitable[None]]
"""Told of a payment that the gateway itself confirmed: (channel, capture)."""


OnDispute: TypeAlias = Callable[[Connection, Act, str, Dispute], Awaitable[None]]
"""Told of a dispute that the gateway itself confirmed: (channel, dispute)."""


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What every function here needs: database, gateways by market, clock, hooks, timings."""

    db: Database
    gateways: Callable[[str], Gateways]
    clock: Clock
    on_outcome: OnOutcome
    on_payment: OnPayment
    on_dispute: OnDispute | None = None
    timings: Timings = Timings()


class NoticeAnswer(msgspec.Struct, frozen=True):
    """What a notification's sender is answered; `verdict` is what the record says."""

    status: int
    body: str
    verdict: str


async def send_refund(desk: Desk, job: TakenJob) -> None:
    """Job `refund.send`: bring one refund to its gateway, asking first after any doubt."""
    refund_no = job.payload_as(RefundJob).refund_no
    async with desk.db.connection() as conn:
        refund = await actions.read_refund(conn, job.market_id, refund_no)
    if refund is None or refund.state not in ("wanted", "sent"):
        return
    gateway = _gateway(desk, job.market_id, refund)
    if gateway is not None and refund.open_attempts:
        asked = await _query(gateway, refund)
        if not rules.may_send_again(gateway.abilities, asked):
            await _finish(desk, job, refund_no, asked)
            return
    taken = await _claim(desk, job, refund_no, gateway)
    if taken is not None:
        await _finish(desk, job, refund_no, await _send(desk, job, taken, gateway))


async def query_refund(desk: Desk, job: TakenJob) -> None:
    """Job `refund.query`: ask what became of a refund that was sent."""
    refund_no = job.payload_as(RefundJob).refund_no
    async with desk.db.connection() as conn:
        refund = await actions.read_refund(conn, job.market_id, refund_no)
    if refund is None or refund.state in rules.ENDED:
        return
    gateway = _gateway(desk, job.market_id, refund)
    if gateway is not None and rules.may_ask(gateway.abilities, refund):
        await _finish(desk, job, refund_no, await _query(gateway, refund))


async def payment_notification(
    desk: Desk, market_id: str, channel: str, notification: Notification, request_id: str = ""
) -> NoticeAnswer:
    """A gateway's notification: believed only after the gateway, asked back, says the same.

    A forged or misdirected one is recorded and moves nothing. An answer other than 200 makes
    the gateway repeat it, which is wanted while the gateway cannot be asked.
    """
    gateway = desk.gateways(market_id).get(channel)
    if gateway is None:
        return NoticeAnswer(404, "not found", "no such channel")
    job = _Frame(market_id, request_id)
    try:
        notice = await gateway.verify_notification(notification)
        await _believe(desk, job, gateway, notice)
        verdict = f"no matter: {notice.text}" if isinstance(notice, OtherNotice) else "confirmed"
        answer = NoticeAnswer(200, gateway.notice_answer, verdict)
    except NoticeRefused as refused:
        answer = NoticeAnswer(400, "refused", refused.reason)
    except GatewayUnavailable:
        answer = NoticeAnswer(503, "try again", "gateway unavailable")
    async with desk.db.transaction() as tx:
        act = _act(desk, job)
        await actions.note_notice(tx, act, channel, _digest(notification), answer.verdict)
    return answer


async def ask_payment(
    desk: Desk, market_id: str, channel: str, *, trade_no: str = "", order_no: str = ""
) -> list[Capture]:
    """Ask a gateway what it holds of a payment, and keep its statement. GatewayUnavailable."""
    gateway = desk.gateways(market_id).get(channel)
    if gateway is None:
        raise GatewayUnavailable(f"no gateway account {channel!r}", sent=False)
    captures = await gateway.query_payment(trade_no=trade_no, order_no=order_no)
    async with desk.db.transaction() as tx:
        await actions.note_captures(tx, _act(desk, _Frame(market_id, "")), channel, captures)
    return captures


async def ask_disputes(desk: Desk, every: timedelta = timedelta(minutes=15)) -> int:
    """Timetable: ask the channels about open disputes; answers how many told something."""
    async with desk.db.connection() as conn:
        waiting = await open_disputes(conn, desk.clock.now() - every)
    told = 0
    for market_id, channel, dispute_ref in waiting:
        gateway = desk.gateways(market_id).get(channel)
        if gateway is None:
            continue
        try:
            await _believe_dispute(desk, _Frame(market_id, ""), gateway, dispute_ref)
            told += 1
        except (GatewayUnavailable, NoticeRefused):
            # Nothing is known now; the next round asks again.
            continue
    return told


async def wake_idle_refunds(desk: Desk) -> int:
    """Timetable: give a job to every refund on its way that lost its own; answers how many."""
    async with desk.db.transaction() as tx:
        return await actions.wake_idle(tx, desk.clock.now(), timedelta(minutes=5))


class _Frame(msgspec.Struct, frozen=True):
    """The part of a job that an act needs, for work that did not come from a job."""

    market_id: str
    request_id: str


def _act(desk: Desk, job: TakenJob | _Frame) -> Act:
    return Act(job.market_id, SYSTEM, desk.clock.now(), job.request_id)


def _gateway(desk: Desk, market_id: str, refund: Refund) -> PaymentGateway | None:
    return desk.gateways(market_id).get(refund.leg.channel)


async def _claim(
    desk: Desk, job: TakenJob, refund_no: str, gateway: PaymentGateway | None
) -> Refund | None:
    """Commit that a request may leave now; None when it may not."""
    alone = gateway is not None and not gateway.abilities.stable_refund_no
    async with desk.db.transaction() as tx:
        act = _act(desk, job)
        taken = await actions.claim_for_sending(
            tx, act, refund_no, alone=alone, timings=desk.timings
        )
        if isinstance(taken, RefundOutcome):
            await desk.on_outcome(tx, act, taken)
            return None
        return taken


async def _send(
    desk: Desk, job: TakenJob, refund: Refund, gateway: PaymentGateway | None
) -> RefundReply:
    """Make the request, and turn every failure into what is known about it."""
    if refund.leg.kind == "coupon":
        return Arrived(text="returned as coupon value")
    if gateway is None or not gateway.abilities.can_refund:
        return Unsupported(text="this payment cannot be refunded by machine")
    try:
        if not gateway.abilities.stable_refund_no:
            await _note_before(desk, job, refund, gateway)
        return await gateway.refund(rules.request_of(refund))
    except GatewayUnavailable as failure:
        return Unknown(text=str(failure)) if failure.sent else NotSent(text=str(failure))


async def _note_before(desk: Desk, job: TakenJob, refund: Refund, gateway: PaymentGateway) -> None:
    """Without refund numbers, only the sum that went back can tell later what happened."""
    try:
        captures = await gateway.query_payment(
            trade_no=refund.leg.trade_no, order_no=refund.unit.order_no
        )
    except GatewayUnavailable as failure:
        raise GatewayUnavailable(str(failure), sent=False) from failure
    before = captures[0].refunded_minor if len(captures) == 1 else None
    async with desk.db.transaction() as tx:
        await actions.note_before(tx, _act(desk, job), refund.refund_no, before)


async def _query(gateway: PaymentGateway, refund: Refund) -> RefundReply:
    try:
        reply = await gateway.query_refund(rules.request_of(refund))
    except GatewayUnavailable as failure:
        return Unknown(text=str(failure))
    # That a question was not sent, or not understood, says nothing about the refund itself.
    return Unknown(text=reply.text) if isinstance(reply, NotSent | Unsupported) else reply


async def _finish(
    desk: Desk, job: TakenJob | _Frame, refund_no: str, reply: RefundReply
) -> RefundOutcome | None:
    async with desk.db.transaction() as tx:
        act = _act(desk, job)
        outcome = await actions.finish(tx, act, refund_no, reply, timings=desk.timings)
        if outcome is not None and outcome.changed:
            await desk.on_outcome(tx, act, outcome)
        return outcome


async def _believe(desk: Desk, job: _Frame, gateway: PaymentGateway, notice: Notice) -> None:
    match notice:
        case PaymentNotice():
            await _believe_payment(desk, job, gateway, notice)
        case RefundNotice(refund_no=refund_no):
            await _believe_refund(desk, job, gateway, refund_no)
        case DisputeNotice(dispute_ref=dispute_ref):
            await _believe_dispute(desk, job, gateway, dispute_ref)
        case OtherNotice():
            pass


async def _believe_payment(
    desk: Desk, job: _Frame, gateway: PaymentGateway, notice: PaymentNotice
) -> None:
    captures = await gateway.query_payment(trade_no=notice.trade_no, order_no=notice.order_no)
    capture = next((item for item in captures if item.trade_no == notice.trade_no), None)
    if capture is None:
        raise NoticeRefused("the gateway knows no such payment")
    if capture.order_no != notice.order_no:
        raise NoticeRefused("the payment is for another order")
    if (capture.amount_minor, capture.currency) != (notice.amount_minor, notice.currency):
        raise NoticeRefused("the amount differs")
    if capture.state == "unpaid":
        raise NoticeRefused("the payment was not made")
    async with desk.db.transaction() as tx:
        act = _act(desk, job)
        await actions.note_captures(tx, act, gateway.channel, [capture])
        await desk.on_payment(tx, act, gateway.channel, capture)


async def _believe_refund(desk: Desk, job: _Frame, gateway: PaymentGateway, refund_no: str) -> None:
    async with desk.db.connection() as conn:
        refund = await actions.read_refund(conn, job.market_id, refund_no)
    if refund is None or refund.leg.channel != gateway.channel:
        raise NoticeRefused("no such refund on this account")
    if rules.may_ask(gateway.abilities, refund):
        await _finish(desk, job, refund_no, await _query(gateway, refund))


async def _believe_dispute(
    desk: Desk, job: _Frame, gateway: PaymentGateway, dispute_ref: str
) -> None:
    if desk.on_dispute is None or not isinstance(gateway, DisputeSource):
        raise NoticeRefused("this account tells no disputes")
    dispute = await gateway.query_dispute(dispute_ref)
    if dispute is None:
        raise NoticeRefused("the gateway knows no such dispute")
    try:
        async with desk.db.transaction() as tx:
            await desk.on_dispute(tx, _act(desk, job), gateway.channel, dispute)
    except Refused as refused:
        raise NoticeRefused(f"dispute: {refused.code}") from refused


def _digest(notification: Notification) -> bytes:
    """One fingerprint for one notification, whatever the order of its fields."""
    fields = notification.fields
    text = "&".join(f"{key}={fields[key]}" for key in sorted(fields)).encode()
    return hmac.digest(b"payment notice", text or notification.body, hashlib.sha256)
