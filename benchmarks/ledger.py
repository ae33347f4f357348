"""The ledger under 32 writers on hot accounts: transfers a second, waiting, deadlocks, audits.

First as fast as it goes, then at a steady rate, where waiting counts from the planned moment.
"""

import argparse
import asyncio
import multiprocessing
import random
import time
from datetime import UTC, datetime
from typing import Final

import asyncpg
import msgspec
import psutil
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from benchmarks.common import Report, fresh_database, load_average, percentile, tell
from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import derived_id
from makegood.base.refusal import Refused
from makegood.ledger import accounts, rules
from makegood.ledger.audit import audit
from makegood.ledger.audits.minute import audit_minute
from makegood.ledger.posting import post
from makegood.ledger.rules import Transfer
from makegood.store.database import Database
from makegood.store.postgres import EmbeddedPostgres
from tests.ledger.machine import MoneyMachine

MARKET: Final = "m1"
SELLERS: Final = 200
PROCESSES: Final = 2
"""Python writes with one core per process; a market's web and worker are two."""
PACE: Final = 1200
"""Transfers a second of the steady part."""
PER_SET: Final = 3.3
"""Transfers in a set, on average: retries post none, two phases five."""
AGAIN: Final = 0.10
TWO_PHASES: Final = 0.30


class Written(msgspec.Struct, frozen=True):
    """What one process did: transfers that were new, how long each set took, what went wrong."""

    transfers: int
    seconds: list[float]
    deadlocks: int
    refused: int
    cpu_seconds: float


