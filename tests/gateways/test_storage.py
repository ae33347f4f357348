"""The contract of every storage: whole or not at all, by content, secret, readable anywhere."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from makegood.claims.files import (
    FileBroken,
    FileMissing,
    FileProblem,
    Part,
    Storage,
    StorageFailed,
)
from makegood.gateways.storage.disk import DiskStorage
from makegood.store.vault import FILE_CHUNK_BYTES, Vault
from tests.claims.evidence_kit import VAULT, stream

TEXT = b"the buyer's own words, 13800000000"
LONG = bytes(i % 251 for i in range(5 * FILE_CHUNK_BYTES + 17))
LATER = datetime(2126, 1, 1, tzinfo=UTC)


@pytest.fixture
def storage(tmp_path: Path) -> DiskStorage:
    return DiskStorage(tmp_path / "evidence", VAULT)


def name(data: bytes) -> str:
    return sha256(data).hexdigest()


async def read(storage: Storage, data: bytes, start: int = 0, stop: int | None = None) -> bytes:
    pieces = storage.open("main", name(data), start, stop)
    return b"".join([piece async for piece in pieces])


@pytest.mark.parametrize("data", [b"", b"a", TEXT, LONG, LONG[: 2 * FILE_CHUNK_BYTES]])
async def test_what_was_put_is_read(storage: Storage, data: bytes) -> None:
    assert await storage.put("main", name(data), stream(data)) == len(data)
    assert await read(storage, data) == data


@given(start=st.integers(0, len(LONG) + 9), size=st.integers(0, len(LONG)))
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_range_is_the_same_bytes(tmp_path: Path, start: int, size: int) -> None:
    storage = DiskStorage(tmp_path, VAULT)

    async def part() -> bytes:
        await storage.put("main", name(LONG), stream(LONG))
        return await read(storage, LONG, start, start + size)

    assert asyncio.run(part()) == LONG[start : start + size]


async def test_another_content_than_promised_is_not_kept(storage: Storage) -> None:
    with pytest.raises(FileBroken):
        await storage.put("main", name(TEXT), stream(b"something else"))
    with pytest.raises(FileMissing):
        await read(storage, TEXT)


async def test_a_source_that_breaks_leaves_nothing(storage: Storage, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield LONG[:100_000]
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        await storage.put("main", name(LONG), broken())
    assert files_below(tmp_path) == []


async def test_the_same_content_a_hundred_times_at_once_is_kept_once(
    storage: Storage, tmp_path: Path
) -> None:
    sizes = await asyncio.gather(
        *(storage.put("main", name(LONG), stream(LONG)) for _ in range(100))
    )
    assert set(sizes) == {len(LONG)}
    assert len(files_below(tmp_path)) == 1
    assert await read(storage, LONG) == LONG


async def test_markets_do_not_share_files(storage: Storage) -> None:
    await storage.put("other", name(TEXT), stream(TEXT))
    with pytest.raises(FileMissing):
        await read(storage, TEXT)


async def test_the_disk_tells_neither_content_nor_name(storage: Storage, tmp_path: Path) -> None:
    await storage.put("main", name(TEXT), stream(TEXT))
    await storage.put_part("main", "upload-1", Part(0, len(TEXT)), TEXT)
    for place in files_below(tmp_path):
        assert TEXT not in place.read_bytes()
        assert name(TEXT)[:16] not in str(place)
        assert place.stat().st_mode & 0o077 == 0


async def test_another_key_opens_nothing(storage: Storage, tmp_path: Path) -> None:
    await storage.put("main", name(TEXT), stream(TEXT))
    stranger = DiskStorage(tmp_path / "evidence", Vault.from_key(bytes(32)))
    with pytest.raises(FileMissing):
        await read(stranger, TEXT)


async def test_any_changed_byte_on_the_disk_is_noticed(storage: Storage, tmp_path: Path) -> None:
    await storage.put("main", name(TEXT), stream(TEXT))
    (place,) = files_below(tmp_path)
    intact = place.read_bytes()
    for offset in range(len(intact)):
        place.write_bytes(intact[:offset] + bytes([intact[offset] ^ 1]) + intact[offset + 1 :])
        with pytest.raises(FileBroken):
            await read(storage, TEXT)


async def test_a_file_cut_short_or_taken_from_another_place_is_noticed(
    storage: Storage, tmp_path: Path
) -> None:
    await storage.put("main", name(LONG), stream(LONG))
    (place,) = files_below(tmp_path)
    sealed = place.read_bytes()
    await storage.put("main", name(TEXT), stream(TEXT))
    (other,) = set(files_below(tmp_path)) - {place}
    other.write_bytes(sealed)
    place.write_bytes(sealed[: -FILE_CHUNK_BYTES // 2])
    for data in (LONG, TEXT):
        with pytest.raises(FileBroken):
            await read(storage, data)


async def test_a_deleted_file_is_gone_and_may_be_deleted_again(storage: Storage) -> None:
    await storage.put("main", name(TEXT), stream(TEXT))
    for _ in range(2):
        await storage.delete("main", name(TEXT))
    with pytest.raises(FileMissing):
        await read(storage, TEXT)


async def test_parts_are_read_in_the_given_order_and_dropped_together(storage: Storage) -> None:
    parts = [Part(0, 3), Part(3, 4)]
    await storage.put_part("main", "u", parts[1], b"good")
    await storage.put_part("main", "u", parts[0], b"bad")
    await storage.put_part("main", "u", parts[0], b"mak")
    assert b"".join([p async for p in storage.open_parts("main", "u", parts)]) == b"makgood"
    for _ in range(2):
        await storage.drop_parts("main", "u")
    with pytest.raises(FileMissing):
        await anext(storage.open_parts("main", "u", parts))


async def test_a_part_of_another_upload_does_not_open(storage: Storage, tmp_path: Path) -> None:
    await storage.put_part("main", "u", Part(0, 3), b"abc")
    (place,) = files_below(tmp_path)
    await storage.put_part("main", "v", Part(0, 3), b"xyz")
    (other,) = set(files_below(tmp_path)) - {place}
    os.replace(place, other)
    with pytest.raises(FileBroken):
        await anext(storage.open_parts("main", "v", [Part(0, 3)]))


async def test_a_check_names_what_is_missing_broken_and_nobody_s(
    storage: Storage, tmp_path: Path
) -> None:
    await storage.put("main", name(TEXT), stream(TEXT))
    (place,) = files_below(tmp_path)
    await storage.put("main", name(LONG), stream(LONG))
    place.write_bytes(place.read_bytes()[:-1] + b"\0")
    problems = await storage.check([("main", name(TEXT)), ("main", name(b"never put"))])
    assert problems[:2] == [
        FileProblem("broken", name(TEXT)),
        FileProblem("missing", name(b"never put")),
    ]
    assert [problem.kind for problem in problems[2:]] == ["orphan"]
    await storage.put("main", name(LONG), stream(LONG))
    assert (await storage.check([("main", name(LONG))]))[0].kind == "orphan"


async def test_a_sweep_takes_old_files_that_nobody_names(storage: Storage) -> None:
    await storage.put("main", name(TEXT), stream(TEXT))
    await storage.put("main", name(LONG), stream(LONG))
    kept = [("main", name(LONG))]
    assert await storage.sweep(kept, datetime.now(UTC) - timedelta(hours=1)) == 0
    assert await storage.sweep(kept, LATER) == 1
    assert await read(storage, LONG) == LONG
    with pytest.raises(FileMissing):
        await read(storage, TEXT)


async def test_a_disk_that_cannot_be_written_is_the_storage_s_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    storage = DiskStorage(tmp_path / "file", VAULT)
    with pytest.raises(StorageFailed):
        await storage.put("main", name(TEXT), stream(TEXT))
    with pytest.raises(StorageFailed):
        await storage.put_part("main", "u", Part(0, 1), b"a")


def files_below(folder: Path) -> list[Path]:
    return sorted(place for place in folder.rglob("*") if place.is_file())
