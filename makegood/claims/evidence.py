"""What may be filed as evidence: types told by content, sizes, names, and integrity notes."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import msgspec

from makegood.base.refusal import Refused
from makegood.claims.files import Picture
from makegood.claims.view import Audience

MediaType = Literal[
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "image/heic",
    "video/mp4",
    "video/quicktime",
    "video/webm",
    "application/pdf",
    "text/plain",
]
"""Everything that is accepted. Not HTML, SVG, archives, office files or programs, ever."""

Note = Literal[
    "edited", "modified_after_opening", "future_time", "truncated", "active_pdf", "reused"
]
"""What a reader should know about a file; never a ground for refusing it.

`edited`: an image editor left its name. `modified_after_opening`, `future_time`: the time
written in the picture. `truncated`: the picture ends too early. `active_pdf`: scripts or
attached files inside. `reused`: a buyer filed the very same file in another claim.
"""

MIB: Final = 1024 * 1024
SIZE_LIMITS: Final[Mapping[MediaType, int]] = {
    "image/jpeg": 20 * MIB,
    "image/png": 20 * MIB,
    "image/webp": 20 * MIB,
    "image/gif": 20 * MIB,
    "image/heic": 20 * MIB,
    "video/mp4": 80 * MIB,
    "video/quicktime": 80 * MIB,
    "video/webm": 80 * MIB,
    "application/pdf": 20 * MIB,
    "text/plain": 64 * 1024,
}
"""Largest size per type, in bytes."""

LARGEST: Final = max(SIZE_LIMITS.values())
MAX_ITEMS_PER_SLOT: Final = 10
"""Per party; a seller cannot use up the buyer's room."""
MAX_ITEMS_PER_PARTY: Final = 40
MAX_OPEN_UPLOADS: Final = 20
UPLOAD_LIFETIME: Final = timedelta(hours=24)
DRAFT_LIFETIME: Final = timedelta(days=30)
"""How long items wait for a claim that their buyer has not opened yet."""

EDGE_BYTES: Final = 64 * 1024 + 22
"""How much of both ends of a file is read to tell its type: a zip's directory ends in these."""

TELLING_BYTES: Final = 128
"""So many first bytes are enough to tell every accepted type, or that it is none."""

FILENAME_LETTERS: Final = 80
_SURE_ZONE: Final = timedelta(hours=14)
"""A local time without a zone is later than a moment for sure when it is later by this much."""

_OWN_SLOTS: Final = frozenset(
    {"bank_line", "guardian_id", "relation", "leak_sample", "sign_in_screen"}
    | {"supplier_receipt", "purchase_invoice", "source_proof", "upstream_order", "device_list"}
)
"""Bank lines, identity papers, devices, and a supplier's name: not for the other party."""

_EXTENSIONS: Final[Mapping[MediaType, str]] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/heic": "heic",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "application/pdf": "pdf",
    "text/plain": "txt",
}
_MP4_BRANDS: Final = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV",
     b"3gp4", b"3gp5", b"3gp6", b"mmp4", b"dash"}
)  # fmt: skip
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})
_MARKUP: Final = re.compile(rb"<\s*(script|html|svg|body|iframe|\?php|!doctype)", re.IGNORECASE)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ACTIVE_PDF: Final = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/RichMedia", b"/XFA")
_EDITORS: Final = re.compile(
    r"photoshop|lightroom|gimp|affinity|paint|pixelmator|snapseed|picsart|canva|meitu|美图|醒图"
    r"|facetune|vsco|capcut|剪映|after effects|illustrator|inkscape|krita|acdsee|photopea",
    re.IGNORECASE,
)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One filed item. It is never replaced; a better picture is another item."""

    market_id: str
    evidence_id: str
    claim_no: str
    slot: str
    party: str
    audience: Audience
    filename: str | None
    """As the person named it, made harmless. Personal: shown to its owner only."""
    media_type: MediaType
    size: int
    sha256: str
    thumb_sha256: str | None
    notes: list[Note]
    added_at: datetime


class Edges(msgspec.Struct, frozen=True):
    """Both ends of a file (up to EDGE_BYTES each) and its size in bytes."""

    head: bytes
    tail: bytes
    size: int


def media_type_of(head: bytes) -> MediaType | None:
    """The type that the first bytes tell, or None for everything that is not accepted.

    Text is told by `is_plain_text`, because nothing but all of it can tell.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:6] in {b"GIF87a", b"GIF89a"}:
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith((b"%PDF-1.", b"%PDF-2.")):
        return "application/pdf"
    if head.startswith(b"\x1a\x45\xdf\xa3") and b"\x42\x82\x84webm" in head[:128]:
        return "video/webm"
    return _boxed_type(head) if head[4:8] == b"ftyp" else None


def accepted_type(edges: Edges) -> MediaType:
    """The type of a file, once all of it is there. Raises Refused when it may not be filed."""
    if edges.size == 0:
        raise Refused("file_empty")
    found = media_type_of(edges.head)
    if found is None and is_plain_text(edges):
        found = "text/plain"
    if found is None or _is_two_things(edges, found):
        raise Refused("file_type_not_accepted")
    require_size(edges.size, found)
    return found


def require_early(head: bytes, declared_size: int | None) -> int:
    """The limit in bytes of the type that the first bytes tell.

    Refuses an upload whose type, or declared size, can never be accepted. Too few bytes tell
    nothing; then the largest limit holds, and `accepted_type` decides in the end.
    """
    if len(head) < TELLING_BYTES:
        return declared_size or LARGEST
    found = media_type_of(head)
    if found is None and not _begins_as_text(head):
        raise Refused("file_type_not_accepted")
    limit = SIZE_LIMITS[found or "text/plain"]
    if declared_size is not None and declared_size > limit:
        raise Refused("file_too_large", size=declared_size, limit=limit)
    return declared_size or limit


