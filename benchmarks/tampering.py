"""What a database superuser can do to the record: every case by name, for tests and benches.

Each case changes a database with a log of a few hundred entries behind the back of its
triggers. The check of the log must name every one of them.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from makegood.store.database import Connection

Case: TypeAlias = Callable[[Connection, str], Awaitable[None]]
"""Tampers with the log of a market."""


RECORD_TABLES: Final = (
    "event",
    "log_pending",
    "log_entry",
    "log_tile",
    "log_head",
    "log_restart",
)


async def tamper(conn: Connection, market_id: str, name: str) -> None:
    """Carry out one case with triggers and foreign keys switched off; needs a superuser."""
    async with conn.transaction():
        await conn.execute("set local session_replication_role = replica")
        await CASES[name](conn, market_id)


async def back_up(conn: Connection) -> None:
    """Keep the whole record as it is now, as a backup of the database would."""
    await conn.execute("drop schema if exists backup cascade; create schema backup")
    for table in RECORD_TABLES:
        await conn.execute(f"create table backup.{table} as table {table}")


async def restore(conn: Connection) -> None:
    """Set the whole record back to what `back_up` kept."""
    async with conn.transaction():
        await conn.execute("set local session_replication_role = replica")
        for table in RECORD_TABLES:
            await conn.execute(f"delete from {table}")
            await conn.execute(
                f"insert into {table} overriding system value select * from backup.{table}"
            )


def _statement(sql: str) -> Case:
    """A case that is one statement; `$1` is the market, `{last}` its last signed place."""

    async def case(conn: Connection, market_id: str) -> None:
        await conn.execute(sql, market_id)

    return case


async def _swap_places(conn: Connection, market_id: str) -> None:
    for old, new in ((2, 1_000_000), (9, 2), (1_000_000, 9)):
        await conn.execute(
            "update log_entry set idx = $3 where market_id = $1 and idx = $2", market_id, old, new
        )


_STREAM: Final = "(select stream from log_entry where market_id = $1 and idx = 5)"

CASES: Final[dict[str, Case]] = {
    "edit an event's private value": _statement(
        "update event set body = overlay(body placing '\\x58'::bytea from 12 for 1) "
        f"where market_id = $1 and stream = {_STREAM} and version = 1"
    ),
    "edit an event's public entry": _statement(
        "update event set entry = set_byte(entry, 40, get_byte(entry, 40) # 1) "
        f"where market_id = $1 and stream = {_STREAM} and version = 1"
    ),
    "edit an entry and its hash together": _statement(
        "update event set entry = set_byte(entry, 40, get_byte(entry, 40) # 1), "
        "entry_hash = sha256('\\x00'::bytea || set_byte(entry, 40, get_byte(entry, 40) # 1)) "
        f"where market_id = $1 and stream = {_STREAM} and version = 1"
    ),
    "edit an entry, its hash and its leaf together": _statement(
        "with changed as (update event set "
        "entry = set_byte(entry, 40, get_byte(entry, 40) # 1), "
        "entry_hash = sha256('\\x00'::bytea || set_byte(entry, 40, get_byte(entry, 40) # 1)) "
        f"where market_id = $1 and stream = {_STREAM} and version = 1 "
        "returning stream, version, entry_hash) "
        "update log_entry l set leaf_hash = c.entry_hash from changed c "
        "where l.market_id = $1 and l.stream = c.stream and l.version = c.version"
    ),
    "edit when an event happened": _statement(
        "update event set at = at + interval '1 day' "
        f"where market_id = $1 and stream = {_STREAM} and version = 1"
    ),
    "edit who acted": _statement(
        "update event set actor_id = 'somebody-else' "
        f"where market_id = $1 and stream = {_STREAM} and version = 1"
    ),
    "edit a leaf hash": _statement(
        "update log_entry set leaf_hash = set_byte(leaf_hash, 0, get_byte(leaf_hash, 0) # 1) "
        "where market_id = $1 and idx = 3"
    ),
    "delete an event": _statement(
        f"delete from event where market_id = $1 and stream = {_STREAM} and version = 1"
    ),
    "delete a whole stream": _statement(
        f"with gone as (delete from event where market_id = $1 and stream = {_STREAM}) "
        f"delete from log_entry where market_id = $1 and stream = {_STREAM}"
    ),
    "delete the newest events with their places": _statement(
        "with gone as (delete from log_entry where market_id = $1 and idx >= "
        "(select size - 3 from log_head where market_id = $1) returning stream, version) "
        "delete from event e using gone g where e.market_id = $1 and e.stream = g.stream "
        "and e.version = g.version"
    ),
    "delete a place": _statement("delete from log_entry where market_id = $1 and idx = 7"),
    "insert an event past the queue": _statement(
        "insert into event (market_id, stream, version, pseudonym, name, schema_version, at, "
        "actor_role, actor_id, body, entry, entry_hash, event_key) "
        "select market_id, 'AS-forged', 1, pseudonym, name, schema_version, at, actor_role, "
        "actor_id, body, entry, entry_hash, event_key from event "
        f"where market_id = $1 and stream = {_STREAM} and version = 1"
    ),
    "insert a place beyond the head": _statement(
        "insert into log_entry select market_id, idx + 1000000, 'AS-forged', 1, leaf_hash, "
        "merged_at from log_entry where market_id = $1 and idx = 0"
    ),
    "insert a place right behind the head": _statement(
        "insert into log_entry select l.market_id, h.size, 'AS-forged', 1, l.leaf_hash, "
        "l.merged_at from log_entry l join log_head h using (market_id) "
        "where l.market_id = $1 and l.idx = 0"
    ),
    "swap two places": _swap_places,
    "swap two hashes in a tile": _statement(
        "update log_tile set hashes = substring(hashes from 33 for 32) "
        "|| substring(hashes from 1 for 32) || substring(hashes from 65) "
        "where market_id = $1 and level = 0 and n = 0"
    ),
    "edit a full tile": _statement(
        "update log_tile set hashes = set_byte(hashes, 100, get_byte(hashes, 100) # 1) "
        "where market_id = $1 and level = 0 and n = 0"
    ),
    "edit the tile above": _statement(
        "update log_tile set hashes = set_byte(hashes, 1, get_byte(hashes, 1) # 1) "
        "where market_id = $1 and level = 1 and n = 0"
    ),
    "widen the last tile": _statement(
        "update log_tile set hashes = hashes || substring(hashes from 1 for 32) "
        "where market_id = $1 and level = 0 and length(hashes) < 8192"
    ),
    "delete a tile": _statement(
        "delete from log_tile where market_id = $1 and level = 0 and n = 0"
    ),
    "add a tile beyond the head": _statement(
        "insert into log_tile select market_id, level, n + 1000, hashes from log_tile "
        "where market_id = $1 and level = 0 and n = 0"
    ),
    "edit the head's root": _statement(
        "update log_head set root = set_byte(root, 0, get_byte(root, 0) # 1) where market_id = $1"
    ),
    "edit the signed checkpoint": _statement(
        "update log_head set note = set_byte(note, 20, get_byte(note, 20) # 1) where market_id = $1"
    ),
    "forget that anything was signed": _statement(
        "update log_head set note = null, signed_at = null, signed_size = 0, size = 0, "
        "root = sha256(''::bytea) where market_id = $1"
    ),
    "pretend another epoch": _statement(
        "update log_head set epoch = 2, note = null, signed_at = null, signed_size = 0 "
        "where market_id = $1"
    ),
    "queue an event again": _statement(
        "insert into log_pending (market_id, stream, version) "
        "select market_id, stream, version from log_entry where market_id = $1 and idx = 4"
    ),
}
"""Every case; a name says what is done."""
