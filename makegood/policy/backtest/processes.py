"""Verdicts from several processes: the engine's share of the work, where there are cores for it."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import Final

import msgspec

from makegood.policy.backtest.running import Answers, Ask, Verdicts, asking
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

    def ask(self, vectors: Sequence[Vector]) -> Answers:
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
        size = -(-len(vectors) // self._count)
        parts = [_pack(vectors[at : at + size]) for at in range(0, len(vectors), size)]
        answers = [self._pool.submit(_answer, part) for part in parts]
        return lambda: [one for answer in answers for one in _unpack_answers(answer.result())]


# Bytes of our own between the processes: pickling so many small structs costs more than asking.
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[Vector]).decode
_unpack_answers = msgspec.msgpack.Decoder(list[Verdicts]).decode


def _prepare(draft: bytes, in_force: bytes | None) -> None:
    """Each process compiles the packs once."""
    global _ask_here
    _ask_here = _asking(draft, in_force)


def _answer(vectors: bytes) -> bytes:
    assert _ask_here is not None, "the process was prepared"
    return _pack(_ask_here(_unpack(vectors))())


def _asking(draft: bytes, in_force: bytes | None) -> Ask:
    return asking(read_pack_file(draft), None if in_force is None else read_pack_file(in_force))
