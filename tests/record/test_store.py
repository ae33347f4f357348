"""The event table keeps what was appended, in order, and lets nobody change it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from makegood.base.actor import Act, Actor
from makegood.record import rules, store
from makegood.record.actions import Erasure, erase_fields
from makegood.record.chain import check_chain
from makegood.record.rules import NewEvent, SealedEvent, StreamHead, head_after, seal
from makegood.store.database import Database
from tests.record.histories import AT, BUYER, HEAD, history, key

STREAM = HEAD.stream
OPERATOR = Act("main", Actor(role="operator", id="o-1"), AT + timedelta(days=9))
TEXT = {1: Erasure(names=["text"])}


class CountingIds:
    """Ids that count, for tests."""

    def claim_no(self, now: object) -> str:
        return STREAM

    def uuid(self) -> str:
        return "00000000-0000-0000-0000-000000000001"

    def secret(self, size: int = 32) -> bytes:
        return key(1000)[:size]


async def appended(db: Database, events: Sequence[SealedEvent]) -> None:
    async with db.transaction() as tx:
        await store.append(tx, events)


async def loaded(db: Database, since: int = 0) -> list[SealedEvent]:
    async with db.connection() as conn:
        return await store.load_since(conn, "main", STREAM, since)


async def test_what_was_appended_is_loaded_in_order_and_intact(db: Database) -> None:
    events = history({"text": "a"}, {"text": "b", "units": [1, 2]}, {"text": None})
    await appended(db, events)
    assert await loaded(db) == events
    assert check_chain(await loaded(db)) == []
    assert await loaded(db, since=2) == events[2:]


async def test_the_head_is_where_the_next_event_goes(db: Database) -> None:
    await appended(db, history({"text": "a"}, {"text": "b"}))
    async with db.connection() as conn:
        head = await store.load_head(conn, "main", STREAM)
        nothing = await store.load_head(conn, "other", STREAM)
    assert head == head_after(history({"text": "a"}, {"text": "b"})[1])
    assert nothing is None


async def test_a_writer_who_was_outrun_is_told(db: Database) -> None:
    await appended(db, history({"text": "a"}))
    with pytest.raises(store.StaleStream) as refused:
        await appended(db, history({"text": "other"}))
    assert refused.value.code == "stale_version"


async def test_of_a_hundred_writers_at_once_one_wins(db: Database) -> None:
    rivals = [history({"text": f"writer {number}"}) for number in range(100)]
    outcomes = await asyncio.gather(*(appended(db, one) for one in rivals), return_exceptions=True)
    assert [type(o) for o in outcomes].count(store.StaleStream) == 99
    assert len(await loaded(db)) == 1


async def test_events_of_many_streams_go_in_one_larger_statement(db: Database) -> None:
    other = StreamHead(market_id="main", stream="AS-2", pseudonym=bytes(16))
    events = [
        *history({"text": "a"}, {"text": "b"}),
        *seal(other, [NewEvent("x", 1, {})], [key(7)], AT, BUYER),
    ]
    async with db.transaction() as tx:
        count = await tx.fetchval(
            f"with added as ({store.append_sql(2)} returning version) "
            "select count(version) + $1::int from added",
            10,
            *store.append_arguments(events),
        )
    assert count == 13


@pytest.mark.parametrize(
    "change",
    [
        "update event set body = ''",
        "update event set entry_hash = entry, event_key = null, erased_at = now()",
        "update event set actor_id = 'x', event_key = null, erased_at = now()",
        "update event set version = 9, event_key = null, erased_at = now()",
        "delete from event",
        "truncate event",
    ],
)
async def test_the_database_refuses_every_other_change(db: Database, change: str) -> None:
    await appended(db, history({"text": "a"}))
    async with db.connection() as conn:
        with pytest.raises((asyncpg.RestrictViolationError, asyncpg.CheckViolationError)):
            await conn.execute(change)
    assert await loaded(db) == history({"text": "a"})


async def test_erased_fields_leave_no_byte_in_the_table_and_the_chain_intact(db: Database) -> None:
    await appended(db, history({"text": "call 13800000000", "amount_minor": 5}, {"text": "b"}))
    async with db.transaction() as tx:
        fields = {1: Erasure(names=["text", "actor_id"])}
        await erase_fields(tx, OPERATOR, STREAM, fields, "person_asked", CountingIds())
    events = await loaded(db)
    async with db.connection() as conn:
        rows = await conn.fetch("select event::text as text from event")
    assert not any(b"13800000000".hex() in row["text"] for row in rows)
    assert events[0].fields() == {"amount_minor": 5, "text": {"type": "erased"}}
    assert (events[0].actor_id, events[0].event_key) == (None, None)
    assert events[2].fields() == {
        "erased": {"1": ["actor_id", "text"]},
        "reason": "person_asked",
    }
    assert check_chain(events) == []


async def test_the_same_erasure_twice_is_recorded_once(db: Database) -> None:
    await appended(db, history({"text": "a"}))
    for _ in range(2):
        async with db.transaction() as tx:
            await erase_fields(tx, OPERATOR, STREAM, TEXT, "asked", CountingIds())
    assert [event.name for event in await loaded(db)] == ["message_sent", "fields_erased"]


async def test_a_later_erasure_adds_to_the_first(db: Database) -> None:
    await appended(db, history({"text": "a", "phone": "1"}))
    for names in (["text"], ["text", "phone"]):
        async with db.transaction() as tx:
            await erase_fields(
                tx, OPERATOR, STREAM, {1: Erasure(names=names)}, "asked", CountingIds()
            )
    events = await loaded(db)
    assert [event.fields().get("erased") for event in events[1:]] == [
        {"1": ["text"]},
        {"1": ["phone"]},
    ]
    assert check_chain(events) == []


async def test_what_is_left_of_an_erased_field_is_committed_to_by_the_erasure(
    db: Database,
) -> None:
    await appended(db, history({"ruling": {"amount_minor": 5, "why": "call 13800000000"}}))
    left = {"ruling": {"amount_minor": 5, "why": ""}}
    async with db.transaction() as tx:
        part = {1: Erasure(names=["ruling"], left=left)}
        await erase_fields(tx, OPERATOR, STREAM, part, "asked", CountingIds())
    events = await loaded(db)
    assert events[0].fields() == left
    assert events[1].fields()["left"] == {"1": left}
    assert check_chain(events) == []
    forged = msgspec.structs.replace(events[0], body=b'{"ruling":{"amount_minor":9,"why":""}}')
    assert [p.kind for p in check_chain([forged, events[1]])] == ["private_field_differs"]


async def test_more_may_be_taken_from_what_an_erasure_left(db: Database) -> None:
    await appended(db, history({"ruling": {"by": "Xu", "why": "call 138"}, "text": "a"}))
    for left in ({"by": "Xu", "why": ""}, {"by": "", "why": ""}):
        async with db.transaction() as tx:
            part = {1: Erasure(names=["ruling"], left={"ruling": left})}
            await erase_fields(tx, OPERATOR, STREAM, part, "asked", CountingIds())
    events = await loaded(db)
    assert events[0].fields()["ruling"] == {"by": "", "why": ""}
    assert events[1].fields()["left"] == {"type": "erased"}
    assert events[2].fields()["left"] == {"1": {"ruling": {"by": "", "why": ""}}}
    assert check_chain(events) == []


def test_the_statement_takes_as_many_arrays_as_it_has_columns() -> None:
    arguments = store.append_arguments(history({"text": "a"}, {"text": "b"}))
    assert len(arguments) == len(store.COLUMN_TYPES) == 13
    assert all(len(column) == 2 for column in arguments)
    assert rules.head_after(history({"text": "a"})[0]).version == 1
