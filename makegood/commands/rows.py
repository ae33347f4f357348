"""`makegood rows`: check a file of public rows and compute every seller's figures from it."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from makegood.commands.frame import Commands, add_command
from makegood.settings import Settings


def add(commands: Commands) -> None:
    """Describe the command."""
    text = "check public rows and compute the figures again; needs no database"
    parser = add_command(commands, "rows", text, run)
    parser.add_argument("file", type=Path, metavar="FILE", help="as downloaded: rows.jsonl")
    parser.add_argument("--since", default="", metavar="DAY", help="first day: 2026-10-01")
    parser.add_argument("--until", default="9999-12-31", metavar="DAY", help="last day")
    parser.add_argument(
        "--log",
        type=Path,
        metavar="DIR",
        help="a copy of the log's files: every row must be in it, and every row in it here",
    )


def run(chosen: argparse.Namespace, _settings: Settings) -> int:
    """Print the figures; 1 when a line does not fit."""
    from makegood.base.trouble import CannotRun
    from makegood.insight.rows.figures import as_text, figures, read_rows

    try:
        lines = chosen.file.read_bytes().splitlines()
    except OSError as failed:
        raise CannotRun(f"{chosen.file} cannot be read: {failed.strerror}") from None
    found = read_rows(lines)
    faults = [f"line {fault.line}: {fault.what}" for fault in found.faults]
    if chosen.log is not None:
        faults += list(_differences(lines, chosen.log))
    for fault in faults:
        print(fault)
    print(as_text(figures(found.rows, chosen.since, chosen.until)))
    print(f"{len(found.rows)} rows, {len(faults)} faults")
    return 1 if faults else 0


def _differences(lines: list[bytes], folder: Path) -> Iterator[str]:
    from makegood.base.trouble import CannotRun
    from makegood.insight.rows.logged import rows_in_log
    from makegood.record.log.strict import Malformed

    try:
        logged = set(rows_in_log(folder))
    except Malformed as wrong:
        raise CannotRun(f"{folder} is no readable copy of a log: {wrong.reason}") from None
    for place, line in enumerate(lines, start=1):
        if line not in logged:
            yield f"line {place}: not in the log"
    missing = logged - set(lines)
    if missing:
        yield f"{len(missing)} rows of the log are not in the file"
