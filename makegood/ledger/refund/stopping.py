"""Giving up refunds that never left: their reserve is freed, and a person hears why."""

from makegood.base.actor import Act
from makegood.ledger.refund import store
from makegood.ledger.refund.actions import RefundOutcome, finish
from makegood.ledger.refund.gateway import Declined
from makegood.store.database import Connection


async def stop_unsent(
    tx: Connection, act: Act, channel: str, trade_no: str, why: str
) -> list[RefundOutcome]:
    """Refuse every refund of a payment of which no request left; what left is left alone."""
    outcomes = []
    for refund_no in await store.unsent_refunds(tx, act.market_id, channel, trade_no):
        outcome = await finish(tx, act, refund_no, Declined(text=why))
        if outcome is not None and outcome.changed:
            outcomes.append(outcome)
    return outcomes
