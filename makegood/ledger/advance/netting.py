"""The job that takes what somebody owes off what it has in our accounts."""

from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.ledger.advance import store
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue

NET_JOB: Final = "ledger.net"


class NetOff(msgspec.Struct, frozen=True):
    """The payload: whose debts, in which currency; a seller's unless another party is named."""

    seller_id: str
    currency: str
    party: str = "seller"


async def net_off_later(
    tx: Connection, act: Act, debtor_id: str, currency: str, party: str = "seller"
) -> None:
    """Have a debtor's debts paid from its accounts, after this transaction.

    Not within it: a debt's accounts would be locked behind those that are locked already, and
    two such transactions could wait for each other.
    """
    if await store.owes(tx, act.market_id, debtor_id, currency, party):
        await enqueue(tx, [_net_job(act, debtor_id, currency, party)])


def _net_job(act: Act, debtor_id: str, currency: str, party: str) -> Job:
    whose = debtor_id if party == "seller" else f"{party}/{debtor_id}"
    return Job(
        kind=NET_JOB,
        market_id=act.market_id,
        payload=NetOff(debtor_id, currency, party),
        run_at=act.now,
        subject=debtor_id,
        request_id=act.request_id,
        job_id=f"net:{whose}:{currency}",
    )
