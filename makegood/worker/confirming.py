"""Charged without an order: every gateway account is asked whether it holds the payment."""

from datetime import timedelta
from typing import Final

from makegood.base.actor import SYSTEM, Act
from makegood.claims import store
from makegood.claims.payment_intake import CONFIRM_JOB, ConfirmPayment, Found, settle_payment
from makegood.ledger.refund.gateway import GatewayUnavailable
from makegood.store.jobs import Job, TakenJob, enqueue
from makegood.worker.claims import ClaimDesk

ASK_AGAIN: Final = timedelta(seconds=30)


async def confirm_payment(room: ClaimDesk, job: TakenJob) -> None:
    """Job `claim.confirm_payment`: ask, then let the rules or a person go on.

    While an account does not answer and no other one has the payment, it is asked again; the
    claim's own deadline ends the waiting.
    """
    payload = job.payload_as(ConfirmPayment)
    async with room.db.connection() as conn:
        loaded = await store.load(conn, job.market_id, payload.claim_no)
    if loaded is None or loaded.claim.state != "open":
        return
    found, silent = await _ask_all(room, job.market_id, payload.trade_no)
    act = Act(job.market_id, SYSTEM, room.clock.now(), job.request_id)
    async with room.db.transaction() as tx:
        if silent and not found:
            await enqueue(tx, [_again(act, payload)])
        else:
            await settle_payment(tx, act, room.desk, payload.claim_no, payload.trade_no, found)


async def _ask_all(room: ClaimDesk, market_id: str, trade_no: str) -> tuple[list[Found], bool]:
    """What each account holds under the number, and whether one of them did not answer."""
    found: list[Found] = []
    silent = False
    for channel, gateway in room.gateways(market_id).items():
        try:
            captures = await gateway.query_payment(trade_no=trade_no)
        except GatewayUnavailable:
            silent = True
            continue
        found += [Found(channel, one) for one in captures if one.trade_no == trade_no]
    return found, silent


def _again(act: Act, payload: ConfirmPayment) -> Job:
    return Job(
        kind=CONFIRM_JOB,
        market_id=act.market_id,
        payload=payload,
        run_at=act.now + ASK_AGAIN,
        subject=payload.claim_no,
        request_id=act.request_id,
    )
