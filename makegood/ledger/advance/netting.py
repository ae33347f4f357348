"""The job that takes what a seller owes off what the seller gets."""

from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.ledger.advance import store
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue

NET_JOB: Final = "ledger.net"


class NetOff(msgspec.Struct, frozen=True):
    """The payload: whose debts, in which currency."""

    seller_id: str
    currency: str


async def net_off_later(tx: Connection, act: Act, seller_id: str, currency: str) -> None:
    """Have the seller's debts paid from its accounts, after this transaction.

    Not within it: a debt's accounts would be locked behind those that are locked already, and
    two such transactions could wait for each other.
    """
    if await store.owes(tx, act.market_id, seller_id, currency):
        await enqueue(tx, [_net_job(act, seller_id, currency)])


def _net_job(act: Act, seller_id: str, currency: str) -> Job:
    return Job(
        kind=NET_JOB,
        market_id=act.market_id,
        payload=NetOff(seller_id, currency),
        run_at=act.now,
        subject=seller_id,
        request_id=act.request_id,
        job_id=f"net:{seller_id}:{currency}",
    )
