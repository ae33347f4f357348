"""A database that dies under its user at a chosen statement, and a gateway that remembers.

Dying means what kill -9 means to PostgreSQL: the connection is gone, what was not committed is
undone, and nothing after the statement runs.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg

from makegood.ledger.refund.gateway import (
    Abilities,
    Arrived,
    Capture,
    Declined,
    GatewayUnavailable,
    NotFound,
    Notice,
    NoticeRefused,
    Notification,
    RefundReply,
    RefundRequest,
)
from makegood.store.database import Connection, Database
from tests.ledger.model import Fate

_STATEMENTS = frozenset({"execute", "executemany", "fetch", "fetchrow", "fetchval"})


class Killed(BaseException):
    """The process is gone; no code of ours may catch this."""


class Countdown:
    """Counts statements, BEGIN and COMMIT included, and kills at the chosen one."""

    def __init__(self, dies_at: int) -> None:
        self._dies_at = dies_at
        self.passed = 0

    def pass_one(self, conn: Any) -> None:
        """One statement boundary."""
        self.passed += 1
        if self.passed == self._dies_at:
            conn.terminate()
            raise Killed


class FrailConnection:
    """A connection whose every statement is a boundary at which its process may die."""

    def __init__(self, conn: Any, countdown: Countdown) -> None:
        self._conn = conn
        self._countdown = countdown

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._conn, name)
        if name not in _STATEMENTS:
            return found

        async def counted(*arguments: Any, **named: Any) -> Any:
            self._countdown.pass_one(self._conn)
            return await cast("Callable[..., Awaitable[Any]]", found)(*arguments, **named)

        return counted

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """A transaction or savepoint with its two boundaries."""
        self._countdown.pass_one(self._conn)
        async with self._conn.transaction():
            yield
            self._countdown.pass_one(self._conn)


class FrailDatabase(Database):
    """The pool of a process that dies at the countdown's end."""

    countdown: Countdown

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One connection, each statement its own commit."""
        async with self._frail() as conn:
            yield conn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction: it may die before and after its COMMIT, too."""
        async with self._frail() as conn:
            async with cast("Any", conn).transaction():
                yield conn
            self.countdown.pass_one(conn)

    @asynccontextmanager
    async def _frail(self) -> AsyncIterator[Connection]:
        try:
            async with super().connection() as conn:
                yield cast("Connection", FrailConnection(conn, self.countdown))
        except (asyncpg.InterfaceError, asyncpg.PostgresConnectionError, OSError) as failed:
            raise Killed from failed


_AT_WORK = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type = 'client backend' AND xact_start IS NOT NULL
"""


async def undone(db: Database) -> None:
    """Wait until the server has noticed who died: nothing is locked by them any more."""
    async with asyncio.timeout(60), db.connection() as conn:
        while await conn.fetchval(_AT_WORK):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.002)


class Teller:
    """A gateway account in memory that pays, once per number, by a fate per request."""

    channel = "epay"
    notice_answer = "ok"

    def __init__(self, *, stable: bool) -> None:
        self.abilities = Abilities(stable_refund_no=stable)
        self.fate: Fate = "done"
        self.paid: dict[str, int] = {}
        self.by_trade: dict[str, int] = {}
        self.refused: set[str] = set()

    async def refund(self, request: RefundRequest) -> RefundReply:
        """Pay, or fail in the way that was chosen for this request."""
        match self.fate:
            case "never_left":
                raise GatewayUnavailable("no connection", sent=False)
            case "before":
                raise GatewayUnavailable("500")
            case "declined":
                self.refused.add(request.refund_no)
                return Declined(text="no")
            case _:
                self._pay(request)
        if self.fate == "cut":
            raise GatewayUnavailable("cut")
        return Arrived()

    async def query_refund(self, request: RefundRequest) -> RefundReply:
        """What became of it, by number or, without numbers, by the sum that went back."""
        if not self.abilities.stable_refund_no:
            before, back = request.before_minor, self.by_trade.get(request.trade_no, 0)
            if before is None:
                raise GatewayUnavailable("cannot tell")
            return Arrived() if back >= before + request.amount_minor else NotFound()
        if request.refund_no in self.paid:
            return Arrived()
        return Declined() if request.refund_no in self.refused else NotFound()

    async def query_payment(self, *, trade_no: str = "", order_no: str = "") -> list[Capture]:
        """The payment with what went back of it."""
        back = self.by_trade.get(trade_no, 0)
        return [
            Capture(
                trade_no=trade_no,
                order_no=order_no,
                amount_minor=9800,
                state="paid",
                refunded_minor=back,
            )
        ]

    async def verify_notification(self, notification: Notification) -> Notice:
        """This one sends none."""
        raise NoticeRefused("not expected")

    def _pay(self, request: RefundRequest) -> None:
        if self.abilities.stable_refund_no and request.refund_no in self.paid:
            return
        paid = self.paid.get(request.refund_no, 0)
        self.paid[request.refund_no] = paid + request.amount_minor
        back = self.by_trade.get(request.trade_no, 0)
        self.by_trade[request.trade_no] = back + request.amount_minor
