"""Refunds under a faulty gateway and killed processes, compared cent by cent at the end."""

import asyncio
import contextlib
import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import msgspec

from benchmarks.refund_web import MARKET, PRICE
from benchmarks.refund_worker import RealClock
from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import UnitRef
from makegood.base.money import Money
from makegood.demo.programs.gateway_book import BookRefund, Payment
from makegood.demo.programs.gateway_machine import Faults
from makegood.ledger import actions as ledger
from makegood.ledger.advance.actions import put_into_fund
from makegood.ledger.audit import PENDING_AGE, audit
from makegood.ledger.recipes import PaymentBooking, PaymentLeg
from makegood.ledger.refund import actions
from makegood.ledger.refund.actions import ManualProof
from makegood.ledger.refund.rules import Refund
from makegood.store.database import Connection, Database

FAULTS = Faults(
    fail_before=0.10,
    cut_after=0.20,
    executed_late=0.07,
    refuse=0.05,
    accept_first=0.15,
    query_fails=0.03,
    notices_twice=True,
    late_seconds=2.0,
    arrive_seconds=1.5,
)
CHANNELS = (
    "epay2",
    "balance",
    "alipay",
    "wechat",
    "epay",
    "stripe",
    "paypal",
    "epay2",
    "balance",
    "epay",
)
_AWAY = (OSError, httpx.HTTPError, asyncpg.PostgresError, asyncpg.InterfaceError)


class SagaResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a run ended with; what is not a count of work or a sum of money must be zero."""

    refunds: int
    kills: int
    seconds: float
    gateway_minor: int
    ledger_minor: int
    by_hand: int
    unfinished: int
    differing: int
    pending_minor: int
    audit_rows: int
    debts_minor: int
    told_wrong: int


async def run_saga(
    folder: Path,
    database_url: str,
    *,
    refunds: int,
    kills: int,
    seed: int = 1,
    workers: int = 2,
    kill_database: Callable[[], None] | None = None,
    database_kills: int = 0,
    patience_seconds: float = 120.0,
) -> SagaResult:
    """Order refunds, kill workers, web (and the database) meanwhile, and compare the books.

    The database must be migrated and empty. Refunds that no machine may decide are confirmed
    by a person of ours who looks into the gateway's own book, as a real one would.
    """
    began = time.monotonic()
    chance = random.Random(seed)
    with gateway_program(folder, seed) as url:
        port = free_port()
        await _prepare(database_url, url, refunds, port)
        db = await Database.open(database_url, max_size=5)
        with crew(commands(workers, database_url, url, port, refunds, seed)) as team:
            for kill in range(max(kills, database_kills)):
                await asyncio.sleep(chance.uniform(0.05, 0.25))
                if kill < kills:
                    team.kill(chance.randrange(workers + 1))
                if kill_database is not None and kill < database_kills:
                    await asyncio.to_thread(kill_database)
            await _until_ended(db, url, refunds, began + patience_seconds)
        result = await _compare(db, url, refunds, kills, time.monotonic() - began)
        await db.close()
        return result


@contextmanager
def gateway_program(folder: Path, seed: int) -> Iterator[str]:
    """The gateway program with its faults; answers its address."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "makegood.demo.programs.gateway", "--port", "0"),
            *("--state", str(folder / "gateway.db"), "--seed", str(seed)),
            *("--faults", msgspec.json.encode(FAULTS).decode()),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield str(json.loads(process.stdout.readline())["url"])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def commands(
    workers: int, database_url: str, url: str, port: int, refunds: int, seed: int
) -> list[list[str]]:
    """How each process is started: the workers, and one web process."""
    worker = [sys.executable, "-m", "benchmarks.refund_worker", database_url, url]
    web = [sys.executable, "-m", "benchmarks.refund_web", database_url, url]
    return [*[worker] * workers, [*web, str(port), str(refunds), str(seed)]]


