"""Pictures are measured and made small without being trusted."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from makegood.gateways.storage.pictures import PillowPictures, look
from tests.claims.evidence_kit import archive, bomb, movie, picture

MOST = 40_000_000


def opened(thumb: bytes | None) -> Image.Image:
    assert thumb is not None
    return Image.open(io.BytesIO(thumb))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_every_kind_gets_a_small_webp(kind: str) -> None:
    found = look(picture(kind, (1200, 900)), MOST)
    assert found is not None
    assert (found.width, found.height) == (1200, 900)
    thumb = opened(found.thumb)
    assert (thumb.format, thumb.size) == ("WEBP", (480, 360))


def test_a_small_picture_is_not_made_larger() -> None:
    found = look(picture(size=(64, 48)), MOST)
    assert found is not None
    assert opened(found.thumb).size == (64, 48)


def test_a_long_screenshot_s_thumb_shows_its_top() -> None:
    found = look(picture(size=(100, 4000)), MOST)
    assert found is not None
    assert opened(found.thumb).size == (100, 300)


def test_a_picture_lying_on_its_side_is_put_upright() -> None:
    found = look(picture("JPEG", (800, 400), Orientation=6), MOST)
    assert found is not None
    width, height = opened(found.thumb).size
    assert width < height


def test_metadata_is_told_and_not_passed_on() -> None:
    data = picture(
        "JPEG", (600, 400), Software="Snapseed 2.0", DateTime="2026:11:20 10:00:00", Make="Phone"
    )
    found = look(data, MOST)
    assert found is not None
    assert (found.software, found.modified) == ("Snapseed 2.0", "2026:11:20 10:00:00")
    assert b"Snapseed" in data
    assert b"Snapseed" not in (found.thumb or b"")
    assert not opened(found.thumb).getexif()


def test_transparency_stays() -> None:
    written = io.BytesIO()
    Image.new("RGBA", (50, 50), (255, 0, 0, 10)).save(written, "PNG")
    found = look(written.getvalue(), MOST)
    assert found is not None
    assert opened(found.thumb).mode == "RGBA"


def test_a_bomb_is_not_opened() -> None:
    found = look(bomb(), MOST)
    assert found is not None
    assert found.too_large
    assert found.thumb is None


def test_a_picture_above_the_limit_is_measured_and_not_opened() -> None:
    found = look(picture(size=(100, 100)), 9_999)
    assert found is not None
    assert (found.width, found.too_large, found.thumb) == (100, True, None)


def test_a_picture_that_ends_early_is_told_to_be_cut_short() -> None:
    data = picture("PNG", (400, 400))
    found = look(data[: len(data) // 2], MOST)
    assert found is not None
    assert found.truncated


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", archive(), movie(), b"<svg/>", b"BM" * 99])
def test_what_is_no_picture_is_none(data: bytes) -> None:
    assert look(data, MOST) is None


@given(place=st.integers(0, 3000), value=st.integers(0, 255), kind=st.sampled_from(["JPEG", "GIF"]))
def test_a_damaged_picture_never_breaks_the_reader(place: int, value: int, kind: str) -> None:
    data = bytearray(picture(kind, (90, 60), Software="x"))
    data[place % len(data)] = value
    found = look(bytes(data), MOST)
    assert found is None or found.width > 0


async def test_pictures_are_looked_at_off_the_loop() -> None:
    found = await PillowPictures().look(picture(), MOST)
    assert found is not None
    assert found.thumb
