"""The one sequencer of a log: gives waiting events their places, then signs the checkpoint.

Two steps, each one transaction. `sequence` takes what waits, gives it its places, grows the
tiles and the head. `sign` compares the stored tree with everything that was signed before,
writes the new checkpoint to the second place, and only then into the database. So nothing is
signed that the second place does not hold, and after a crash at any point the next round goes
on: places that were given are never given again.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
import structlog

from makegood.base.time import Clock
from makegood.record.log import store
from makegood.record.log.checkpoint import Checkpoint
from makegood.record.log.guard import State, Trouble, require_signable
from makegood.record.log.keyring import KeyBook, LogKeys
from makegood.record.log.note import Verifier, sign_note
from makegood.record.log.places import Remembered, SecondPlace
from makegood.record.log.statement import Restart, verify_restart
from makegood.record.log.store import Head
from makegood.record.log.strict import Malformed
from makegood.record.log.tiles import TileId, edge_tiles, grow, root_at
from makegood.store.database import Connection, Database

BATCH: Final = 5000
ROUNDS_AT_ONCE: Final = 20
"""A long history is entered in many batches; other work of the process gets its turn between."""
DEMO_PREFIX: Final = "demo.makegood.invalid/"
"""Origins of invented history: no name below `.invalid` can ever be a real site (RFC 2606)."""
SIMULATED_DELAY: Final = timedelta(seconds=1)

log = structlog.get_logger("makegood.log")


class LogRoom(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the sequencer needs, built by `bootstrap`."""

    db: Database
    clock: Clock
    keys: KeyBook
    second: SecondPlace
    published: Path
    """Where the static files of all logs are."""
    origin_of: Callable[[str], str]
    """The origin of a market's log, asked once, before its first entry."""
    sign_every: timedelta = timedelta()
    """How long a checkpoint stands at least: each one waits for a disk twice."""
    demo: bool = False
    """Invented history: an origin below `DEMO_PREFIX`, merged when it is said to have happened."""


async def run_rounds(room: LogRoom) -> int:
    """One round for every market; how many entries were added. Any number of processes may."""
    async with room.db.connection() as conn:
        markets = await store.markets_with_work(conn)
    return sum([await run_round(room, market_id) for market_id in markets])


async def run_round(room: LogRoom, market_id: str) -> int:
    """Enter what waits in one market's log, and sign; how many entries were added."""
    added = 0
    try:
        for _ in range(ROUNDS_AT_ONCE):
            count = await sequence(room, market_id)
            added += count
            if count < BATCH:
                break
        await sign(room, market_id)
    except Trouble as trouble:
        await _say(room, market_id, trouble)
    return added


async def sequence(room: LogRoom, market_id: str) -> int:
    """Give waiting events their places: one transaction. Raises Trouble; then all still wait."""
    async with room.db.connection() as conn:
        head = await store.load_head(conn, market_id)
        if head is not None and not await store.has_pending(conn, market_id):
            return 0
        if head is None:
            await _found(room, conn, market_id)
    async with room.db.transaction() as tx:
        head = await store.lock_head(tx, market_id)
        if head is None:
            return 0
        await require_continued(room, tx, head, room.second.peek(market_id))
        taken = await store.take_pending(tx, market_id, BATCH)
        if taken:
            await _enter(room, tx, head, taken)
        return len(taken)


async def sign(room: LogRoom, market_id: str) -> None:
    """Sign the newest checkpoint unless it is signed already. Raises Trouble."""
    async with room.db.connection() as conn:
        head = await store.load_head(conn, market_id)
    if head is None or (head.size == 0 and head.epoch == 1) or _is_settled(room, head):
        return
    if head.trouble is None and _is_fresh(room, head):
        return
    async with room.db.transaction() as tx:
        head = await store.lock_head(tx, market_id)
        if head is None:
            return
        with room.second.held(market_id) as remembered:
            await _sign_held(room, tx, head, remembered)


async def load_roots(conn: Connection, market_id: str, *sizes: int) -> Callable[[int], bytes]:
    """Roots of the first so many entries, from stored tiles, for these sizes."""
    wanted: set[TileId] = set()
    for size in sizes:
        wanted |= edge_tiles(size).keys()
    tiles = await store.load_tiles(conn, market_id, wanted)
    return lambda size: root_at(tiles, size)


