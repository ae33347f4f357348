"""Proportional memory (PSS) of the whole product, idle after the demo was made."""

import argparse
import time

from benchmarks.common import Report, fresh_folder, serving, tell

TARGET_MB = 350


def main(arguments: list[str]) -> int:
    """Start the demo, let it rest, and add up what its processes hold."""
    parser = argparse.ArgumentParser(prog="bench memory", description=__doc__)
    parser.add_argument("--rest", type=float, default=30.0, help="seconds of rest before measuring")
    parser.add_argument("--short", action="store_true", help="rest for 5 s only")
    chosen = parser.parse_args(arguments)
    report = Report("memory")
    with fresh_folder("memory") as folder, serving(folder, "--demo") as product:
        tell("resting …")
        time.sleep(5.0 if chosen.short else chosen.rest)
        parts = memory_by_process(product.process.pid)
        tell("")
    for name, megabytes in sorted(parts.items(), key=lambda part: -part[1]):
        report.add(name, megabytes)
    report.add("total_mb", sum(parts.values()), f"< {TARGET_MB}")
    return report.finish()


def memory_by_process(pid: int) -> dict[str, float]:
    """Megabytes of PSS by kind of process, for a process and all below it."""
    parts: dict[str, float] = {}
    for one in family(pid):
        name = f"{kind_of(one)}_mb"
        parts[name] = parts.get(name, 0.0) + pss_megabytes(one)
    return parts


def family(pid: int) -> list[int]:
    """The process and everything it started, and so on."""
    found = [pid]
    for one in found:
        with open(f"/proc/{one}/task/{one}/children") as children:
            found += map(int, children.read().split())
    return found


def kind_of(pid: int) -> str:
    """supervisor, database, or the last part of the module that runs."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        words = file.read().decode("utf-8", "replace").split("\0")
    if words[0].startswith("postgres:") or words[0].endswith("/postgres"):
        return "database"
    if "makegood.processes" in words:
        return words[words.index("makegood.processes") + 1]
    module = words[words.index("-m") + 1] if "-m" in words else words[0]
    return "supervisor" if module == "makegood" else module.rsplit(".", 1)[-1]


def pss_megabytes(pid: int) -> float:
    """The process's proportional share of memory."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        line = next(line for line in file if line.startswith("Pss:"))
    return int(line.split()[1]) / 1024
