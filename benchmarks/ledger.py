"""The ledger under 32 writers on hot accounts: transfers a second, waiting, deadlocks, audits.

The writers work in two processes and share the connections that a market's web and worker
processes have. Every connection has posted before the clock runs: a new one costs some 25 ms of a
core, which is the price of a start and not of a posting.

Two runs. At full speed each writer posts its next set when the last one is committed: that shows
the most that passes, and its waiting times only show how long a queue of 32 is. At a steady rate
sets arrive at random moments, whether or not the ones before are done; a set that has to wait, for
its writer, a connection, a lock or the disk, waits from the moment it was due. Beside it a page
is synced again and again, to show what the disk alone takes: every commit waits for it. How much
of the cores the host of a virtual machine took away meanwhile is printed, too.
"""

import argparse
import asyncio
import multiprocessing
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from typing import Any, Final, Literal

import asyncpg
import msgspec
import psutil
import uvloop

from benchmarks.common import Report, fresh_database, load_average, percentile, tell
from benchmarks.disk import synced_beside
from benchmarks.money_model import run_model
from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import derived_id
from makegood.base.refusal import Refused
from makegood.bootstrap import WEB_CONNECTIONS, WORKER_CONNECTIONS, collect_seldom
from makegood.ledger import accounts, rules
from makegood.ledger.audit import audit
from makegood.ledger.audits.minute import audit_minute
from makegood.ledger.posting import post
from makegood.ledger.rules import Transfer
from makegood.store.database import Connection, Database
from makegood.store.postgres import EmbeddedPostgres

MARKET: Final = "m1"
SELLERS: Final = 200
CONNECTIONS: Final = (WEB_CONNECTIONS, WORKER_CONNECTIONS)
"""Of each process, as in the product."""
PACE: Final = 1050
"""Transfers a second of the steady part."""
AGAIN: Final = 0.10
TWO_PHASES: Final = 0.30
PER_SET: Final = (1 - AGAIN) * (3 + 2 * TWO_PHASES)
"""Transfers in a set, on average: a set told again posts none, one in two phases posts five."""
READY: Final = "ready"
START_TOGETHER: Final = 0.2
"""Seconds from the moment that all processes are ready until the clock runs."""
MEASURES_ITSELF: Final = 0.005
"""Seconds between two looks at how late a process's own event loop is."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What one process is to do; `begin` is a moment of the clock that all processes share."""

    url: str
    process: int
    writers: int
    seconds: float
    pace: float
    """Sets a second of each writer, at random moments; 0 posts as fast as it goes."""
    begin: float = 0.0

    @property
    def end(self) -> float:
        """When the last set may be started."""
        return self.begin + self.seconds


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What was done: transfers that were new, how long each set took, what went wrong.

    `late` is by how much the process itself was late for moments of its own, with nothing to wait
    for: so much of every waiting time is the measuring program's.
    """

    transfers: int = 0
    seconds: list[float] = []
    deadlocks: int = 0
    refused: int = 0
    late: list[float] = []
    cpu_seconds: float = 0.0
    lasted: float = 0.0
    """Until the last set was done, in seconds."""


def main(arguments: list[str]) -> int:
    """Load the ledger, or run the money model long."""
    parser = argparse.ArgumentParser(
        prog="bench ledger",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--writers", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each of the two runs")
    parser.add_argument("--pace", type=float, default=PACE, help="transfers a second, steadily")
    parser.add_argument("--model", type=int, metavar="HISTORIES", default=0)
    parser.add_argument("--seed", type=int, default=1, help="the first one of the model's run")
    parser.add_argument("--short", action="store_true", help="three seconds")
    chosen = parser.parse_args(arguments)
    if chosen.model:
        return run_model(chosen.model, chosen.seed)
    seconds = 3.0 if chosen.short else chosen.seconds
    with fresh_database("ledger") as server:
        asyncio.run(_fill(server.url))
        before = load_average()
        tell(f"{chosen.writers} writers for {seconds:.0f} s, as fast as it goes …")
        spent = _database_cpu(server)
        fast = _write(server.url, chosen.writers, seconds, 0.0)
        spent = _database_cpu(server) - spent
        tell(f"{chosen.writers} writers for {seconds:.0f} s, {chosen.pace:.0f} transfers/s …")
        whole = psutil.cpu_times()
        with synced_beside(server.folder) as synced:
            steady = _write(server.url, chosen.writers, seconds, chosen.pace)
        stolen = _stolen_percent(whole, psutil.cpu_times())
        tell("audits …\n")
        report = Report("ledger")
        report.add("load_average_before", before)
        _add_load(report, fast, steady)
        report.add("disk_sync_p99_ms", 1000 * percentile(synced, 0.99))
        report.add("stolen_percent", stolen)
        report.add("database_cpu_us_per_transfer", 1e6 * spent / max(fast.transfers, 1))
        asyncio.run(_add_audits(report, server.url))
        return report.finish()


def _database_cpu(server: EmbeddedPostgres) -> float:
    """What the server's processes used so far, in seconds; those that ended count too."""
    assert server.pid is not None, "the server runs"
    first = psutil.Process(server.pid)
    times = [_cpu_of(process) for process in first.children(recursive=True)]
    gone = first.cpu_times()
    ended = float(gone.children_user + gone.children_system + gone.user + gone.system)
    return ended + sum(times)


