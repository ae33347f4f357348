"""Refunds while workers, web and database are killed: not one cent may differ at the end."""

import argparse
import asyncio
import contextlib

import psutil

from benchmarks.common import Report, fresh_database, tell
from benchmarks.refund_saga import SagaResult, run_saga
from makegood.store.postgres import EmbeddedPostgres


def main(arguments: list[str]) -> int:
    """Run the saga with its kills and report the differences."""
    parser = argparse.ArgumentParser(prog="bench refunds", description=__doc__)
    parser.add_argument("--refunds", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--database-kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="a tenth of everything")
    chosen = parser.parse_args(arguments)
    part = 10 if chosen.short else 1
    tell(f"{chosen.refunds // part} refunds under kill -9 …")
    with fresh_database("refunds") as server:
        result = asyncio.run(
            run_saga(
                server.folder,
                server.url,
                refunds=chosen.refunds // part,
                kills=chosen.kills // part,
                seed=chosen.seed,
                kill_database=lambda: kill_and_restart(server),
                database_kills=max(chosen.database_kills // part, 1),
                patience_seconds=600,
            )
        )
    return _report(result).finish()


def kill_and_restart(server: EmbeddedPostgres) -> None:
    """kill -9 the server with all its children, and start it again on the same data."""
    if server.pid is None:
        return
    family = [*psutil.Process(server.pid).children(recursive=True), psutil.Process(server.pid)]
    for process in reversed(family):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=10)
    server.start()


def _report(result: SagaResult) -> Report:
    report = Report("refunds")
    report.add("refunds", result.refunds)
    report.add("kills", result.kills)
    report.add("seconds", result.seconds)
    report.add("confirmed_by_hand", result.by_hand)
    report.add("gateway_paid_minor", result.gateway_minor)
    report.add("ledger_posted_minor", result.ledger_minor)
    report.add("unfinished", result.unfinished, "= 0")
    report.add("payments_that_differ", result.differing, "= 0")
    report.add("pending_minor", result.pending_minor, "= 0")
    report.add("differences_in_the_books", result.audit_rows, "= 0")
    report.add("advanced_minor", result.debts_minor, "> 0")
    report.add("claims_told_wrong", result.told_wrong, "= 0")
    return report