async def stated_restart(
    conn: Connection, head: Head, keys: tuple[Verifier, ...]
) -> Restart | None:
    """The signed statement with which the head's epoch began. Raises Trouble when it is forged."""
    if head.epoch == 1:
        return None
    statement = await store.load_restart(conn, head.market_id, head.epoch)
    try:
        if statement is None:
            raise Malformed("statement")
        restart = verify_restart(statement, keys)
        if (restart.origin, restart.epoch) != (head.origin, head.epoch):
            raise Malformed("statement")
    except Malformed as wrong:
        raise Trouble("head_changed") from wrong
    return restart


async def _found(room: LogRoom, conn: Connection, market_id: str) -> None:
    """The first round of a log: its origin and its key come to be."""
    origin = room.origin_of(market_id)
    room.keys.ensure(market_id, origin)
    await store.create_head(conn, market_id, origin)
    log.info("a log begins", market=market_id, origin=origin)


async def _enter(room: LogRoom, tx: Connection, head: Head, taken: list[store.Taken]) -> None:
    edge = await store.load_tiles(tx, head.market_id, edge_tiles(head.size).keys())
    try:
        grown = grow(edge, head.size, [one.leaf_hash for one in taken])
    except Malformed as wrong:
        raise Trouble("tiles_changed") from wrong
    now = _log_time(room, head)
    merged = [_merge_time(room, one.at, now) for one in taken]
    try:
        await store.add_entries(tx, head.market_id, head.size, taken, merged)
    except asyncpg.UniqueViolationError as wrong:
        # Somebody else's row stands where the head says that nothing is.
        raise Trouble("head_changed") from wrong
    await store.put_tiles(tx, head.market_id, grown.tiles)
    await store.grow_head(tx, head.market_id, grown.size, grown.root)


async def _sign_held(room: LogRoom, tx: Connection, head: Head, remembered: Remembered) -> None:
    keys = await require_continued(room, tx, head, remembered.read())
    if head.note is not None and head.signed_size == head.size:
        if remembered.read() != head.note:
            remembered.write(head.note)
        await store.clear_trouble(tx, head.market_id)
        return
    text = bytes(Checkpoint(head.origin, head.size, head.root))
    note = bytes(sign_note(text, keys.active))
    await asyncio.to_thread(remembered.write, note)
    await store.put_note(tx, head.market_id, head.size, note, _log_time(room, head))


async def require_continued(
    room: LogRoom, tx: Connection, head: Head, copy: bytes | None
) -> LogKeys:
    """Everything that must hold before the log may go on; raises Trouble."""
    if head.origin.startswith(DEMO_PREFIX) != room.demo:
        raise Trouble("demo_origin")
    keys = room.keys.open(head.market_id, head.origin)
    restart = await stated_restart(tx, head, keys.verifiers)
    state = State(
        origin=head.origin,
        size=head.size,
        root=head.root,
        signed_size=head.signed_size,
        note=head.note,
    )
    sizes = {head.size, head.signed_size, _size_in(copy), restart.new.size if restart else 0}
    roots = await load_roots(tx, head.market_id, *(size for size in sizes if size <= head.size))
    require_signable(state, copy, roots, keys.verifiers, restart.restarted if restart else None)
    return keys


def _is_settled(room: LogRoom, head: Head) -> bool:
    """Whether nothing is left to do: signed to the end, and remembered just so."""
    if head.trouble is not None or head.note is None or head.signed_size != head.size:
        return False
    return room.second.peek(head.market_id) == head.note


def _is_fresh(room: LogRoom, head: Head) -> bool:
    """Whether the last checkpoint is too young for the next one."""
    if head.note is None or head.signed_at is None:
        return False
    age = room.clock.now() - head.signed_at
    return timedelta() <= age < room.sign_every


def _log_time(room: LogRoom, head: Head) -> datetime:
    """The present; a clock that was set back does not set the log's own time back."""
    now = room.clock.now()
    return now if head.signed_at is None else max(now, head.signed_at)


def _merge_time(room: LogRoom, at: datetime, now: datetime) -> datetime:
    """The present; for invented history a moment after the event, on its own clock."""
    return min(at + SIMULATED_DELAY, now) if room.demo else now


def _size_in(note: bytes | None) -> int:
    """The size that a note claims, so that its tiles are at hand when the note is checked."""
    lines = (note or b"").split(b"\n", 2)
    return int(lines[1]) if len(lines) > 1 and lines[1].isdigit() and len(lines[1]) < 19 else 0


async def _say(room: LogRoom, market_id: str, trouble: Trouble) -> None:
    async with room.db.connection() as conn:
        news = await store.note_trouble(conn, market_id, trouble.kind, room.clock.now())
    if news:
        log.error("the log is not signed", market=market_id, kind=trouble.kind, advice=str(trouble))