def _stolen_percent(before: Any, after: Any) -> float:
    """How much of its cores' time the host gave to others meanwhile; nothing runs in it."""
    stolen = getattr(after, "steal", 0.0) - getattr(before, "steal", 0.0)
    return float(100 * stolen / (sum(after) - sum(before)))


def _cpu_of(process: psutil.Process) -> float:
    """One process's seconds; one that ended meanwhile is among its parent's ended ones."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _write(url: str, writers: int, seconds: float, pace: float) -> Written:
    """The writers, shared out over the processes; `pace` is transfers a second of all of them."""
    loads = [
        Load(
            url=url,
            process=process,
            writers=max(writers // len(CONNECTIONS), 1),
            seconds=seconds,
            pace=pace / PER_SET / writers,
        )
        for process in range(len(CONNECTIONS))
    ]
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in loads]
    for load, (_, theirs) in zip(loads, pipes, strict=True):
        context.Process(target=write_for, args=(load, theirs), daemon=True).start()
        theirs.close()
    ours = [own for own, _ in pipes]
    for pipe in ours:
        assert pipe.recv() == READY
    begin = time.monotonic() + START_TOGETHER
    for pipe in ours:
        pipe.send(begin)
    return _together([pipe.recv() for pipe in ours])


def write_for(load: Load, pipe: "Pipe[Any, Any]") -> None:
    """One process's writers on its connections; says when it is ready, and is told when to begin.

    Processes of one machine share the clock (`time.monotonic`). The event loop and how seldom
    memory is looked through are the product's.
    """
    pipe.send(uvloop.run(_write_for(load, pipe)))


async def _write_for(load: Load, pipe: "Pipe[Any, Any]") -> Written:
    connections = CONNECTIONS[load.process]
    db = await Database.open(load.url, min_size=connections, max_size=connections)
    await _warm_up(db, connections, f"warm-{load.pace}-{load.process}")
    collect_seldom()
    pipe.send(READY)
    load = msgspec.structs.replace(load, begin=pipe.recv())
    await asyncio.sleep(load.begin - time.monotonic())
    began = time.process_time()
    done = await asyncio.gather(
        _own_lateness(load.end),
        *(_writer(db, load, number) for number in range(load.writers)),
    )
    whole = Written(cpu_seconds=time.process_time() - began, lasted=time.monotonic() - load.begin)
    await db.close()
    return _together([*done, whole])


async def _warm_up(db: Database, connections: int, name: str) -> None:
    """Have each connection post a set in both ways, all held at once so that none is left out."""
    all_held = asyncio.Barrier(connections)

    async def use(number: int) -> None:
        async with db.transaction() as tx:
            await all_held.wait()
            linked = _settlement(f"{name}-{number}", random.Random(number))
            await post(tx, _act(), linked)
            await _in_two_phases(tx, linked[0], "void")

    await asyncio.gather(*(use(number) for number in range(connections)))


async def _own_lateness(end: float) -> Written:
    """How late this process is for moments that depend on nobody else."""
    late = []
    while (planned := time.monotonic() + MEASURES_ITSELF) < end:
        await asyncio.sleep(MEASURES_ITSELF)
        late.append(time.monotonic() - planned)
    return Written(late=late)


async def _writer(db: Database, load: Load, number: int) -> Written:
    """Settle orders of busy sellers into hot accounts, at a pace or as fast as we are let."""
    name = f"{load.pace}-{load.process}-{number}"
    chance = random.Random(name)
    transfers = deadlocks = refused = count = 0
    taken: list[float] = []
    linked: list[Transfer] = []
    planned = load.begin + (chance.expovariate(load.pace) if load.pace else 0.0)
    while (planned if load.pace else time.monotonic()) < load.end:
        again = bool(linked) and chance.random() < AGAIN
        if not again:
            count += 1
            linked = _settlement(f"{name}-{count}", chance)
        began = await _moment(planned) if load.pace else time.monotonic()
        planned += chance.expovariate(load.pace) if load.pace else 0.0
        try:
            async with db.transaction() as tx:
                new = len(await post(tx, _act(), linked))
                if not again and chance.random() < TWO_PHASES:
                    new += await _in_two_phases(tx, linked[0], "post" if count % 2 else "void")
            transfers += new
        except asyncpg.DeadlockDetectedError:
            deadlocks += 1
        except Refused:
            refused += 1
        taken.append(time.monotonic() - began)
    return Written(transfers=transfers, seconds=taken, deadlocks=deadlocks, refused=refused)


async def _in_two_phases(tx: Connection, like: Transfer, end: Literal["post", "void"]) -> int:
    """Reserve a movement like this one and end the reserve; answers the new transfers."""
    held = msgspec.structs.replace(like, id=f"{like.id[:-1]}e", kind="pending")
    new = await post(tx, _act(), [held])
    return len(new) + len(await post(tx, _act(), [rules.resolve(held, end)]))


async def _moment(planned: float) -> float:
    """Wait for a planned moment; where it has passed already, the waiting counts."""
    await asyncio.sleep(max(0.0, planned - time.monotonic()))
    return planned


def _together(parts: Sequence[Written]) -> Written:
    return Written(
        transfers=sum(part.transfers for part in parts),
        seconds=[one for part in parts for one in part.seconds],
        deadlocks=sum(part.deadlocks for part in parts),
        refused=sum(part.refused for part in parts),
        late=[one for part in parts for one in part.late],
        cpu_seconds=sum(part.cpu_seconds for part in parts),
        lasted=max(part.lasted for part in parts),
    )


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


def _add_load(report: Report, fast: Written, steady: Written) -> None:
    """What passed and how long it took; a rate counts until the last set was done."""
    report.add("transfers_per_second", fast.transfers / fast.lasted, ">= 1000")
    report.add("sets_per_second", len(fast.seconds) / fast.lasted)
    report.add("full_speed_p50_ms", 1000 * percentile(fast.seconds, 0.50))
    report.add("full_speed_p99_ms", 1000 * percentile(fast.seconds, 0.99))
    report.add("steady_transfers_per_second", steady.transfers / steady.lasted, ">= 1000")
    report.add("steady_p50_ms", 1000 * percentile(steady.seconds, 0.50))
    report.add("steady_p90_ms", 1000 * percentile(steady.seconds, 0.90))
    report.add("steady_p99_ms", 1000 * percentile(steady.seconds, 0.99), "<= 50")
    report.add("steady_longest_ms", 1000 * max(steady.seconds, default=0.0))
    report.add("steady_own_lateness_p99_ms", 1000 * percentile(steady.late, 0.99))
    report.add("python_cpu_us_per_transfer", 1e6 * fast.cpu_seconds / max(fast.transfers, 1))
    report.add("deadlocks", fast.deadlocks + steady.deadlocks, "= 0")
    report.add("refused", fast.refused + steady.refused, "= 0")


async def _add_audits(report: Report, url: str) -> None:
    """The audit of every minute, over all of this and again when nothing moved, and the whole."""
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
    report.add("audit_rows", len(first or ()) + len(second or ()) + len(whole), "= 0")
    report.add("audit_of_all_this_ms", 1000 * after_all)
    report.add("audit_when_nothing_moved_ms", 1000 * when_idle)


def _act() -> Act:
    return Act(MARKET, SYSTEM, datetime.now(UTC))
