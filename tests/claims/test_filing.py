"""From bytes to evidence: one item however often it is sent, nothing lost on a bad link."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims import evidence_store, filing
from makegood.claims.evidence import MAX_ITEMS_PER_SLOT, MAX_OPEN_UPLOADS, MIB, Evidence
from makegood.claims.evidence_actions import attach_draft, begin_upload
from makegood.claims.evidence_store import Upload
from makegood.claims.filing import PIECE_BYTES, FilingRoom
from makegood.store.database import Connection, Database
from tests.claims.evidence_kit import (
    BUYER,
    CLAIM,
    NOW,
    SCREENSHOT,
    SELLER,
    Recorded,
    archive,
    bomb,
    movie,
    picture,
    room,
    stream,
)

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>' + b" " * 200
FILM = movie(seconds=20)


@pytest.fixture
def here(db: Database, tmp_path: Path) -> FilingRoom:
    return room(db, tmp_path)


async def begun(
    here: FilingRoom, upload_id: str = "u-1", act: Act = BUYER, **changed: Any
) -> Upload:
    wanted = msgspec.structs.replace(SCREENSHOT, **changed)
    async with here.db.transaction() as tx:
        return await begin_upload(tx, act, upload_id, wanted)


async def filed(
    here: FilingRoom, data: bytes, recorded: Recorded, upload_id: str = "u-1", **changed: Any
) -> Evidence:
    upload = await begun(here, upload_id, **changed)
    await filing.take_in(here, BUYER, upload, stream(data))
    item = await filing.complete(here, BUYER, upload_id, NOW, recorded)
    assert item is not None
    return item


async def items(here: FilingRoom) -> list[Evidence]:
    async with here.db.connection() as conn:
        return await evidence_store.evidence_of_claim(conn, "main", CLAIM)


async def read(here: FilingRoom, sha: str) -> bytes:
    return b"".join([piece async for piece in here.storage.open("main", sha)])


def files_below(folder: Path) -> list[Path]:
    return [place for place in folder.rglob("*") if place.is_file()]


async def test_a_filed_picture_is_kept_unaltered_with_its_hash_and_a_thumb(
    here: FilingRoom,
) -> None:
    data = picture("JPEG", (800, 600), Software="Photoshop")
    recorded = Recorded()
    item = await filed(here, data, recorded, filename="../截图.jpg", size=len(data))
    assert item.sha256 == sha256(data).hexdigest()
    assert await read(here, item.sha256) == data
    assert item.thumb_sha256 is not None
    assert (await read(here, item.thumb_sha256)).startswith(b"RIFF")
    assert (item.media_type, item.notes, item.filename) == ("image/jpeg", ["edited"], "截图.jpg")
    assert recorded.items == await items(here) == [item]


async def test_a_film_goes_through_in_pieces_and_leaves_none_behind(
    here: FilingRoom, tmp_path: Path
) -> None:
    item = await filed(here, FILM, Recorded(), size=len(FILM))
    assert len(FILM) > 3 * PIECE_BYTES
    assert await read(here, item.sha256) == FILM
    assert len(files_below(tmp_path)) == 1


async def test_a_broken_link_loses_nothing_that_came(here: FilingRoom) -> None:
    upload = await begun(here, size=len(FILM))
    half = len(FILM) // 2
    upload = await filing.take_in(here, BUYER, upload, stream(FILM[:half]))
    assert upload.received == half
    again = await filing.find_upload(here, BUYER, "u-1")
    assert again is not None
    assert again.received == half
    with pytest.raises(Refused, match="upload_offset"):
        await filing.complete(here, BUYER, "u-1", NOW, Recorded())
    await filing.take_in(here, BUYER, again, stream(FILM[half:]))
    item = await filing.complete(here, BUYER, "u-1", NOW, Recorded())
    assert item is not None
    assert await read(here, item.sha256) == FILM


async def test_a_sender_who_is_outrun_is_told_where_to_go_on(here: FilingRoom) -> None:
    upload = await begun(here, size=len(FILM))
    await filing.take_in(here, BUYER, upload, stream(FILM[:PIECE_BYTES]))
    with pytest.raises(Refused, match="upload_offset"):
        await filing.take_in(here, BUYER, upload, stream(FILM[:PIECE_BYTES]))


async def test_the_same_file_a_hundred_times_at_once_is_one_item_and_one_event(
    here: FilingRoom,
) -> None:
    data, recorded = picture(), Recorded()
    uploads = [
        await begun(here, f"u-{number}", size=len(data)) for number in range(MAX_OPEN_UPLOADS)
    ]
    for upload in uploads:
        await filing.take_in(here, BUYER, upload, stream(data))
    answers = await asyncio.gather(
        *(
            filing.complete(here, BUYER, uploads[number % len(uploads)].upload_id, NOW, recorded)
            for number in range(100)
        )
    )
    assert len({answer and answer.evidence_id for answer in answers}) == 1
    assert len(await items(here)) == len(recorded.items) == 1


async def test_completing_again_gives_the_same_item(here: FilingRoom) -> None:
    recorded = Recorded()
    item = await filed(here, picture(), recorded)
    for _ in range(3):
        assert await filing.complete(here, BUYER, "u-1", NOW, recorded) == item
    assert len(recorded.items) == 1


async def test_a_second_item_stands_beside_the_first(here: FilingRoom) -> None:
    first = await filed(here, picture(size=(10, 10)), Recorded(), "u-1")
    second = await filed(here, picture(size=(20, 20)), Recorded(), "u-2")
    assert await items(here) == sorted([first, second], key=lambda item: item.evidence_id)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (SVG, "file_type_not_accepted"),
        (b"<!doctype html>" + b" " * 300, "file_type_not_accepted"),
        (archive(), "file_type_not_accepted"),
        (picture("JPEG") + archive(), "file_type_not_accepted"),
        (bomb(), "picture_too_large"),
        (b"\xff\xd8\xff\xe0" + bytes(500), "file_damaged"),
        ("字".encode() * 100_000, "file_too_large"),
    ],
)
async def test_what_is_refused_leaves_nothing_behind(
    here: FilingRoom, tmp_path: Path, data: bytes, code: str
) -> None:
    recorded = Recorded()
    with pytest.raises(Refused, match=code):
        await filed(here, data, recorded)
    assert files_below(tmp_path) == []
    assert await items(here) == recorded.items == []
    assert await filing.find_upload(here, BUYER, "u-1") is None


async def test_a_hundred_megabytes_are_refused_before_a_byte_comes(here: FilingRoom) -> None:
    with pytest.raises(Refused, match="file_too_large"):
        await begun(here, size=100 * MIB)


async def test_an_endless_source_is_stopped_at_the_limit_of_its_type(here: FilingRoom) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield picture("JPEG")[:2000]
        while True:
            taken += MIB
            yield bytes(MIB)

    with pytest.raises(Refused, match="file_too_large"):
        await filing.take_in(here, BUYER, await begun(here), endless())
    assert taken <= 22 * MIB


async def test_more_than_was_declared_is_refused(here: FilingRoom) -> None:
    upload = await begun(here, size=1000)
    with pytest.raises(Refused, match="file_too_large"):
        await filing.take_in(here, BUYER, upload, stream(movie()))


async def test_a_slot_takes_ten_items_and_the_other_party_still_has_room(here: FilingRoom) -> None:
    for number in range(MAX_ITEMS_PER_SLOT):
        await filed(here, picture(size=(10 + number, 10)), Recorded(), f"u-{number}")
    with pytest.raises(Refused, match="evidence_limit"):
        await begun(here, "u-more")
    await begun(here, "u-other-slot", slot="clock")
    await begun(here, "u-seller", SELLER, party="seller")


async def test_uploads_under_way_are_limited(here: FilingRoom) -> None:
    for number in range(MAX_OPEN_UPLOADS):
        await begun(here, f"u-{number}")
    with pytest.raises(Refused, match="upload_limit"):
        await begun(here, "u-more")


async def test_an_upload_begun_twice_is_one(here: FilingRoom) -> None:
    assert await begun(here) == await begun(here)


async def test_another_person_s_upload_does_not_exist(here: FilingRoom) -> None:
    await begun(here)
    assert await filing.find_upload(here, SELLER, "u-1") is None
    assert await filing.complete(here, SELLER, "u-1", NOW, Recorded()) is None


async def test_an_item_that_cannot_be_recorded_is_not_kept(here: FilingRoom) -> None:
    async def refuse(tx: Connection, act: Act, item: Evidence) -> None:
        raise Refused("claim_not_open")

    upload = await begun(here)
    await filing.take_in(here, BUYER, upload, stream(picture()))
    with pytest.raises(Refused, match="claim_not_open"):
        await filing.complete(here, BUYER, "u-1", NOW, refuse)
    assert await items(here) == []


async def test_an_upload_that_nobody_ends_is_forgotten_after_a_day(
    here: FilingRoom, tmp_path: Path
) -> None:
    await filing.take_in(here, BUYER, await begun(here), stream(FILM[:PIECE_BYTES]))
    assert await filing.drop_expired(here, NOW + timedelta(hours=23)) == 0
    assert await filing.drop_expired(here, NOW + timedelta(hours=24)) == 1
    assert files_below(tmp_path) == []
    assert await filing.find_upload(here, BUYER, "u-1") is None


async def test_items_of_a_draft_nobody_came_back_to_are_forgotten(here: FilingRoom) -> None:
    draft = await filed(here, picture(), Recorded(), claim_no="draft:O-1")
    kept = await filed(here, picture(), Recorded(), "u-2")
    await filing.drop_expired(here, NOW + timedelta(days=31))
    async with here.db.connection() as conn:
        assert await evidence_store.evidence_by_id(conn, "main", draft.evidence_id) is None
    assert await items(here) == [kept]


async def test_a_sweep_leaves_every_file_that_something_needs(here: FilingRoom) -> None:
    item = await filed(here, picture(), Recorded())
    orphan, proof = b"stored, but its item was never written", b"the proof of a refund"
    for data in (orphan, proof):
        await here.storage.put("main", sha256(data).hexdigest(), stream(data))
    elsewhere = [("main", sha256(proof).hexdigest())]
    assert await filing.sweep(here, elsewhere, NOW + timedelta(days=36_500)) == 1
    assert await read(here, item.sha256) == picture()
    kept = [*elsewhere, ("main", item.sha256), ("main", item.thumb_sha256 or "")]
    assert await here.storage.check(kept) == []


async def test_what_was_filed_for_a_draft_goes_over_to_its_claim(here: FilingRoom) -> None:
    item = await filed(here, picture(), Recorded(), claim_no="draft:d-1")
    async with here.db.transaction() as tx:
        moved = await attach_draft(tx, "main", "draft:d-1", CLAIM)
    assert moved == await items(here) == [msgspec.structs.replace(item, claim_no=CLAIM)]


async def test_the_same_file_in_another_claim_is_noted_and_found(here: FilingRoom) -> None:
    item = await filed(here, picture(), Recorded())
    second = await filed(here, picture(), Recorded(), "u-2", claim_no="AS-261120-AAAAAA")
    assert (item.notes, second.notes) == ([], ["reused"])
    async with here.db.connection() as conn:
        others = await evidence_store.claims_with_content(conn, "main", item.sha256, CLAIM)
    assert others == ["AS-261120-AAAAAA"]
