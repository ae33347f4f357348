"""Verdicts from several processes: the engine's share of the work, where there are cores for it."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import Final

from makegood.policy.backtest.running import Ask, Verdicts, asking
from makegood.policy.backtest.vector import Vector
from makegood.policy.packfile import read_pack_file

WORTH_IT: Final = 200
"""Fewer new vectors than this are quicker asked here than sent."""

_ask_here: Ask | None = None


class Processes:
    """Asks in so many processes, which start with the first larger question. A context manager."""

    def __init__(self, draft: bytes, in_force: bytes | None, count: int) -> None:
        self._sources = (draft, in_force)
        self._count = count
        self._here = _asking(draft, in_force)
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def ask(self, vectors: Sequence[Vector]) -> list[Verdicts]:
        """Both packs' verdicts on every vector, in the given order."""
        if len(vectors) < WORTH_IT or self._count < 2:
            return self._here(vectors)
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._count,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_prepare,
                initargs=self._sources,
            )
        size = -(-len(vectors) // (self._count * 4))
        parts = [vectors[at : at + size] for at in range(0, len(vectors), size)]
        return [one for found in self._pool.map(_answer, parts) for one in found]


def _prepare(draft: bytes, in_force: bytes | None) -> None:
    """Each process compiles the packs once."""
    global _ask_here
    _ask_here = _asking(draft, in_force)


def _answer(vectors: Sequence[Vector]) -> list[Verdicts]:
    assert _ask_here is not None, "the process was prepared"
    return _ask_here(vectors)


def _asking(draft: bytes, in_force: bytes | None) -> Ask:
    return asking(read_pack_file(draft), None if in_force is None else read_pack_file(in_force))
