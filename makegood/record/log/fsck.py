"""The full check of a log: everything is derived again from the events and compared.

Events → leaf hashes → places → tiles → root → head → signed checkpoint → second place, and
every stream's own chain and commitments. One snapshot of the database is looked at, and the second
place as it was just before it, so the log may go on meanwhile.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import groupby
from typing import Final, Literal

import msgspec

from makegood.record import store as record_store
from makegood.record.chain import check_chain
from makegood.record.log import check_store, store
from makegood.record.log.check_store import PlacedEntry
from makegood.record.log.guard import State, Trouble, require_signable
from makegood.record.log.sequencer import LogRoom, stated_restart
from makegood.record.log.store import Head
from makegood.record.log.tiles import TILE_WIDTH, TileId, root_at
from makegood.record.log.tree import EMPTY_ROOT, leaf_hash, root_of
from makegood.record.rules import SealedEvent
from makegood.store.database import Connection

ProblemKind = Literal[
    "place_missing",
    "entry_beyond_head",
    "event_missing",
    "leaf_differs",
    "not_in_log",
    "queued_twice",
    "tile_missing",
    "tile_differs",
    "tile_beyond_head",
    "root_differs",
    "not_signable",
    "stream_differs",
]
MOST_PROBLEMS: Final = 1000
_TILES_AT_ONCE: Final = 16
_EVENTS_AT_ONCE: Final = 1000


class LogProblem(msgspec.Struct, frozen=True):
    """Something that does not match: what, where, and a word more."""

    kind: ProblemKind
    place: str
    """`entry 17`, `tile 0/3`, `event AS-261121-7K3QFX/4`, `head`."""
    detail: str = ""


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a full check found."""

    size: int
    seconds: float
    problems: tuple[LogProblem, ...]


class Derived(msgspec.Struct, frozen=True):
    """A tree derived again from the entries: its root and all its tiles."""

    root: bytes
    tiles: dict[TileId, bytes]


def upper_tiles(full: list[bytes]) -> dict[TileId, bytes]:
    """All tiles above level 0, from the roots of the full tiles there."""
    tiles: dict[TileId, bytes] = {}
    level = 1
    while full:
        groups = [full[at : at + TILE_WIDTH] for at in range(0, len(full), TILE_WIDTH)]
        tiles |= {TileId(level, n): b"".join(group) for n, group in enumerate(groups)}
        full = [root_of(group) for group in groups if len(group) == TILE_WIDTH]
        level += 1
    return tiles


async def check_log(room: LogRoom, market_id: str) -> CheckReport | None:
    """Check one market's log and remember the result; None when it has no log yet."""
    began = time.monotonic()
    # The second place never runs ahead of what is committed: seen first, it fits the snapshot.
    # Seen last, a log that went on during the check would look as if it had been set back.
    seen = see_copy(room, market_id)
    async with room.db.transaction() as tx:
        await tx.execute("set transaction isolation level repeatable read, read only")
        head = await store.load_head(tx, market_id)
        if head is None:
            return None
        problems = await find_problems(room, tx, head, seen or see_copy(room, market_id))
    report = CheckReport(
        size=head.size, seconds=round(time.monotonic() - began, 3), problems=tuple(problems)
    )
    async with room.db.connection() as conn:
        await check_store.keep_report(conn, market_id, report, room.clock.now())
    return report


def see_copy(room: LogRoom, market_id: str) -> bytes | Trouble | None:
    """What the second place holds, or why it cannot be said."""
    try:
        return room.second.peek(market_id)
    except Trouble as trouble:
        return trouble


async def find_problems(
    room: LogRoom, tx: Connection, head: Head, seen: bytes | Trouble | None
) -> list[LogProblem]:
    """Everything that does not match, as this transaction sees the log; at most a thousand.

    `seen` is what `see_copy` gave before the transaction began to look.
    """
    problems: list[LogProblem] = []
    async for problem in _all_problems(room, tx, head, seen):
        problems.append(problem)
        if len(problems) == MOST_PROBLEMS:
            break
    return problems