def free_port() -> int:
    """A port that nobody listens on now; the web process takes it again after every kill."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Crew:
    """Processes that are replaced when killed."""

    def __init__(self, starts: Sequence[list[str]]) -> None:
        self._starts = starts
        self._members = [self._hire(number) for number in range(len(starts))]

    def kill(self, number: int) -> None:
        """kill -9 one process and start another in its place."""
        self._members[number].kill()
        self._members[number].wait()
        self._members[number] = self._hire(number)

    def dismiss(self) -> None:
        """Kill all."""
        for member in self._members:
            member.kill()
            member.wait()

    def _hire(self, number: int) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self._starts[number], stderr=subprocess.DEVNULL)


@contextmanager
def crew(starts: Sequence[list[str]]) -> Iterator[Crew]:
    """Processes for the length of a run."""
    team = Crew(starts)
    try:
        yield team
    finally:
        team.dismiss()


async def _prepare(database_url: str, url: str, count: int, port: int) -> None:
    """Pay every order, at the gateway and in the ledger; allow advances; say where notices go."""
    payments = [
        Payment(trade_no=f"T{n}", order_no=f"o{n}", amount_minor=PRICE) for n in range(count)
    ]
    body = msgspec.json.encode({"payments": payments})
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        await http.post(f"{url}/admin/pay", content=body)
        await http.post(f"{url}/admin/hooks", json={"balance": f"http://127.0.0.1:{port}/hook"})
    db = await Database.open(database_url)
    async with db.transaction() as tx:
        await tx.execute("CREATE TABLE told (refund_no text NOT NULL, state text NOT NULL)")
        await ledger.post_payments(tx, _act(), [_booking(n) for n in range(count)])
        await ledger.grant_quota(tx, _act(), "bench", Money(count * PRICE))
        await put_into_fund(tx, _act(), "bench", Money(count * PRICE))
    await db.close()


async def _until_ended(db: Database, url: str, count: int, give_up_at: float) -> None:
    """Wait until every refund has ended and the gateway has nothing more to do."""
    while time.monotonic() < give_up_at:
        await asyncio.sleep(0.3)
        with contextlib.suppress(*_AWAY):
            refunds, waiting = await _book(url)
            async with db.connection() as conn:
                open_ones = await actions.list_refunds(
                    conn, MARKET, ["wanted", "sent", "accepted", "manual"], 10_000
                )
                ordered = await _count(conn, "SELECT count(*) FROM refund")
            if ordered == count and not open_ones and not waiting:
                return
            if not waiting:
                await _confirm_by_hand(db, open_ones, refunds)


async def _confirm_by_hand(db: Database, open_ones: list[Refund], book: list[BookRefund]) -> None:
    """A person looks up each payment in the gateway's book (each has one refund at most)."""
    paid = {refund.trade_no for refund in book if refund.status == "arrived"}
    for refund in open_ones:
        if refund.state == "manual":
            proof = ManualProof(
                paid=refund.leg.trade_no in paid,
                reference="gateway book",
                file_sha256="0" * 64,
                person="agent-1",
                confirmed_by="lead-1",
            )
            async with db.transaction() as tx:
                await actions.confirm_manual(tx, _act(), refund.refund_no, proof)


async def _compare(db: Database, url: str, refunds: int, kills: int, seconds: float) -> SagaResult:
    book, _ = await _book(url)
    out: dict[str, int] = {}
    for entry in book:
        if entry.status != "refused":
            out[entry.trade_no] = out.get(entry.trade_no, 0) + entry.amount_minor
    async with db.connection() as conn:
        ended = await actions.list_refunds(conn, MARKET, ["arrived", "refused"], 100_000)
        booked = await _posted(conn)
        return SagaResult(
            refunds=refunds,
            kills=kills,
            seconds=round(seconds, 1),
            gateway_minor=sum(out.values()),
            ledger_minor=sum(booked.values()),
            by_hand=await _count(conn, "SELECT count(*) FROM refund WHERE proof IS NOT NULL"),
            unfinished=refunds - len(ended),
            differing=_differing(out, booked),
            pending_minor=await _count(
                conn, "SELECT coalesce(sum(debits_pending), 0) FROM ledger_account"
            ),
            audit_rows=len(await audit(conn, MARKET, RealClock().now() + PENDING_AGE)),
            debts_minor=await _count(conn, "SELECT coalesce(sum(advanced_minor), 0) FROM advance"),
            told_wrong=await _count(conn, _TOLD_WRONG),
        )


_TOLD_WRONG = """
    SELECT count(*) FROM refund r
    WHERE proof IS NULL
      AND (SELECT count(*) FROM told t
           WHERE t.refund_no = r.refund_no AND t.state = r.state) <> 1
"""


async def _posted(conn: Connection) -> dict[str, int]:
    """What the ledger posted per payment leg: trade number to minor units."""
    rows = await conn.fetch(
        """
        SELECT split_part(code, '/', 2) AS trade_no, debits_posted
        FROM ledger_account WHERE code LIKE 'refundable_leg:%' AND debits_posted > 0
        """
    )
    return {row["trade_no"]: row["debits_posted"] for row in rows}


async def _count(conn: Connection, query: str) -> int:
    return int(await conn.fetchval(query))


def _differing(one: Mapping[str, int], other: Mapping[str, int]) -> int:
    return sum(one.get(key, 0) != other.get(key, 0) for key in one.keys() | other.keys())


async def _book(url: str) -> tuple[list[BookRefund], int]:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        book = (await http.get(f"{url}/admin/book")).json()
    return msgspec.convert(book["refunds"], list[BookRefund]), int(book["waiting"])


def _act() -> Act:
    return Act(MARKET, SYSTEM, RealClock().now())


def _booking(number: int) -> PaymentBooking:
    channel = CHANNELS[number % len(CHANNELS)]
    leg = PaymentLeg(channel=channel, trade_no=f"T{number}", amount_minor=PRICE)
    return PaymentBooking(
        order_no=f"o{number}",
        due_minor={UnitRef(f"o{number}", 1, 1): PRICE},
        legs=[leg],
        paid_at=RealClock().now(),
    )