def main(arguments: list[str]) -> int:
    """Load the ledger, or run the money model long."""
    parser = argparse.ArgumentParser(prog="bench ledger", description=__doc__)
    parser.add_argument("--writers", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--model", type=int, metavar="HISTORIES", default=0)
    parser.add_argument("--short", action="store_true", help="three seconds")
    chosen = parser.parse_args(arguments)
    if chosen.model:
        return _run_model(chosen.model)
    seconds = 3.0 if chosen.short else chosen.seconds
    with fresh_database("ledger") as server:
        asyncio.run(_fill(server.url))
        tell(f"{chosen.writers} writers for {seconds:.0f} s …")
        before = load_average()
        spent = _database_cpu(server)
        written = _write(server.url, chosen.writers, seconds, 0.0)
        spent = _database_cpu(server) - spent
        steady = _write(server.url, chosen.writers, seconds, PACE / PER_SET / chosen.writers)
        tell("audits …\n")
        report = asyncio.run(_report(server.url, written, steady, seconds, before))
        transfers = sum(part.transfers for part in written)
        report.add("database_cpu_us_per_transfer", 1e6 * spent / max(transfers, 1))
        return report.finish()


def _database_cpu(server: EmbeddedPostgres) -> float:
    """What the server's processes used so far, in seconds; those that ended count too."""
    assert server.pid is not None, "the server runs"
    first = psutil.Process(server.pid)
    times = [process.cpu_times() for process in first.children(recursive=True)]
    gone = first.cpu_times()
    ended = float(gone.children_user + gone.children_system + gone.user + gone.system)
    return ended + sum(float(one.user + one.system) for one in times)


def _write(url: str, writers: int, seconds: float, pace: float) -> list[Written]:
    """The writers, shared out over the processes; `pace` is sets a second of each, 0 for all."""
    share = max(writers // PROCESSES, 1)
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        jobs = [
            pool.apply_async(write_for, (url, number, share, seconds, pace))
            for number in range(PROCESSES)
        ]
        return [job.get() for job in jobs]


def write_for(url: str, process: int, writers: int, seconds: float, pace: float) -> Written:
    """One process's writers on their own connections."""
    return asyncio.run(_write_for(url, process, writers, seconds, pace))


async def _write_for(url: str, process: int, writers: int, seconds: float, pace: float) -> Written:
    db = await Database.open(url, min_size=writers, max_size=writers)
    end = time.monotonic() + seconds
    began = time.process_time()
    done = await asyncio.gather(
        *(_writer(db, f"{pace}-{process}-{number}", end, pace) for number in range(writers))
    )
    cpu = time.process_time() - began
    await db.close()
    return Written(
        sum(one.transfers for one in done),
        [taken for one in done for taken in one.seconds],
        sum(one.deadlocks for one in done),
        sum(one.refused for one in done),
        cpu,
    )


async def _writer(db: Database, name: str, end: float, pace: float) -> Written:
    """Settle orders of busy sellers into hot accounts, at a pace or as fast as we are let."""
    chance = random.Random(name)
    transfers = deadlocks = refused = number = 0
    taken: list[float] = []
    last: list[Transfer] = []
    planned = time.monotonic() + (chance.random() / pace if pace else 0.0)
    while time.monotonic() < end:
        again = bool(last) and chance.random() < AGAIN
        if not again:
            number += 1
            last = _settlement(f"{name}-{number}", chance)
        began = await _moment(planned) if pace else time.monotonic()
        planned += chance.expovariate(pace) if pace else 0.0
        try:
            async with db.transaction() as tx:
                transfers += len(await post(tx, _act(), last))
                if not again and chance.random() < TWO_PHASES:
                    held = [msgspec.structs.replace(last[0], id=f"{last[0].id[:-1]}e")]
                    held = [msgspec.structs.replace(held[0], kind="pending")]
                    transfers += len(await post(tx, _act(), held))
                    kind = rules.resolve_all(held, "post" if number % 2 else "void")
                    transfers += len(await post(tx, _act(), kind))
        except asyncpg.DeadlockDetectedError:
            deadlocks += 1
        except Refused:
            refused += 1
        taken.append(time.monotonic() - began)
    return Written(transfers, taken, deadlocks, refused, 0.0)


async def _moment(planned: float) -> float:
    """Wait for a planned moment; where it has passed already, the waiting counts."""
    await asyncio.sleep(max(0.0, planned - time.monotonic()))
    return planned


def _settlement(name: str, chance: random.Random) -> list[Transfer]:
    """A payment into a busy seller's balance, with the market's fee and a cost of the gateway."""
    day = datetime.now(UTC)
    seller = accounts.seller_balance(f"s{chance.randrange(SELLERS)}")
    channel = accounts.clearing("epay", name, day)
    moves = [
        (channel, seller, 9500),
        (channel, accounts.shared("fee_income", name), 300),
        (accounts.shared("refund_fee_cost", name), channel, 58),
    ]
    return [
        Transfer(
            id=derived_id("bench", name, str(place))[:-1] + "0",
            debit=debit,
            credit=credit,
            amount_minor=amount,
            recipe="bench",
            order_no=name,
        )
        for place, (debit, credit, amount) in enumerate(moves)
    ]


async def _fill(url: str) -> None:
    """Make every account once, so that only the traffic is measured."""
    db = await Database.open(url)
    for number in range(SELLERS):
        async with db.transaction() as tx:
            await post(tx, _act(), _settlement(f"fill-{number}", random.Random(number)))
    await db.close()


async def _report(
    url: str, written: list[Written], steady: list[Written], seconds: float, load: float
) -> Report:
    db = await Database.open(url)
    began = time.perf_counter()
    first = await audit_minute(db, datetime.now(UTC))
    after_all = time.perf_counter() - began
    began = time.perf_counter()
    second = await audit_minute(db, datetime.now(UTC))
    when_idle = time.perf_counter() - began
    async with db.connection() as conn:
        whole = await audit(conn, MARKET, datetime.now(UTC))
    await db.close()
    taken = [one for part in written for one in part.seconds]
    transfers = sum(part.transfers for part in written)
    report = Report("ledger")
    report.add("load_average_before", load)
    report.add("transfers_per_second", transfers / seconds, ">= 1000")
    report.add("sets_per_second", len(taken) / seconds)
    report.add("p50_ms", 1000 * percentile(taken, 0.50))
    report.add("p99_ms", 1000 * percentile(taken, 0.99))
    waits = [one for part in steady for one in part.seconds]
    rate = sum(part.transfers for part in steady) / seconds
    report.add("steady_transfers_per_second", rate, ">= 1000")
    report.add("steady_p50_ms", 1000 * percentile(waits, 0.50))
    report.add("steady_p99_ms", 1000 * percentile(waits, 0.99), "<= 50")
    report.add("python_cpu_us_per_transfer", 1e6 * _cpu(written) / max(transfers, 1))
    both = [*written, *steady]
    report.add("deadlocks", sum(part.deadlocks for part in both), "= 0")
    report.add("refused", sum(part.refused for part in both), "= 0")
    report.add("audit_rows", len(first or ()) + len(second or ()) + len(whole), "= 0")
    report.add("audit_of_all_this_ms", 1000 * after_all)
    report.add("audit_when_nothing_moved_ms", 1000 * when_idle)
    return report


def _cpu(written: list[Written]) -> float:
    return sum(part.cpu_seconds for part in written)


def _run_model(histories: int) -> int:
    """Random histories with abuse; a failure prints the history and ends the run."""
    tell(f"{histories} random histories …")
    began = time.monotonic()
    run_state_machine_as_test(
        MoneyMachine,
        settings=settings(
            max_examples=histories,
            stateful_step_count=40,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    report = Report("ledger")
    report.add("histories", histories)
    report.add("seconds", time.monotonic() - began)
    report.add("failures", 0, "= 0")
    return report.finish()


def _act() -> Act:
    return Act(MARKET, SYSTEM, datetime.now(UTC))
