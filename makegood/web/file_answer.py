"""How a stored file is answered: byte ranges, and headers under which it can do no harm."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from makegood.claims.evidence import Evidence, download_name

INLINE_TYPES: Final = frozenset(
    {"image/jpeg", "image/png", "image/webp", "image/gif"}
    | {"video/mp4", "video/quicktime", "video/webm"}
)
"""Shown in the page; everything else is only ever downloaded."""

FILE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; sandbox"
CACHE: Final = "private, max-age=3600, no-transform"
"""In the reader's own browser only, and not long: what one may see can change."""

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Span(msgspec.Struct, frozen=True):
    """Bytes `start` up to, without, `stop`; `partial` when asked for as a range."""

    start: int
    stop: int
    partial: bool = False


class Reply(msgspec.Struct, frozen=True):
    """Status and headers of an answer, and the bytes it carries, if any."""

    status: int
    headers: dict[str, str]
    span: Span | None = None


def reply_to(item: Evidence, asked: Mapping[str, str]) -> Reply:
    """The answer to a GET or HEAD of a file with these request headers (names in lower case)."""
    etag = etag_of(item.sha256)
    if matches(asked.get("if-none-match"), etag):
        return Reply(304, {"etag": etag, "cache-control": CACHE})
    is_same = asked.get("if-range", etag) == etag
    span = span_of(asked.get("range") if is_same else None, item.size)
    if span is None:
        return Reply(416, {"content-range": f"bytes */{item.size}", "accept-ranges": "bytes"})
    return Reply(206 if span.partial else 200, file_headers(item, span), span)


def span_of(header: str | None, size: int) -> Span | None:
    """What a Range header asks of a file of `size` bytes; None when it lies outside (416).

    Several ranges at once, other units and nonsense are answered with the whole file, as RFC
    9110 §14.2 allows.
    """
    match = _RANGE.fullmatch((header or "").replace(" ", ""))
    if match is None or match[0] == "bytes=-":
        return Span(0, size)
    first, last = match[1], match[2]
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return Span(0, size)
    return Span(start, stop, partial=True) if start < stop else None


def etag_of(sha256: str) -> str:
    """The strong validator of content that never changes."""
    return f'"{sha256}"'


def matches(header: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names this content."""
    named = {part.strip().removeprefix("W/") for part in (header or "").split(",")}
    return etag in named or "*" in named


def file_headers(item: Evidence, span: Span) -> dict[str, str]:
    """Headers of the original file, or of a range of it."""
    disposition = "inline" if item.media_type in INLINE_TYPES else "attachment"
    headers = _safe_headers(item.sha256) | {
        "accept-ranges": "bytes",
        "content-length": str(span.stop - span.start),
        "content-disposition": f'{disposition}; filename="{download_name(item)}"',
    }
    if span.partial:
        headers["content-range"] = f"bytes {span.start}-{span.stop - 1}/{item.size}"
    return headers


def thumb_headers(sha256: str) -> dict[str, str]:
    """Headers of a thumb, whose size the storage tells."""
    return _safe_headers(sha256) | {"content-disposition": "inline"}


def media_type_header(item: Evidence) -> str:
    """The Content-Type; text says its encoding, so that nobody has to guess."""
    return "text/plain; charset=utf-8" if item.media_type == "text/plain" else item.media_type


def _safe_headers(sha256: str) -> dict[str, str]:
    return {
        "etag": etag_of(sha256),
        "cache-control": CACHE,
        "content-security-policy": FILE_POLICY,
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
    }