def require_size(size: int, media_type: MediaType | None = None) -> None:
    """Refuse an empty file, or one above the limit of its type (of any type if None)."""
    limit = SIZE_LIMITS[media_type] if media_type else LARGEST
    if size <= 0:
        raise Refused("file_empty")
    if size > limit:
        raise Refused("file_too_large", size=size, limit=limit)


def max_pixels(media_type: MediaType) -> int:
    """The largest picture that is opened; a JPEG is opened at a fraction of its size."""
    return 80_000_000 if media_type == "image/jpeg" else 40_000_000


def is_picture(media_type: MediaType) -> bool:
    """Whether Pillow looks at it; a HEIC is stored as it is, without a thumb."""
    return media_type.startswith("image/") and media_type != "image/heic"


def audience_of(slot: str, party: str) -> Audience:
    """Who besides the platform sees an item: both parties, or for some slots its own side."""
    if slot not in _OWN_SLOTS:
        return "all"
    match party:
        case "buyer" | "seller":
            return party
        case _:
            return "platform"


def require_picture(found: Picture | None, media_type: MediaType) -> Picture:
    """Refuse what carries a picture's name and is none, and pictures too large to open."""
    if found is None:
        raise Refused("file_damaged")
    if found.too_large:
        raise Refused("picture_too_large", limit=max_pixels(media_type))
    return found


def is_plain_text(edges: Edges) -> bool:
    """UTF-8 without control characters that does not begin like markup or a program.

    All of an acceptable text lies in its head; a longer one is then refused for its size.
    """
    if edges.size > len(edges.head):
        return _begins_as_text(edges.head)
    try:
        text = edges.head.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not _CONTROLS.search(text) and not text.lstrip().startswith(("<", "#!", "%!"))


def picture_notes(picture: Picture, claim_opened_at: datetime, now: datetime) -> list[Note]:
    """What a picture's own metadata says about how it was treated."""
    notes: list[Note] = []
    if _EDITORS.search(picture.software):
        notes.append("edited")
    earliest = _earliest(picture.modified, picture.modified_zone)
    if earliest is not None and earliest > now:
        notes.append("future_time")
    elif earliest is not None and earliest > claim_opened_at:
        notes.append("modified_after_opening")
    if picture.truncated:
        notes.append("truncated")
    return notes


def pdf_notes(names: Sequence[bytes]) -> list[Note]:
    """A note when the names found in a PDF (see `pdf_names`) can do more than be read."""
    return ["active_pdf"] if any(name in _ACTIVE_PDF for name in names) else []


def pdf_names(data: bytes) -> list[bytes]:
    """Every PDF name in these bytes, with `#4a` escapes undone.

    Names inside compressed objects stay unseen: the note is a hint, and safety rests on
    serving every PDF as a download in a sandbox.
    """
    names = re.findall(rb"/[A-Za-z#][A-Za-z0-9#]{0,40}", data)
    return [re.sub(rb"#([0-9A-Fa-f]{2})", _unescaped, name) for name in names]


def safe_filename(name: str) -> str:
    """A name to show to its owner: one line, no path, no invisible or direction-changing letters.

    It is never a path on our disk.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    visible = "".join(c for c in last if unicodedata.category(c)[0] not in "CZ" or c == " ")
    bare = re.sub(r'[<>:"|?*]', "_", visible).strip(" .")
    if len(bare) <= FILENAME_LETTERS:
        return bare
    stem, dot, extension = bare.rpartition(".")
    if not dot or len(extension) > 8:
        return bare[:FILENAME_LETTERS]
    return f"{stem[: FILENAME_LETTERS - len(extension) - 1]}.{extension}"


def download_name(evidence: Evidence) -> str:
    """The name under which a reader saves the file: of its content, not of its owner."""
    return f"evidence-{evidence.sha256[:12]}.{extension_of(evidence)}"


def extension_of(evidence: Evidence) -> str:
    """The ending of a file name, by the content's type."""
    return _EXTENSIONS[evidence.media_type]


def _boxed_type(head: bytes) -> MediaType | None:
    size = int.from_bytes(head[:4], "big")
    if size < 16 or size > 1024 or len(head) < size + 8:
        return None
    if not head[size + 4 : size + 8].isalnum():
        return None
    brand = head[8:12]
    if brand == b"qt  ":
        return "video/quicktime"
    if brand in _HEIC_BRANDS:
        return "image/heic"
    return "video/mp4" if brand in _MP4_BRANDS else None


def _begins_as_text(head: bytes) -> bool:
    """Whether these first bytes may be those of a text; a letter may be cut at the end."""
    try:
        text = head.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4 or error.reason != "unexpected end of data":
            return False
        text = head[: error.start].decode(errors="ignore")
    return not _CONTROLS.search(text) and not text.lstrip().startswith(("<", "#!", "%!"))


def _is_two_things(edges: Edges, found: MediaType) -> bool:
    """Whether another program would take the file for something that it can run or open."""
    if found == "text/plain":
        return False
    ends_as_archive = b"PK\x05\x06" in edges.tail or b"PK\x06\x07" in edges.tail
    starts_as_pdf = found != "application/pdf" and b"%PDF-" in edges.head[:1024]
    return ends_as_archive or starts_as_pdf or bool(_MARKUP.search(edges.head[:1024]))


def _earliest(written: str, zone: str) -> datetime | None:
    """The earliest moment that an EXIF time can mean; None when it is no time."""
    try:
        local = datetime.strptime(written[:19], "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
        offset = datetime.strptime(zone, "%z").utcoffset() if zone else _SURE_ZONE
        return local - (offset or timedelta())
    except (ValueError, OverflowError):
        return None


def _unescaped(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 16)])
