"""`makegood backtest RULES ORDERS CLAIMS`: what rules would have done to a shop's own history.

Needs no database and no installed shop: two exported files and a rule pack are enough.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from zoneinfo import ZoneInfo

from makegood.base.trouble import CannotRun
from makegood.commands.frame import Commands, add_command, shell_language
from makegood.commands.imports import column_map, rows_of
from makegood.commands.rulepacks import read
from makegood.settings import Settings

if TYPE_CHECKING:
    from makegood.claims.exported import BadClaim, ClaimRow, Sold
    from makegood.policy.backtest.result import Result
    from makegood.policy.backtest.running import Run
    from makegood.policy.model import Pack

T = TypeVar("T")
SHOWN_FAULTS: Final = 20
SOME_ROWS_BAD: Final = 3
MINUTES: Final = 10.0
"""What a claim costs a person where nobody measured it."""


def add(commands: Commands) -> None:
    """Describe the command."""
    words = "what rules would have done to a shop's own orders and claims (no database needed)"
    parser = add_command(commands, "backtest", words, run)
    parser.add_argument(
        "rules", metavar="RULES", help="`default`, a pack file, a pack's folder, or one table"
    )
    parser.add_argument("orders", type=Path, metavar="ORDERS", help="orders: CSV or JSON lines")
    parser.add_argument("claims", type=Path, metavar="CLAIMS", help="claims: CSV or JSON lines")
    parser.add_argument(
        "--in-force",
        metavar="RULES",
        help="compare with these rules instead of with what really happened",
    )
    parser.add_argument("--map", default="", metavar="MAP", help="columns, as for `import orders`")
    parser.add_argument("--timezone", default="Asia/Shanghai", help="of times without an offset")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help="what a claim costs a person, in minutes"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to this file")


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Print the figures; exit status 3 when some rows were bad."""
    from makegood.claims.exported import BadClaim, cases
    from makegood.policy.backtest.running import Run, chunks

    in_force = rules_of(chosen.in_force, None) if chosen.in_force else None
    draft = rules_of(chosen.rules, in_force)
    zone = _zone(chosen.timezone)
    try:
        wanted = {row.cells.get("order_no", "") for row in _claims(chosen.claims)}
        orders = _orders(chosen, wanted)
        # One file is one shop's, in one currency: that of any order of it.
        currency = next((one.order.total.currency for one in orders.values()), "CNY")
        test, bad = Run(draft, in_force, currency=currency), []
        for many in chunks(cases(_claims(chosen.claims), orders, zone)):
            test.add([one for one in many if not isinstance(one, BadClaim)])
            bad += [one for one in many if isinstance(one, BadClaim)]
            _tell(f"{test.tally.claims:,} claims")
    except FileNotFoundError as missing:
        raise CannotRun(f"there is no file {missing.filename}") from None
    except (ValueError, UnicodeDecodeError) as wrong:
        raise CannotRun(str(wrong)) from None
    _tell("")
    return _finish(chosen, test, bad)


def rules_of(told: str, base: "Pack | None") -> "Pack":
    """The pack of a name, file, folder, or of one table laid over `base` (else the default pack).

    Raises CannotRun with file, row and column for anything that a pack may not hold.
    """
    from makegood.policy.draft.examples import with_fitting_examples
    from makegood.policy.faults import PackRefused
    from makegood.policy.pack import load_pack
    from makegood.policy.packfile import read_pack_file, read_parts, write_parts

    try:
        document = _one_table(told)
        if document is None:
            return read(told)
        table = str(document.get("name", ""))
        parts = read_parts((base or load_pack()).source)
        if table not in parts["tables"]:
            raise CannotRun(f"{told}: the pack has no table {table!r}")
        parts["tables"][table] = document
        parts["pack"]["version"] = str(int(parts["pack"]["version"]) + 1)
        return read_pack_file(write_parts(with_fitting_examples(parts, table)))
    except PackRefused as refused:
        language = shell_language(os.environ)
        faults = "; ".join(fault.sentence(language) for fault in refused.faults[:5])
        raise CannotRun(f"{told}: {faults}") from None


def _one_table(told: str) -> dict[str, object] | None:
    """The document of a file that is one decision table; None for a whole pack."""
    from makegood.policy.decoding import read_json
    from makegood.policy.packfile import MAX_FILE_BYTES

    path = Path(told)
    if not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
        return None
    found = read_json(path.read_bytes(), path.name)
    return found if isinstance(found, dict) and "nodes" in found else None


def _claims(file: Path) -> "Iterator[ClaimRow]":
    """The rows of the claims file; its faults name the file."""
    from makegood.claims.exported import csv_claims, json_claims
    from makegood.orders.importing import detect_encoding, looks_like_csv

    with file.open("rb") as raw:
        sample = raw.read(65_536)
    encoding = detect_encoding(sample)
    with file.open(encoding=encoding, newline="") as lines:
        rows = csv_claims(lines) if looks_like_csv(file.name, sample) else json_claims(lines)
        yield from _named(file, rows)


def _named(file: Path, rows: "Iterator[T]") -> "Iterator[T]":
    """The rows; what is wrong with the file as a whole names it."""
    try:
        yield from rows
    except ValueError as wrong:
        raise ValueError(f"{file}: {wrong}") from None


def _orders(chosen: argparse.Namespace, wanted: set[str]) -> "dict[str, Sold]":
    """The claimed orders, each with its seller's size by all orders of the file."""
    from collections import Counter

    from makegood.claims.exported import Sold
    from makegood.orders.importing import BadRow
    from makegood.orders.order import Order
    from makegood.policy.backtest.case import size_of

    kept: dict[str, Order] = {}
    of_seller: Counter[str] = Counter()
    with chosen.orders.open("rb") as file:
        columns = column_map(chosen.map)
        rows = rows_of(file, chosen.orders.name, columns, "auto", lambda count: None)
        for row in _named(chosen.orders, rows):
            if isinstance(row.order, BadRow):
                raise ValueError(f"{chosen.orders}: line {row.line}: {row.order.detail}")
            of_seller[row.order.seller.id] += 1
            if row.order.order_no in wanted:
                kept[row.order.order_no] = row.order
    return {
        number: Sold(order, size_of(of_seller[order.seller.id])) for number, order in kept.items()
    }


def _finish(chosen: argparse.Namespace, test: "Run", bad: "list[BadClaim]") -> int:
    import msgspec

    from makegood.commands.backtest_report import report
    from makegood.policy.backtest.tally import Minutes

    for one in bad[:SHOWN_FAULTS]:
        print(f"{chosen.claims}: {one}", file=sys.stderr)
    if len(bad) > SHOWN_FAULTS:
        print(f"… and {len(bad) - SHOWN_FAULTS} more", file=sys.stderr)
    source = "given" if chosen.minutes != MINUTES else "assumed"
    result: Result = test.result(Minutes(chosen.minutes, source))
    if chosen.json:
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
    if result.claims == 0:
        raise CannotRun(f"{chosen.claims}: no claim could be read")
    print(report(result))
    return SOME_ROWS_BAD if bad else 0


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError):
        raise CannotRun(f"--timezone: there is no zone {name!r}") from None


def _tell(text: str) -> None:
    """Progress for a person at a terminal; never in the way of a report that is redirected."""
    if sys.stderr.isatty():
        with contextlib.suppress(OSError):
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
