"""The demo's money pages: a bill that differs in three ways, and buyers who went to the channel."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from makegood.base.actor import Act
from makegood.claims.chargebacks import note_dispute
from makegood.gateways.payments.amounts import amount_text
from makegood.ledger.accounts import BOOK_ZONE
from makegood.ledger.bills.actions import BillFile, import_bill
from makegood.ledger.bills.store import digest_of
from makegood.ledger.refund.gateway import Dispute, DisputeState
from makegood.orders.order import Order, Payment
from makegood.worker.registry import Rooms

CHANNEL = "epay"
HEADER = "时间,类型,系统订单号,商户订单号,退款单号,金额,手续费"


async def fill_books(rooms: Rooms, act: Act, orders: Sequence[Order]) -> None:
    """Yesterday's bill of one channel, and three disputes of younger payments."""
    day = act.now.astimezone(BOOK_ZONE).date() - timedelta(days=1)
    paid = [
        (order, payment)
        for order in orders
        for payment in order.payments
        if payment.gateway == CHANNEL
    ]
    told = [one for one in paid if _local(one[1].paid_at).date() == day]
    if told:
        await _bill(
            rooms,
            act,
            BillFile(
                channel=CHANNEL,
                form="plain",
                filename=f"epay-{day}.csv",
                content=_paper(told),
                day=day,
            ),
        )
    states: tuple[DisputeState, ...] = ("needs_response", "under_review", "lost")
    for at, state in enumerate(states):
        await _dispute(rooms, act, paid[-1 - at], f"DP-2026-{7731 + at}", state)
    # What this process saw of the gateways is noted where their page reads it.
    await rooms.gateways.refresh()


async def _bill(rooms: Rooms, act: Act, file: BillFile) -> None:
    async def whole() -> AsyncIterator[bytes]:
        yield file.content

    await rooms.filing.storage.put(act.market_id, digest_of(file.content), whole())
    async with rooms.db.transaction() as tx:
        await import_bill(tx, act, file)


def _paper(told: Sequence[tuple[Order, Payment]]) -> bytes:
    """The channel's file: one line is missing, one has another amount, one nobody here knows."""
    lines = [
        (payment.paid_at, payment.trade_no, order.order_no, payment.amount_minor)
        for order, payment in told[1:]
    ]
    if lines:
        at, trade_no, order_no, minor = lines[0]
        lines[0] = (at, trade_no, order_no, minor - 50)
        lines.append((at, "T-PANEL-20261", "", 2000))
    rows = [
        f"{_local(at):%Y-%m-%d %H:%M:%S},支付,{trade_no},{order_no},,{amount_text(minor, 'CNY')},"
        f"{amount_text(minor * 6 // 1000, 'CNY')}"
        for at, trade_no, order_no, minor in lines
    ]
    return "\n".join([HEADER, *rows]).encode("gb18030")


async def _dispute(
    rooms: Rooms, act: Act, about: tuple[Order, Payment], ref: str, state: DisputeState
) -> None:
    order, payment = about
    told = Dispute(
        dispute_ref=ref,
        trade_no=payment.trade_no,
        order_no=order.order_no,
        amount_minor=payment.amount_minor,
        kind="chargeback",
        state=state,
        reason="product_not_received",
        opened_at=act.now - timedelta(days=2),
        due_at=act.now + timedelta(days=5),
    )
    async with rooms.db.transaction() as tx:
        await note_dispute(tx, act, rooms.desk, CHANNEL, told, "person")


def _local(at: datetime) -> datetime:
    return at.astimezone(BOOK_ZONE)
