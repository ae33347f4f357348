"""One process of ours around a database, a clock that a test moves, and a gateway in memory."""

from datetime import datetime

from makegood.base.actor import SYSTEM, Act
from makegood.ledger.refund import actions
from makegood.ledger.refund.actions import QUERY, SEND, RefundOutcome
from makegood.ledger.refund.gateway import Capture
from makegood.ledger.refund.rules import RefundOrder
from makegood.store import jobs
from makegood.store.database import Connection, Database
from makegood.worker.refunds import Desk, query_refund, send_refund
from tests.ledger.frail import Teller


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        """The present."""
        return self.time


class Process:
    """One process of ours on one database: it orders a refund and carries it."""

    def __init__(self, db: Database, clock: Clock, teller: Teller) -> None:
        self.clock = clock
        self.desk = Desk(
            db=db,
            gateways=lambda _market: {"epay": teller},
            clock=clock,
            on_outcome=tell,
            on_payment=ignore,
        )

    def act(self) -> Act:
        """An act of the system now."""
        return Act("m1", SYSTEM, self.clock.now())

    async def order(self, wish: RefundOrder) -> None:
        """Order it; the same wish again is the same refund."""
        async with self.desk.db.transaction() as tx:
            await actions.order_refund(tx, self.act(), wish)

    async def work(self) -> None:
        """Carry out what is due, until nothing is."""
        handlers = {SEND: send_refund, QUERY: query_refund}
        while True:
            async with self.desk.db.connection() as conn:
                taken = await jobs.take(
                    conn, self.clock.now(), limit=1, lease_seconds=30, kinds=list(handlers)
                )
            if not taken:
                return
            await handlers[taken[0].kind](self.desk, taken[0])
            async with self.desk.db.connection() as conn:
                await jobs.done(conn, taken)


async def tell(tx: Connection, act: Act, outcome: RefundOutcome) -> None:
    """The claim's part, in the same transaction."""
    if outcome.changed:
        await tx.execute(
            "INSERT INTO told (refund_no, state) VALUES ($1, $2)", outcome.refund_no, outcome.state
        )


async def ignore(tx: Connection, act: Act, channel: str, capture: Capture) -> None:
    """Payments are not what is looked at here."""
