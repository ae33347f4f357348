"""Bugs planted in the log; each must be caught by the property that guards it."""

from collections.abc import Awaitable, Callable, Collection, Sequence

import pytest

from makegood.record import store as record_store
from makegood.record.log import store
from makegood.record.log.guard import (
    Restarted,
    RootAt,
    State,
    Trouble,
    require_signable,
)
from makegood.record.log.note import Verifier
from makegood.record.log.store import Taken
from makegood.record.log.tree import node_hash, verify_consistency, verify_inclusion
from makegood.store.database import Connection, Database
from tests.record.log.make_vectors import Vector, consistency_vectors, inclusion_vectors
from tests.record.log.rooms import MARKET, add_streams, stream_events
from tests.record.log.test_guard import ELSEWHERE, KEY, SOUND, here, note

Inclusion = Callable[[bytes, int, int, Sequence[bytes], bytes], bool]
Consistency = Callable[[int, bytes, int, bytes, Sequence[bytes]], bool]
Guard = Callable[[State, bytes | None, RootAt, Collection[Verifier], Restarted | None], None]
Take = Callable[[Connection], Awaitable[list[Taken]]]


def judges_inclusion_as_published(verify: Inclusion) -> None:
    """Property: the verdict on every public vector."""
    for one in inclusion_vectors():
        leaf, root = bytes.fromhex(one["leaf"]), bytes.fromhex(one["root"])
        judged = verify(leaf, one["index"], one["size"], _path(one), root)
        assert judged == one["good"], one["name"]


def judges_consistency_as_published(verify: Consistency) -> None:
    """Property: the verdict on every public vector."""
    for one in consistency_vectors():
        roots = bytes.fromhex(one["root1"]), bytes.fromhex(one["root2"])
        judged = verify(one["size1"], roots[0], one["size2"], roots[1], _path(one))
        assert judged == one["good"], one["name"]


def signs_nothing_after_a_rewind(guard: Guard) -> None:
    """Property: a database that was set back is not signed, nor one with another history."""
    for copy in (note(400, ELSEWHERE.root), note(280, ELSEWHERE.root)):
        with pytest.raises(Trouble):
            guard(SOUND, copy, here, [KEY.verifier], None)


async def takes_every_event(db: Database, take: Take, stream: str) -> None:
    """Property: an event whose transaction commits after later ones is taken as well."""
    late = stream_events(stream, 1)
    async with db.connection() as conn:
        async with db.transaction() as slow:
            await record_store.append(slow, late)
            quick = await add_streams(conn, 2)
            taken = await take(conn)
        taken += await take(conn)
    events = {(event.stream, event.version) for event in [*quick, *late]}
    assert {(one.stream, one.version) for one in taken} == events


def path_of_any_hashes(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """The bug: nobody asks whether the hashes are hashes, or whether the path is long enough."""
    node, last, found = index, size - 1, leaf
    for sibling in path:
        right = node & 1 or node == last
        found = node_hash(sibling, found) if right else node_hash(found, sibling)
        while right and node and not node & 1:
            node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    return found == root


def growth_without_the_old_root(
    size1: int, root1: bytes, size2: int, root2: bytes, path: Sequence[bytes]
) -> bool:
    """The bug: equal sizes are taken for equal trees."""
    same = size1 == size2 and not path
    return same or verify_consistency(size1, root1, size2, root2, path)


def guard_that_trusts_the_database(
    state: State,
    _copy: bytes | None,
    root_at: RootAt,
    keys: Collection[Verifier],
    restarted: Restarted | None,
) -> None:
    """The bug: the database is compared with itself only."""
    require_signable(state, state.note, root_at, keys, restarted)


class Watermark:
    """The bug: what is above the last number seen is new, and nothing else is."""

    def __init__(self) -> None:
        self._last = 0

    async def take(self, conn: Connection) -> list[Taken]:
        """Take everything above the mark."""
        rows = await conn.fetch(
            "select place, stream, version from log_pending where place > $1 order by place",
            self._last,
        )
        self._last = max((row["place"] for row in rows), default=self._last)
        return [Taken(row["stream"], row["version"], b"", SOUND_AT) for row in rows]


SOUND_AT = stream_events("AS-any", 1)[0].at


async def our_take(conn: Connection) -> list[Taken]:
    """As the sequencer does."""
    return await store.take_pending(conn, MARKET, 100)


def test_the_true_rules_hold() -> None:
    judges_inclusion_as_published(verify_inclusion)
    judges_consistency_as_published(verify_consistency)
    signs_nothing_after_a_rewind(require_signable)


@pytest.mark.parametrize(
    "planted",
    [
        lambda: judges_inclusion_as_published(path_of_any_hashes),
        lambda: judges_consistency_as_published(growth_without_the_old_root),
        lambda: signs_nothing_after_a_rewind(guard_that_trusts_the_database),
    ],
)
def test_a_planted_bug_is_caught(planted: Callable[[], None]) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        planted()


async def test_the_queue_is_emptied_and_a_watermark_is_caught(db: Database) -> None:
    await takes_every_event(db, our_take, "AS-slow-1")
    with pytest.raises(AssertionError):
        await takes_every_event(db, Watermark().take, "AS-slow-2")


def _path(one: Vector) -> list[bytes]:
    return [bytes.fromhex(spelled) for spelled in one["path"]]
