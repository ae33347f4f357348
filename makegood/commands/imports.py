"""`makegood import orders FILE`: orders from NDJSON or CSV, with progress and a result file."""

import argparse
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from makegood.base.trouble import CannotRun
from makegood.commands.frame import Commands, add_command, database_url
from makegood.keyfile import open_vault
from makegood.settings import Settings

if TYPE_CHECKING:
    from makegood.orders.columns import ColumnMap
    from makegood.orders.importing import Encoding, Row, RowResult
    from makegood.store.database import Database
    from makegood.store.vault import Vault

SAMPLE_BYTES = 256 * 1024
CHUNK_BYTES = 256 * 1024
SOME_ROWS_BAD = 3

Advance = Callable[[int], None]
"""Told how many bytes of the file were read."""


class Counts:
    """How many rows of each kind there were."""

    def __init__(self) -> None:
        self.taken = self.unchanged = self.bad = 0

    def note(self, result: "RowResult") -> None:
        """Count one row."""
        if not result.ok:
            self.bad += 1
        elif result.changed:
            self.taken += 1
        else:
            self.unchanged += 1


def add(commands: Commands) -> None:
    """Describe the command."""
    parser = add_command(commands, "import", "take orders from a file (NDJSON or CSV)", run)
    parser.add_argument("what", choices=["orders"])
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--market", help="id of the market")
    parser.add_argument(
        "--map",
        default="",
        metavar="MAP",
        help="CSV columns: `order_no=单号,total=实付`, or a JSON file with "
        "headings, timezone, currency, states, constants",
    )
    parser.add_argument(
        "--encoding",
        choices=["auto", "utf-8", "gbk"],
        default="auto",
        help="of the file; auto tells UTF-8 and GBK apart",
    )


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Import the file; exit status 3 when some rows were bad."""
    import asyncio

    columns = column_map(chosen.map)
    collect_less_often()
    market_id = chosen.market or settings.market
    try:
        with chosen.file.open("rb") as file, database_url(settings) as url:
            vault = open_vault(settings)
            counts = asyncio.run(_import(chosen, market_id, url, vault, file, columns))
    except FileNotFoundError:
        raise CannotRun(f"there is no file {chosen.file}") from None
    except ValueError as wrong:
        raise CannotRun(f"{chosen.file}: {wrong}") from None
    print(f"{counts.taken} taken · {counts.unchanged} unchanged · {counts.bad} bad")
    if counts.bad:
        print(f"why each bad row was not taken: {results_path(chosen.file)}")
    return SOME_ROWS_BAD if counts.bad else 0


def collect_less_often() -> None:
    """Spare the garbage collector: rows make much, and nothing of it is a circle."""
    import gc

    gc.freeze()
    gc.set_threshold(100_000)


def results_path(file: Path) -> Path:
    """Where the bad rows of a file are listed."""
    return file.with_name(f"{file.name}.results.ndjson")


def rows_of(
    file: BinaryIO, name: str, columns: "ColumnMap", encoding: str, advance: Advance
) -> "Iterator[Row]":
    """The orders of an open file, whatever its form and encoding."""
    from makegood.orders.importing import csv_rows, detect_encoding, looks_like_csv, ndjson_rows

    sample = file.read(SAMPLE_BYTES)
    file.seek(0)
    found: Encoding = detect_encoding(sample)
    if encoding != "auto":
        found = "utf-8" if encoding == "utf-8" else "gb18030"
    chunks = _chunks(file, advance)
    if looks_like_csv(name, sample):
        return csv_rows(chunks, columns, found)
    return ndjson_rows(chunks, found)


async def _import(
    chosen: argparse.Namespace,
    market_id: str,
    url: str,
    vault: "Vault",
    file: BinaryIO,
    columns: "ColumnMap",
) -> Counts:
    import msgspec

    from makegood.base.actor import Act, Actor
    from makegood.orders.bulk import each, import_orders
    from makegood.store.database import Database

    counts = Counts()
    db = await Database.open(url, max_size=4)
    try:
        async with db.connection() as conn:
            now = await conn.fetchval("SELECT now()")
        await _check_market(db, market_id)
        act = Act(market_id, Actor("operator", "command line"), now)
        with _progress(chosen.file) as advance, _bad_rows(chosen.file) as bad:
            rows = rows_of(file, chosen.file.name, columns, chosen.encoding, advance)
            async for result in import_orders(db, act, vault, each(rows)):
                counts.note(result)
                if not result.ok:
                    bad.write(msgspec.json.encode(result) + b"\n")
    finally:
        await db.close()
    return counts


async def _check_market(db: "Database", market_id: str) -> None:
    from makegood.people.markets.store import load_market

    async with db.connection() as conn:
        if await load_market(conn, market_id) is None:
            raise CannotRun(f"there is no market {market_id!r}: finish the setup, or use --market")


def column_map(told: str) -> "ColumnMap":
    """A column map from a JSON file, or from pairs on the command line."""
    import msgspec

    from makegood.orders.columns import ColumnMap

    try:
        if told and "=" not in told:
            return msgspec.json.decode(Path(told).read_bytes(), type=ColumnMap)
        pairs = [pair.partition("=") for pair in told.split(",") if pair]
        return ColumnMap(headings={name.strip(): heading.strip() for name, _, heading in pairs})
    except FileNotFoundError:
        raise CannotRun(f"--map: there is no file {told}") from None
    except (ValueError, msgspec.DecodeError) as wrong:
        raise CannotRun(f"--map: {wrong}") from None


def _chunks(file: BinaryIO, advance: Advance) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
        advance(len(chunk))


@contextlib.contextmanager
def _bad_rows(file: Path) -> Iterator[BinaryIO]:
    """The result file, which stays only when a row is in it."""
    path = results_path(file)
    try:
        with path.open("wb") as results:
            yield results
    finally:
        if path.exists() and not path.stat().st_size:
            path.unlink()


@contextlib.contextmanager
def _progress(file: Path) -> Iterator[Advance]:
    """A bar on standard error; quiet where that is no terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(file.name, total=file.stat().st_size)
        yield lambda count: bar.advance(task, count)
