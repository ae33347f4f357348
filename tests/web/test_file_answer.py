"""Ranges are read as RFC 9110 says, and no file can act in a browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.claims.evidence import Evidence, MediaType
from makegood.web.file_answer import Span, file_headers, matches, media_type_header, span_of
from tests.claims.evidence_kit import CLAIM, NOW


def item(media_type: MediaType) -> Evidence:
    return Evidence(
        market_id="main",
        evidence_id="e-1",
        claim_no=CLAIM,
        slot="error_screen",
        party="buyer",
        audience="all",
        filename='李雷";x=".png',
        media_type=media_type,
        size=1000,
        sha256="ab" * 32,
        thumb_sha256=None,
        notes=[],
        added_at=NOW,
    )


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, Span(0, 1000)),
        ("bytes=0-0", Span(0, 1, partial=True)),
        ("bytes=0-499", Span(0, 500, partial=True)),
        ("bytes=500-", Span(500, 1000, partial=True)),
        ("bytes=-1", Span(999, 1000, partial=True)),
        ("bytes=-5000", Span(0, 1000, partial=True)),
        ("bytes=999-99999", Span(999, 1000, partial=True)),
        ("bytes = 0 - 9", Span(0, 10, partial=True)),
        ("bytes=1000-", None),
        ("bytes=-0", None),
        ("bytes=9-3", Span(0, 1000)),
        ("bytes=-", Span(0, 1000)),
        ("bytes=0-1,5-9", Span(0, 1000)),
        ("lines=0-1", Span(0, 1000)),
        ("bytes=a-b", Span(0, 1000)),
        ("bytes=" + "9" * 40 + "-", Span(0, 1000)),
        ("bytes=٠-٩", Span(0, 1000)),
    ],
)
def test_a_range_is_answered_as_the_standard_says(header: str | None, expected: Span) -> None:
    assert span_of(header, 1000) == expected


@given(header=st.text(max_size=30) | st.from_regex(r"bytes=[0-9]{0,5}-[0-9]{0,5}", fullmatch=True))
def test_any_header_gives_a_span_inside_the_file_or_none(header: str) -> None:
    span = span_of(header, 1000) or Span(0, 1)
    assert 0 <= span.start < span.stop <= 1000


@pytest.mark.parametrize("media_type", ["application/pdf", "text/plain", "image/heic"])
def test_what_is_neither_picture_nor_film_is_only_downloaded(media_type: MediaType) -> None:
    disposition = file_headers(item(media_type), Span(0, 1000))["content-disposition"]
    assert disposition.startswith("attachment;")


def test_the_headers_of_a_range_forbid_everything_but_looking() -> None:
    assert file_headers(item("video/mp4"), Span(10, 30, partial=True)) == {
        "etag": f'"{"ab" * 32}"',
        "cache-control": "private, max-age=3600, no-transform",
        "content-security-policy": (
            "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; sandbox"
        ),
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "accept-ranges": "bytes",
        "content-length": "20",
        "content-range": "bytes 10-29/1000",
        "content-disposition": 'inline; filename="evidence-abababababab.mp4"',
    }


def test_the_owner_s_name_for_a_file_is_in_no_header() -> None:
    assert "李雷" not in str(file_headers(item("image/png"), Span(0, 1000)))


def test_text_says_its_encoding() -> None:
    assert media_type_header(item("text/plain")) == "text/plain; charset=utf-8"
    assert media_type_header(item("image/png")) == "image/png"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('"x"', True),
        ('W/"x"', True),
        ('"a", "x"', True),
        ("*", True),
        ('"a"', False),
        (None, False),
    ],
)
def test_a_known_validator_needs_no_second_answer(header: str, expected: bool) -> None:
    assert matches(header, '"x"') is expected
