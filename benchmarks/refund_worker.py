"""One worker process that only carries refunds, made to be killed at any moment.

`python -m benchmarks.refund_worker DATABASE_URL GATEWAY_URL`
"""

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx
import msgspec

from makegood.base.actor import Act
from makegood.gateways.outside import make_client
from makegood.gateways.payments.accounts import Account
from makegood.gateways.payments.registry import build_gateways
from makegood.ledger.refund.actions import QUERY, SEND, RefundOutcome
from makegood.ledger.refund.gateway import Capture, PaymentGateway
from makegood.ledger.refund.rules import Timings
from makegood.store import jobs
from makegood.store.database import Connection, Database
from makegood.worker.refunds import Desk, query_refund, send_refund

LEASE_SECONDS = 3.0
TIMINGS = Timings(lease=3, first_check=0.2, longest_pause=1, unknown_to_person=8, manual_check=1)
"""Everything happens in seconds here, so that a run sees the whole life of a refund."""


class RealClock:
    """The present."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)


async def note_outcome(tx: Connection, act: Act, outcome: RefundOutcome) -> None:
    """The claim's part: written in the same transaction, counted at the end."""
    await tx.execute(
        "INSERT INTO told (refund_no, state) VALUES ($1, $2)", outcome.refund_no, outcome.state
    )


async def note_payment(tx: Connection, act: Act, channel: str, capture: Capture) -> None:
    """Payments are not what is measured here."""


def make_desk(db: Database, gateways: Mapping[str, PaymentGateway]) -> Desk:
    """What the worker's functions need."""
    return Desk(
        db=db,
        gateways=lambda _market_id: gateways,
        clock=RealClock(),
        on_outcome=note_outcome,
        on_payment=note_payment,
        timings=TIMINGS,
    )


async def work(desk: Desk) -> None:
    """Take and carry out jobs for ever."""
    handlers = {SEND: send_refund, QUERY: query_refund}
    while True:
        async with desk.db.connection() as conn:
            taken = await jobs.take(
                conn, desk.clock.now(), limit=8, lease_seconds=LEASE_SECONDS, kinds=list(handlers)
            )
        await asyncio.gather(*(handlers[job.kind](desk, job) for job in taken))
        async with desk.db.connection() as conn:
            await jobs.done(conn, taken)
        if not taken:
            await asyncio.sleep(0.05)


async def main(database_url: str, gateway_url: str) -> None:
    """Work until killed; a database that is away is waited for."""
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{gateway_url}/admin/accounts")
    accounts = msgspec.json.decode(answer.content, type=list[Account])
    while True:
        try:
            db = await Database.open(database_url, max_size=10)
            async with make_client() as client:
                await work(make_desk(db, build_gateways(accounts, client, RealClock())))
        except Exception as failure:
            print(f"worker starts again: {type(failure).__name__}", file=sys.stderr)
            await asyncio.sleep(0.3)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
