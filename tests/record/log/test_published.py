"""The published files are the log: anyone may copy them and check every byte offline."""

import shutil
from pathlib import Path

import pytest

from benchmarks.tampering import back_up, restore
from makegood.base.actor import SYSTEM, Act
from makegood.record.log import store
from makegood.record.log.actions import LOG_STREAM, add_key, restart_log, retire_key
from makegood.record.log.keyring import FileKeyBook
from makegood.record.log.note import (
    COSIGNATURE_V1,
    Ed25519Signer,
    cosign,
    parse_note,
    signed_by,
)
from makegood.record.log.offline import verify_folder
from makegood.record.log.policy import parse_policy, policy_of
from makegood.record.log.publish import changed_tiles, expected_paths, publish
from makegood.record.log.sequencer import LogRoom, run_rounds
from makegood.record.log.store import Head
from makegood.record.log.strict import Malformed
from makegood.record.log.tiles import all_tiles
from makegood.sources import SystemIds
from makegood.store.database import Connection, Database
from tests.record.log.rooms import MARKET, ORIGIN, add_streams, log_room


async def published(room: LogRoom, *sizes: int) -> Path:
    """Add streams, let the log run, and bring the files up to date; where they are."""
    async with room.db.connection() as conn:
        await add_streams(conn, *sizes)
    await run_rounds(room)
    keys = room.keys.open(MARKET, ORIGIN)
    await publish(room.db, room.published, MARKET, keys.verifiers)
    return room.published / MARKET


def faults(room: LogRoom, folder: Path) -> tuple[str, ...]:
    """What the offline check finds, with the log's own keys."""
    return verify_folder(folder, policy_of(*room.keys.open(MARKET, ORIGIN).verifiers)).faults


def test_exactly_the_tiles_that_grew_are_written_again() -> None:
    for before, size in ((0, 1), (0, 70_000), (255, 256), (256, 257), (300, 300), (65_535, 65_537)):
        known = dict(all_tiles(before))
        grown = {tile: width for tile, width in all_tiles(size) if known.get(tile) != width}
        assert dict(changed_tiles(before, size)) == grown


async def test_the_files_hold_the_whole_log_at_every_checkpoint(
    db: Database, tmp_path: Path
) -> None:
    room = log_room(db, tmp_path)
    folder, size = room.published / MARKET, 0
    for sizes in ((3, 2), (250,), (1,), (1,), (300,)):
        await published(room, *sizes)
        size += sum(sizes)
        assert faults(room, folder) == ()
        for path in expected_paths(size):
            assert (folder / path).is_file(), path
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    kept = {name for name in names if "tile/0/000" in name or "tile/entries/000" in name}
    assert kept == {"tile/0/000", "tile/entries/000"}, "full tiles replace partial ones"
    assert (folder / "keys").read_text() == f"{room.keys.open(MARKET, ORIGIN).verifiers[0]}\n"


async def test_every_damaged_file_is_found_offline(db: Database, tmp_path: Path) -> None:
    room = log_room(db, tmp_path)
    folder = await published(room, 300, 5)
    found = {}
    for path in expected_paths(305):
        copy = tmp_path / "copied"
        shutil.copytree(folder, copy)
        content = bytearray((copy / path).read_bytes())
        content[len(content) // 2] ^= 1
        (copy / path).write_bytes(content)
        found[path] = _judged(room, copy)
        (copy / path).unlink()
        found[f"no {path}"] = _judged(room, copy)
        shutil.rmtree(copy)
    assert [path for path, words in found.items() if not words] == []


def _judged(room: LogRoom, folder: Path) -> str:
    try:
        return " ".join(faults(room, folder))
    except Malformed as wrong:
        return wrong.reason


async def test_files_of_a_log_that_was_restarted_begin_anew(db: Database, tmp_path: Path) -> None:
    room = log_room(db, tmp_path)
    await published(room, 300)
    async with db.connection() as conn:
        await back_up(conn)
    await published(room, 300)
    async with db.connection() as conn:
        await restore(conn)
    await run_rounds(room)
    async with db.transaction() as tx:
        act = Act(MARKET, SYSTEM, room.clock.now())
        await restart_log(tx, act, room, SystemIds(), "restored from a backup")
    folder = await published(room, 1)
    assert faults(room, folder) == ()
    assert b"restored from a backup" in (folder / "restarts").read_bytes()


async def test_a_rotated_key_is_vouched_for_and_the_old_one_still_believed(
    db: Database, tmp_path: Path
) -> None:
    room = log_room(db, tmp_path)
    await published(room, 3)
    book = room.keys
    assert isinstance(book, FileKeyBook)
    act = Act(MARKET, SYSTEM, room.clock.now())
    (old,) = book.open(MARKET, ORIGIN).verifiers
    async with db.transaction() as tx:
        keys = await add_key(tx, act, book, SystemIds())
    folder = await published(room, 2)
    new = keys.active[-1].verifier
    for pinned in (old, new):
        assert verify_folder(folder, policy_of(pinned)).faults == ()
    async with db.connection() as conn:
        entry = await conn.fetchval(
            "select body from event where stream = $1 and name = 'log_key_added'", LOG_STREAM
        )
    assert str(new).encode() in entry

    async with db.transaction() as tx:
        await retire_key(tx, act, book, SystemIds(), old.key_id.hex())
    folder = await published(room, 1)
    assert verify_folder(folder, policy_of(new)).faults == ()
    with pytest.raises(Malformed):
        verify_folder(folder, policy_of(old))
    assert (folder / "keys").read_text().splitlines() == [str(old), str(new)]
    assert old.public_key.hex() not in book.path(MARKET).read_text()
    with pytest.raises(KeyError):
        book.retire(MARKET, ORIGIN, new.key_id.hex())


async def test_the_published_checkpoint_carries_what_witnesses_signed(
    db: Database, tmp_path: Path
) -> None:
    room = log_room(db, tmp_path)
    folder = await published(room, 3)
    witness = Ed25519Signer("witness.example", bytes(range(32)), COSIGNATURE_V1)

    async def lines(_conn: Connection, head: Head) -> bytes:
        assert head.note is not None
        return bytes(cosign(parse_note(head.note), witness, 1_790_000_000))[len(head.note) :]

    (key,) = room.keys.open(MARKET, ORIGIN).verifiers
    asked = f"log {key}\nwitness W {witness.verifier}\nquorum W\n".encode()
    with pytest.raises(Malformed):
        verify_folder(folder, parse_policy(asked))
    await publish(db, room.published, MARKET, [key], lines)
    report = verify_folder(folder, parse_policy(asked))
    assert (report.faults, dict(report.seen.witnesses)) == ((), {"W": 1_790_000_000})


async def test_a_damaged_checkpoint_in_the_database_is_not_published(
    db: Database, tmp_path: Path
) -> None:
    room = log_room(db, tmp_path)
    folder = await published(room, 3)
    async with db.connection() as conn:
        head = await store.load_head(conn, MARKET)
    assert head is not None
    note = parse_note((folder / "checkpoint").read_bytes())
    assert bytes(note) == head.note
    assert signed_by(note, room.keys.open(MARKET, ORIGIN).verifiers)
