"""Refunds under a faulty gateway and killed processes, compared cent by cent at the end."""

import asyncio
import contextlib
import json
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import asyncpg
import httpx
import msgspec

from benchmarks.refund_worker import RealClock, make_desk
from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import UnitRef
from makegood.demo.programs.gateway_book import BookRefund, Payment
from makegood.demo.programs.gateway_machine import Faults
from makegood.gateways.payments.accounts import Account
from makegood.gateways.payments.http import make_client
from makegood.gateways.payments.registry import build_gateways
from makegood.ledger import actions as ledger
from makegood.ledger.audit import audit
from makegood.ledger.recipes import PaymentBooking, PaymentLeg
from makegood.ledger.refund import actions
from makegood.ledger.refund.actions import ManualProof
from makegood.ledger.refund.rules import Refund, RefundOrder
from makegood.store.database import Connection, Database
from makegood.worker.refunds import Desk, payment_notification

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
CHANNELS = ("epay2", "balance", "epay2", "balance", "epay")
MARKET = "m1"
_AWAY = (OSError, httpx.HTTPError, asyncpg.PostgresError, asyncpg.InterfaceError)
PRICE = 9800


class SagaResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a run ended with; everything but `refunds`, `kills` and the sums must be zero."""

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
    """Order refunds, kill workers (and the database) while they are carried, compare the books.

    The database must be migrated and empty. Refunds that no machine may decide are confirmed
    by a person of ours who looks into the gateway's own book, as a real one would.
    """
    began = time.monotonic()
    chance = random.Random(seed)
    with gateway_program(folder, seed) as url:
        await _prepare(database_url, url, refunds)
        async with _listening(database_url, url) as desk:
            with crew(workers, database_url, url) as team:
                await _order_all(desk.db, refunds, chance)
                for kill in range(max(kills, database_kills)):
                    await asyncio.sleep(chance.uniform(0.05, 0.25))
                    if kill < kills:
                        team.kill(chance.randrange(workers))
                    if kill_database is not None and kill < database_kills:
                        await asyncio.to_thread(kill_database)
                await _until_ended(desk, url, began + patience_seconds)
            return await _compare(desk.db, url, refunds, kills, time.monotonic() - began)


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


class Crew:
    """Worker processes that are replaced when killed."""

    def __init__(self, size: int, *arguments: str) -> None:
        self._command = [sys.executable, "-m", "benchmarks.refund_worker", *arguments]
        self._members = [self._hire() for _ in range(size)]

    def kill(self, number: int) -> None:
        """kill -9 one worker and start another in its place."""
        self._members[number].kill()
        self._members[number].wait()
        self._members[number] = self._hire()

    def dismiss(self) -> None:
        """Kill all."""
        for member in self._members:
            member.kill()
            member.wait()

    def _hire(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self._command, stderr=subprocess.DEVNULL)


@contextmanager
def crew(size: int, *arguments: str) -> Iterator[Crew]:
    """Workers for the length of a run."""
    team = Crew(size, *arguments)
    try:
        yield team
    finally:
        team.dismiss()


async def _prepare(database_url: str, url: str, count: int) -> None:
    """Pay every order, at the gateway and in the ledger."""
    payments = [
        Payment(trade_no=f"T{n}", order_no=f"o{n}", amount_minor=PRICE) for n in range(count)
    ]
    body = msgspec.json.encode({"payments": payments})
    async with httpx.AsyncClient(trust_env=False) as http:
        await http.post(f"{url}/admin/pay", content=body)
    db = await Database.open(database_url)
    async with db.transaction() as tx:
        await tx.execute("CREATE TABLE told (refund_no text NOT NULL, state text NOT NULL)")
        await ledger.post_payments(tx, _act(), [_booking(n) for n in range(count)])
    await db.close()


@contextlib.asynccontextmanager
async def _listening(database_url: str, url: str) -> AsyncIterator[Desk]:
    """A desk of our own, with the hook that the gateway sends its notices to."""
    async with make_client() as client, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{url}/admin/accounts")
        accounts = msgspec.json.decode(answer.content, type=list[Account])
        db = await Database.open(database_url, max_size=5)
        desk = make_desk(db, build_gateways(accounts, client, RealClock()))
        server = await asyncio.start_server(lambda r, w: _hook(desk, r, w), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        await http.post(f"{url}/admin/refund-hook", content=f"http://127.0.0.1:{port}/hook")
        try:
            yield desk
        finally:
            server.close()
            await db.close()


async def _hook(desk: Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The smallest web server that can take a notice."""
    try:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(parse_qsl(urlsplit(request.split(" ")[1]).query))
        answer = await payment_notification(desk, MARKET, "balance", fields)
        status, body = answer.status, answer.body
    except Exception:
        status, body = 500, "failed"
    head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    with contextlib.suppress(OSError):
        writer.write((head + body).encode())
        await writer.drain()
        writer.close()


async def _order_all(db: Database, count: int, chance: random.Random) -> None:
    for number in range(count):
        amount = chance.choice([PRICE, PRICE // 2, chance.randint(1, PRICE)])
        order = RefundOrder(
            refund_key=f"k{number}",
            claim_no=f"C{number}",
            unit=UnitRef(f"o{number}", 1, 1),
            amount_minor=amount,
            borne_by={"seller": amount},
        )
        async with db.transaction() as tx:
            await actions.order_refund(tx, _act(), order)


async def _until_ended(desk: Desk, url: str, give_up_at: float) -> None:
    """Wait until every refund has ended and the gateway has nothing more to do."""
    while time.monotonic() < give_up_at:
        await asyncio.sleep(0.3)
        with contextlib.suppress(*_AWAY):
            refunds, waiting = await _book(url)
            async with desk.db.connection() as conn:
                open_ones = await actions.list_refunds(
                    conn, MARKET, ["wanted", "sent", "accepted", "manual"], 10_000
                )
            if not open_ones and not waiting:
                return
            if not waiting:
                await _confirm_by_hand(desk.db, open_ones, refunds)


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
            audit_rows=len(await audit(conn, MARKET, RealClock().now())),
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