async def derive(
    conn: Connection, market_id: str, size: int, problems: list[LogProblem]
) -> Derived:
    """The tree that the events themselves give, with a problem for every entry that differs."""
    tiles: dict[TileId, bytes] = {}
    full: list[bytes] = []
    step = _TILES_AT_ONCE * TILE_WIDTH
    for first in range(0, size, step):
        entries = await check_store.placed_entries(conn, market_id, first, min(first + step, size))
        fresh = list(_leaves(first, min(first + step, size), entries, problems))
        for at in range(0, len(fresh), TILE_WIDTH):
            some = fresh[at : at + TILE_WIDTH]
            tiles[TileId(0, (first + at) // TILE_WIDTH)] = b"".join(some)
            full += [root_of(some)] if len(some) == TILE_WIDTH else []
    tiles |= upper_tiles(full)
    return Derived(root_at(tiles, size) if size else EMPTY_ROOT, tiles)


async def _all_problems(
    room: LogRoom, tx: Connection, head: Head, seen: bytes | Trouble | None
) -> AsyncIterator[LogProblem]:
    problems: list[LogProblem] = []
    derived = await derive(tx, head.market_id, head.size, problems)
    for problem in problems:
        yield problem
    for idx in await check_store.places_beyond(tx, head.market_id, head.size):
        yield LogProblem("entry_beyond_head", f"entry {idx}")
    for stream, version in await check_store.events_outside(tx, head.market_id, MOST_PROBLEMS):
        yield LogProblem("not_in_log", f"event {stream}/{version}")
    for stream, version in await check_store.queued_twice(tx, head.market_id, MOST_PROBLEMS):
        yield LogProblem("queued_twice", f"event {stream}/{version}")
    async for problem in _tile_problems(tx, head, derived):
        yield problem
    if derived.root != head.root:
        yield LogProblem("root_differs", "head", "the entries lead to another root")
    async for problem in _head_problems(room, tx, head, derived, seen):
        yield problem
    async for problem in _stream_problems(tx, head.market_id):
        yield problem


def _leaves(
    first: int, end: int, entries: Sequence[PlacedEntry], problems: list[LogProblem]
) -> Iterator[bytes]:
    """The leaf hashes of a range, from the entries themselves; a missing one is a zero."""
    known = {one.idx: one for one in entries}
    for idx in range(first, end):
        one = known.get(idx)
        place = f"entry {idx}"
        if one is None:
            problems.append(LogProblem("place_missing", place))
            yield bytes(32)
        elif one.entry is None:
            problems.append(LogProblem("event_missing", place, f"{one.stream}/{one.version}"))
            yield one.leaf_hash
        else:
            found = leaf_hash(one.entry)
            if found != one.leaf_hash:
                problems.append(LogProblem("leaf_differs", place, f"{one.stream}/{one.version}"))
            yield found


async def _tile_problems(tx: Connection, head: Head, derived: Derived) -> AsyncIterator[LogProblem]:
    wanted = sorted(derived.tiles)
    for at in range(0, len(wanted), _TILES_AT_ONCE * TILE_WIDTH):
        some = wanted[at : at + _TILES_AT_ONCE * TILE_WIDTH]
        stored = await store.load_tiles(tx, head.market_id, some)
        for tile in some:
            place = f"tile {tile.level}/{tile.n}"
            if tile not in stored:
                yield LogProblem("tile_missing", place)
            elif stored[tile] != derived.tiles[tile]:
                yield LogProblem("tile_differs", place)
    for tile in await check_store.tile_ids(tx, head.market_id):
        if tile not in derived.tiles:
            yield LogProblem("tile_beyond_head", f"tile {tile.level}/{tile.n}")


async def _head_problems(
    room: LogRoom, tx: Connection, head: Head, derived: Derived, seen: bytes | Trouble | None
) -> AsyncIterator[LogProblem]:
    """What the signer would say, with the tree that the entries give."""
    state = State(
        origin=head.origin,
        size=head.size,
        root=head.root,
        signed_size=head.signed_size,
        note=head.note,
    )
    try:
        if isinstance(seen, Trouble):
            raise seen
        keys = room.keys.open(head.market_id, head.origin)
        restart = await stated_restart(tx, head, keys.verifiers)
        require_signable(
            state,
            seen,
            lambda size: root_at(derived.tiles, size),
            keys.verifiers,
            restart.restarted if restart else None,
        )
    except Trouble as trouble:
        yield LogProblem("not_signable", "head", trouble.kind)


async def _stream_problems(tx: Connection, market_id: str) -> AsyncIterator[LogProblem]:
    """Chains and commitments of every stream, read in pages."""
    kept: list[SealedEvent] = []
    place = ("", 0)
    while page := await record_store.load_page(tx, market_id, *place, _EVENTS_AT_ONCE):
        place = (page[-1].stream, page[-1].version)
        events = kept + page
        # The last stream of a page may go on in the next one.
        kept = [event for event in events if event.stream == place[0]]
        whole = events[: len(events) - len(kept)]
        for problem in await asyncio.to_thread(_check_streams, whole):
            yield problem
    for problem in _check_streams(kept):
        yield problem


def _check_streams(events: Sequence[SealedEvent]) -> list[LogProblem]:
    return [
        LogProblem(
            "stream_differs",
            f"event {stream}/{problem.version}",
            f"{problem.kind} {problem.field}".rstrip(),
        )
        for stream, own in groupby(events, key=lambda event: event.stream)
        for problem in check_chain(list(own))
    ]
