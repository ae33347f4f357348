"""The long run of the money model: thousands of random histories that cheat on purpose."""

import multiprocessing
import os
import time
import traceback
from collections.abc import Iterator
from typing import Final

import msgspec
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from benchmarks.common import Report, load_average, tell
from tests.ledger.machine import MoneyMachine

PIECE: Final = 250
"""Histories of one seed: many short searches visit more than one long one, on every core."""
STEPS: Final = 40


class Piece(msgspec.Struct, frozen=True):
    """The histories of one seed; run again, the same seed makes the same ones."""

    seed: int
    histories: int


class Lived(msgspec.Struct, frozen=True):
    """What came of a piece: histories that ran to their end, and the failure, if there is one."""

    piece: Piece
    histories: int
    cpu_seconds: float
    failure: str = ""


def run_model(histories: int, first_seed: int) -> int:
    """Run so many histories on all cores; the first failure is printed and ends the run."""
    began = time.monotonic()
    before = load_average()
    done: list[Lived] = []
    for lived in _run(pieces(histories, first_seed)):
        done.append(lived)
        tell(f"{sum(one.histories for one in done):,} of {histories:,} histories …")
        if lived.failure:
            print(f"\nseed {lived.piece.seed}:\n{lived.failure}")
            break
    tell("")
    report = Report("ledger-model")
    report.add("load_average_before", before)
    report.add("histories", sum(one.histories for one in done), f">= {histories}")
    report.add("first_seed", first_seed)
    report.add("seeds", len(done))
    report.add("steps_at_most", STEPS)
    report.add("seconds", time.monotonic() - began)
    report.add("cpu_seconds", sum(one.cpu_seconds for one in done))
    report.add("failures", sum(bool(one.failure) for one in done), "= 0")
    return report.finish()


def pieces(histories: int, first_seed: int) -> list[Piece]:
    """The histories in pieces, each with a seed of its own."""
    starts = range(0, histories, PIECE)
    return [
        Piece(first_seed + number, min(PIECE, histories - start))
        for number, start in enumerate(starts)
    ]


def live(piece: Piece) -> Lived:
    """Run a piece in this process."""
    ended = 0

    class Counted(MoneyMachine):
        def teardown(self) -> None:
            nonlocal ended
            super().teardown()
            ended += 1

    began = time.process_time()
    failure = ""
    try:
        run_state_machine_as_test(seed(piece.seed)(Counted), settings=_settings(piece))
    except Exception as failed:
        failure = "".join(traceback.format_exception(failed))
    return Lived(piece, min(ended, piece.histories), time.process_time() - began, failure)


def _run(pieces: list[Piece]) -> Iterator[Lived]:
    """The pieces on all cores, as they end."""
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        yield from pool.imap_unordered(live, pieces)


def _settings(piece: Piece) -> settings:
    return settings(
        max_examples=piece.histories,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
