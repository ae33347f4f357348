"""What every place outside must keep, as a check to hold an adapter to; see docs/anchoring.md.

Run it in the adapter's own tests, against the real service or a program that stands for it::

    await check_contract(adapter, this, other, finish=mine_some_blocks)
"""

from collections.abc import Awaitable, Callable

from makegood.record.anchors.gateway import (
    Anchorer,
    AnchorRefused,
    AnchorUnavailable,
    Lost,
    Proof,
    Statement,
    Waiting,
)

MOST_LOOKS = 20
"""A place that is not final after so many looks, each with `finish` before it, never will be."""


async def _nothing() -> None:
    """Most places are final at once."""


async def check_contract(
    adapter: Anchorer,
    statement: Statement,
    other: Statement,
    finish: Callable[[], Awaitable[None]] = _nothing,
) -> Proof:
    """Anchor a statement and demand everything that is promised; answers the proof.

    `other` is a statement about another checkpoint of the same log. `finish` lets time pass at
    a place that is not final at once. Raises AssertionError with the sentence that is broken.
    """
    prepared = await adapter.prepare(statement)
    _demand(isinstance(prepared, bytes), "what was prepared is bytes, so that it can be kept")
    proof = await _final(adapter, statement, prepared, finish)
    again = await _final(adapter, statement, prepared, finish)
    for one in (proof, again):
        kept = adapter.verify(statement, prepared, one.data)
        _demand(kept.at == one.at, "a kept proof states the same time when it is checked again")
        _demand(kept.at.tzinfo is not None, "times are aware")
    _demand(
        _is_refused(adapter, other, prepared, proof.data),
        "a proof about one checkpoint is refused for another",
    )
    for damaged in (b"", proof.data[: len(proof.data) // 2]):
        _demand(_is_refused(adapter, statement, prepared, damaged), "a damaged proof is refused")
    return proof


async def check_silence(unreachable: Anchorer, statement: Statement) -> None:
    """An adapter whose place does not answer says AnchorUnavailable, so that it is tried again."""
    try:
        await unreachable.submit(statement, await unreachable.prepare(statement))
    except AnchorUnavailable:
        return
    raise AssertionError("silence is AnchorUnavailable")


async def _final(
    adapter: Anchorer,
    statement: Statement,
    prepared: bytes,
    finish: Callable[[], Awaitable[None]],
) -> Proof:
    for _ in range(MOST_LOOKS):
        match await adapter.submit(statement, prepared):
            case Proof() as proof:
                return proof
            case Waiting():
                await finish()
            case Lost(why=why):
                raise AssertionError(f"what was just prepared can still arrive ({why})")
    raise AssertionError("a submitted checkpoint becomes final")


def _is_refused(adapter: Anchorer, statement: Statement, prepared: bytes, data: bytes) -> bool:
    try:
        adapter.verify(statement, prepared, data)
    except AnchorRefused:
        return True
    return False


def _demand(holds: bool, sentence: str) -> None:
    if not holds:
        raise AssertionError(sentence)
