"""Looks at pictures with Pillow: size, editing hints and a thumb, in a thread, one at a time."""

import asyncio
from io import BytesIO
from typing import Final

from PIL import ExifTags, Image, ImageOps

from makegood.claims.files import Picture

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
"""Only these decoders ever run; Pillow knows dozens more."""

THUMB_SIDE: Final = 480
LONGEST_SHAPE: Final = 3
"""A long screenshot's thumb shows its top: at most three times as high (or wide) as it is wide."""

THUMB_QUALITY: Final = 75
TEXT_LETTERS: Final = 100


class PillowPictures:
    """A `Pictures` that opens one picture at a time, so that ten of them cannot fill the memory."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def look(self, data: bytes, max_pixels: int) -> Picture | None:
        """Read the picture in a thread."""
        async with self._turn:
            return await asyncio.to_thread(look, data, max_pixels)


def look(data: bytes, max_pixels: int) -> Picture | None:
    """What the picture says about itself, with a thumb; None when it cannot be read at all."""
    try:
        image = Image.open(BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Picture(width=0, height=0, too_large=True)
    except Exception:  # A hostile picture may raise anything from inside a decoder.
        return None
    width, height = image.size
    if width * height > max_pixels:
        return Picture(width=width, height=height, too_large=True)
    thumb = _thumb(image)
    said = _said(data)
    return Picture(
        width=width,
        height=height,
        truncated=thumb is None,
        software=said.get(ExifTags.Base.Software, ""),
        modified=said.get(ExifTags.Base.DateTime, ""),
        modified_zone=said.get(ExifTags.Base.OffsetTime, ""),
        thumb=thumb,
    )


def _thumb(image: Image.Image) -> bytes | None:
    """A small upright copy without metadata, or None when the picture ends too early."""
    try:
        image.draft("RGB", (2 * THUMB_SIDE, 2 * THUMB_SIDE))
        upright = ImageOps.exif_transpose(image)
        small = _top(upright).convert("RGBA" if _is_transparent(upright) else "RGB")
        small.thumbnail((THUMB_SIDE, THUMB_SIDE * LONGEST_SHAPE), Image.Resampling.LANCZOS)
        return _as_webp(small)
    except Exception:  # As above: decoders run only now, and a thumb is not worth a failure.
        return None


def _top(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop(
        (0, 0, min(width, LONGEST_SHAPE * height), min(height, LONGEST_SHAPE * width))
    )


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info


def _as_webp(image: Image.Image) -> bytes:
    # A fresh image carries pixels only: no EXIF, no colour profile, no comment.
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    written = BytesIO()
    bare.save(written, "WEBP", quality=THUMB_QUALITY, method=4)
    return written.getvalue()


def _said(data: bytes) -> dict[int, str]:
    """The text tags of the picture's EXIF block; a damaged block says nothing."""
    try:
        exif = Image.open(BytesIO(data), formats=FORMATS).getexif()
        said = {
            ExifTags.Base.Software: exif.get(ExifTags.Base.Software),
            ExifTags.Base.DateTime: exif.get(ExifTags.Base.DateTime),
            ExifTags.Base.OffsetTime: exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.OffsetTime),
        }
    except Exception:  # As above.
        return {}
    return {tag: text[:TEXT_LETTERS] for tag, text in said.items() if isinstance(text, str)}
