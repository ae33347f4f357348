"""What invented buyers file is a picture that opens, kept once however often it is filed."""

from pathlib import Path

import pytest

from makegood.claims.filing import FilingRoom
from makegood.demo.pictures import MOST_PIXELS, Album
from makegood.gateways.storage.disk import DiskStorage
from makegood.gateways.storage.pictures import PillowPictures
from makegood.store.database import Database
from makegood.store.vault import Vault


@pytest.fixture
def vault() -> Vault:
    """A vault under a key that is known to tests only."""
    return Vault.from_key(bytes(range(32)))


async def test_a_slot_has_one_picture_that_can_be_read(
    db: Database, vault: Vault, tmp_path: Path
) -> None:
    storage, pictures = DiskStorage(tmp_path, vault), PillowPictures()
    album = Album(FilingRoom(db, storage, pictures), "main")

    first = await album.content("error_screen", "image")
    data = b"".join([piece async for piece in storage.open("main", first.sha256)])

    assert await album.content("error_screen", "image") == first
    assert (await album.content("order_screen", "image")).sha256 != first.sha256
    assert first.thumb_sha256 is not None
    seen = await pictures.look(data, MOST_PIXELS)
    assert seen is not None
    assert not seen.truncated
    assert len(data) == first.size


async def test_a_number_that_was_typed_is_text(db: Database, vault: Vault, tmp_path: Path) -> None:
    album = Album(FilingRoom(db, DiskStorage(tmp_path, vault), PillowPictures()), "main")

    typed = await album.content("redeem_account", "account")

    assert (typed.media_type, typed.thumb_sha256) == ("text/plain", None)
