"""What others ask the log: an entry's place, its proof, and what became of a receipt."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from makegood.record.log import entry_store, store
from makegood.record.log.entry_store import Outage, Placed
from makegood.record.log.note import parse_note
from makegood.record.log.proof import TlogProof
from makegood.record.log.receipt import MERGE_WITHIN, parse_number
from makegood.record.log.statement import Restart, parse_restart
from makegood.record.log.tiles import TileId, reader_of, tile_of
from makegood.record.log.tree import (
    HashOf,
    Range,
    consistency_ranges,
    inclusion_ranges,
    prove,
    spans_of,
)
from makegood.store.database import Connection

ReceiptState = Literal["merged", "merged_late", "waiting", "late", "unknown"]


class ReceiptStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the promise in a receipt.

    `merged`: the signed log holds the entry. `merged_late`: it does, after the promised time.
    `waiting`: not yet, and the time is not up. `late`: not merged in time and not yet since.
    `unknown`: neither the log nor its queue has the entry: it was left out or lost.
    """

    state: ReceiptState
    entry: Placed | None = None
    """The entry as the log has it, when it has it."""
    outages: tuple[Outage, ...] = ()
    """What the operator states about the time between promise and merge."""
    restarts: tuple[Restart, ...] = ()
    """Signed statements, since then, that entries were lost and the log begun anew."""


async def receipt_status(
    conn: Connection, market_id: str, leaf_hash: bytes, at: datetime, now: datetime
) -> ReceiptStatus:
    """What became of the receipt of an entry that happened `at`."""
    due = at + MERGE_WITHIN
    placed = await entry_store.find_placed(conn, market_id, leaf_hash)
    state, until = _judged(placed, due, now)
    if state == "waiting" and placed is None:
        waits = await entry_store.is_waiting(conn, market_id, leaf_hash)
        state = "unknown" if not waits else "waiting" if now <= due else "late"
    if state in ("merged", "waiting"):
        return ReceiptStatus(state=state, entry=placed)
    outages = await entry_store.outages_between(conn, market_id, at, until)
    restarts = await _restarts_since(conn, market_id, at) if state == "unknown" else ()
    return ReceiptStatus(state=state, entry=placed, outages=tuple(outages), restarts=restarts)


async def _restarts_since(conn: Connection, market_id: str, at: datetime) -> tuple[Restart, ...]:
    statements = await store.load_restarts(conn, market_id)
    restarts = [parse_restart(parse_note(statement)) for statement in statements]
    return tuple(one for one in restarts if one.stated_at >= at)


def _judged(placed: Placed | None, due: datetime, now: datetime) -> tuple[ReceiptState, datetime]:
    """The state as far as the log tells it, and until when the outages matter."""
    if placed is None or placed.merged_at is None:
        return "waiting", now
    if placed.signed:
        return ("merged_late" if placed.merged_at > due else "merged"), placed.merged_at
    return ("waiting" if now <= due else "late"), now


async def find_by_number(conn: Connection, market_id: str, number: str) -> list[Placed]:
    """Entries behind a short number as people type it: none, one, or very rarely several.

    Entries that still wait for their place have an index of None.
    """
    start = parse_number(number)
    return [] if start is None else await entry_store.find_by_start(conn, market_id, start)


async def prove_entry(conn: Connection, market_id: str, idx: int) -> TlogProof | None:
    """The proof that an entry is in the newest signed checkpoint; None while it is not."""
    head = await store.load_head(conn, market_id)
    if head is None or head.note is None or idx >= head.signed_size:
        return None
    ranges = inclusion_ranges(idx, head.signed_size)
    return TlogProof(idx, await _path(conn, market_id, ranges), head.note)


async def prove_entry_at(
    conn: Connection, market_id: str, idx: int, note: bytes, size: int
) -> TlogProof:
    """The proof that an entry is in an older checkpoint of ours, a witnessed one for example."""
    return (await prove_entries_at(conn, market_id, [idx], note, size))[idx]


async def prove_entries_at(
    conn: Connection, market_id: str, indexes: Sequence[int], note: bytes, size: int
) -> dict[int, TlogProof]:
    """The same for many entries: their tiles, which are mostly the same ones, are read once."""
    ranges = {idx: inclusion_ranges(idx, size) for idx in indexes}
    needed = [leaves for one in ranges.values() for leaves in one]
    hash_of = await _reader(conn, market_id, needed)
    return {idx: TlogProof(idx, prove(hash_of, one), note) for idx, one in ranges.items()}


async def prove_consistency(
    conn: Connection, market_id: str, size1: int, size2: int
) -> list[bytes]:
    """The path from one size of the log to another."""
    return await _path(conn, market_id, consistency_ranges(size1, size2))


async def _path(conn: Connection, market_id: str, ranges: Sequence[Range]) -> list[bytes]:
    return prove(await _reader(conn, market_id, ranges), ranges)


async def _reader(conn: Connection, market_id: str, ranges: Sequence[Range]) -> HashOf:
    """Knows every hash that these ranges need."""
    wanted: set[TileId] = {tile_of(span) for leaves in ranges for span in spans_of(leaves)}
    return reader_of(await store.load_tiles(conn, market_id, wanted))
