"""What a draft would have done: distinct fact vectors a second, and a million claims."""

import argparse
import os
import random
import resource
import time
from collections.abc import Iterator

from benchmarks.closed_claims import any_case, changed_pack, closed_claims
from benchmarks.common import Report, load_average, tell
from makegood.policy.backtest.case import Case, packed, unpacked
from makegood.policy.backtest.processes import Processes
from makegood.policy.backtest.running import Run, add_all
from makegood.policy.backtest.tally import Minutes
from makegood.policy.model import Pack
from makegood.policy.pack import load_pack

MEMORY_MB = 200
"""What a million claims may cost in memory beyond what ten thousand cost."""


def main(arguments: list[str]) -> int:
    """Both figures, with the old and the new pack evaluated for every vector."""
    parser = argparse.ArgumentParser(prog="bench backtest", description=__doc__)
    parser.add_argument("--vectors", type=int, default=20_000, help="distinct vectors")
    parser.add_argument("--claims", type=int, default=1_000_000, help="ended claims")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args(arguments)
    report, pack = Report("backtest"), load_pack()
    draft = changed_pack(pack)
    report.add("load average", load_average())
    # The claims first: the memory of a process is measured at its highest.
    _claims(report, pack, draft, chosen.claims, chosen.processes)
    _vectors(report, pack, draft, chosen.vectors, chosen.processes)
    return report.finish()


def _vectors(report: Report, pack: Pack, draft: Pack, count: int, processes: int) -> None:
    """Claims that are all different: the engine and our reading of its tables are the limit."""
    chance = random.Random(5)
    cases = [any_case(pack, chance, number) for number in range(count)]
    with Processes(draft.source, pack.source, processes) as both:
        Run(draft, pack, both.ask).add(cases[:1000])
        test = Run(draft, pack, both.ask)
        began = time.perf_counter()
        for _ in add_all(test, cases):
            tell(f"vectors: {test.vectors:,}")
        seconds = time.perf_counter() - began
    alone = Run(draft, pack)
    began = time.process_time()
    alone.add(cases[: min(count, 2000)])
    cpu = (time.process_time() - began) / alone.vectors
    tell("")
    report.add("distinct vectors a second", test.vectors / seconds, ">= 3000")
    report.add("CPU microseconds a vector, one process", cpu * 1e6)
    report.add("engine calls a second in one process (single)", _single_calls(pack))


def _single_calls(pack: Pack) -> float:
    """What the engine does when asked one input at a time: why inputs are asked together."""
    table = pack.tables["R-07"]
    began = time.process_time()
    for _ in range(300):
        table._ask_engine([None] * len(table.inputs))
    return 300 / (time.process_time() - began)


def _claims(report: Report, pack: Pack, draft: Pack, count: int, processes: int) -> None:
    """A market's claims, read from the form in which they are stored."""
    with Processes(draft.source, pack.source, processes) as both:
        test = Run(draft, pack, both.ask)
        began = time.perf_counter()
        first_kb = 0
        for _ in add_all(test, _stored(pack, count)):
            if test.tally.claims <= 10_000:
                first_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            tell(f"claims: {test.tally.claims:,}")
        result = test.result(Minutes(6.0, "assumed"))
        seconds = time.perf_counter() - began
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - first_kb
    tell("")
    report.add("claims", result.claims)
    report.add("distinct vectors among them", result.vectors)
    report.add("claims a second", result.claims / seconds)
    report.add("seconds for a million", seconds * 1_000_000 / result.claims, "< 300")
    report.add("memory grown (MB)", grown_kb / 1024, f"< {MEMORY_MB}")


def _stored(pack: Pack, count: int) -> Iterator[Case]:
    for case in closed_claims(pack, count):
        yield unpacked(packed(case))
