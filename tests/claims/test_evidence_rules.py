"""A file is what its content says; what could do harm is no evidence."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.base.refusal import Refused
from makegood.claims.evidence import (
    EDGE_BYTES,
    MIB,
    SIZE_LIMITS,
    Edges,
    MediaType,
    accepted_type,
    pdf_names,
    pdf_notes,
    picture_notes,
    require_early,
    require_size,
    safe_filename,
)
from makegood.claims.files import Picture
from tests.claims.evidence_kit import NOW, archive, movie, picture, webm

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x08mdat" + bytes(100)
PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n%%EOF"


def edges(data: bytes) -> Edges:
    return Edges(data[:EDGE_BYTES], data[-EDGE_BYTES:], len(data))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (picture("JPEG"), "image/jpeg"),
        (picture("PNG"), "image/png"),
        (picture("WEBP"), "image/webp"),
        (picture("GIF"), "image/gif"),
        (HEIC, "image/heic"),
        (movie(), "video/mp4"),
        (movie(b"mp42"), "video/mp4"),
        (movie(b"qt  "), "video/quicktime"),
        (webm(), "video/webm"),
        (PDF, "application/pdf"),
        ("卖家说：已经发货\r\n我：没有收到".encode(), "text/plain"),
        (b"\xef\xbb\xbfwith a mark", "text/plain"),
    ],
)
def test_accepted_files_are_told_by_their_content(data: bytes, expected: MediaType) -> None:
    assert accepted_type(edges(data)) == expected
    assert require_early(data[:EDGE_BYTES], len(data)) >= len(data)


HOSTILE = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>' + b" " * 99,
    "svg behind spaces": b"\n\n  <?xml version='1.0'?><svg/>" + b" " * 100,
    "html": b"<!DOCTYPE html><script>fetch('/')</script>" + b" " * 100,
    "zip": archive(),
    "office": archive("word/document.xml"),
    "program": b"MZ\x90\0" + bytes(200),
    "elf": b"\x7fELF" + bytes(200),
    "script": b"#!/bin/sh\nrm -rf /\n" + b" " * 120,
    "postscript": b"%!PS-Adobe-3.0\n" + b" " * 120,
    "gzip": b"\x1f\x8b\x08" + bytes(200),
    "rar": b"Rar!\x1a\x07\x01\0" + bytes(200),
    "matroska": b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska" + bytes(200),
    "bitmap": b"BM" + bytes(200),
    "tiff": b"II*\0" + bytes(200),
    "unknown brand": movie(b"evil"),
    "text of another encoding": "退款".encode("gbk") * 100,
    "text with an escape": b"\x1b]0;title\x07" + b"a" * 200,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_everything_else_is_refused_at_its_first_bytes(name: str) -> None:
    with pytest.raises(Refused, match="file_type_not_accepted"):
        accepted_type(edges(HOSTILE[name]))
    with pytest.raises(Refused, match="file_type_not_accepted"):
        require_early(HOSTILE[name][:EDGE_BYTES], None)


@pytest.mark.parametrize(
    "data",
    [
        picture("JPEG") + archive(),
        movie() + archive(),
        PDF + archive(),
        picture("GIF")[:13] + b"<script>alert(1)</script>" + picture("GIF")[13:],
        picture("JPEG")[:20] + b"%PDF-1.4" + picture("JPEG")[20:],
        b"\xff\xd8\xff\xe0<?php system($_GET[0]);",
    ],
)
def test_a_file_that_is_two_things_at_once_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="file_type_not_accepted"):
        accepted_type(edges(data))


def test_a_phone_picture_with_a_film_behind_it_is_a_picture() -> None:
    assert accepted_type(edges(picture("JPEG") + movie())) == "image/jpeg"


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(Refused, match="file_empty"):
        accepted_type(edges(b""))
    with pytest.raises(Refused, match="file_empty"):
        require_size(0)


@pytest.mark.parametrize("media_type", SIZE_LIMITS)
def test_each_type_has_its_own_limit(media_type: MediaType) -> None:
    require_size(SIZE_LIMITS[media_type], media_type)
    with pytest.raises(Refused, match="file_too_large"):
        require_size(SIZE_LIMITS[media_type] + 1, media_type)


def test_a_declared_size_beyond_every_limit_is_refused_before_a_byte_comes() -> None:
    with pytest.raises(Refused, match="file_too_large"):
        require_size(100 * MIB)


def test_a_picture_declared_as_large_as_a_film_is_refused_at_its_first_bytes() -> None:
    with pytest.raises(Refused, match="file_too_large"):
        require_early(picture(), 60 * MIB)
    assert require_early(movie()[:4096], 60 * MIB) == 60 * MIB


def test_a_long_text_is_too_large_rather_than_unknown() -> None:
    with pytest.raises(Refused, match="file_too_large"):
        accepted_type(edges("字".encode() * 30_000))


@given(data=st.binary(max_size=400))
def test_random_bytes_are_accepted_or_refused_but_never_break_anything(data: bytes) -> None:
    assert outcome(data) in {"file_type_not_accepted", "file_empty", *SIZE_LIMITS}


def outcome(data: bytes) -> str:
    try:
        require_early(data, None)
        return accepted_type(edges(data))
    except Refused as refused:
        return refused.code


@given(cut=st.integers(128, 5000))
def test_a_text_may_be_cut_anywhere_when_its_first_bytes_are_checked(cut: int) -> None:
    assert require_early(("退款，没到账。a" * 500).encode()[:cut], None) == 64 * 1024


def test_an_editor_and_a_later_time_are_noted() -> None:
    opened = NOW - timedelta(hours=2)
    edited = Picture(
        width=1, height=1, software="Adobe Photoshop 25.1", modified="2026:11:21 09:30:00",
        modified_zone="+08:00", truncated=True,
    )  # fmt: skip
    assert picture_notes(edited, opened, NOW) == ["edited", "modified_after_opening", "truncated"]


def test_a_phone_s_own_software_is_no_editor() -> None:
    phone = Picture(width=1, height=1, software="17.5.1", modified="2026:11:20 09:30:00")
    assert picture_notes(phone, NOW - timedelta(hours=2), NOW) == []


def test_a_time_without_a_zone_is_later_only_when_it_is_later_everywhere() -> None:
    opened = NOW - timedelta(hours=20)
    local = Picture(width=1, height=1, modified="2026:11:21 00:30:00")
    anywhere = Picture(width=1, height=1, modified="2026:11:20 22:30:00")
    assert picture_notes(local, opened, NOW) == ["modified_after_opening"]
    assert picture_notes(anywhere, NOW - timedelta(hours=3), NOW) == []


def test_a_time_in_the_future_is_noted() -> None:
    later = Picture(width=1, height=1, modified="2027:01:01 00:00:00")
    assert picture_notes(later, NOW, NOW) == ["future_time"]


@given(text=st.text(max_size=30), zone=st.text(max_size=6))
def test_any_words_may_stand_where_a_time_should(text: str, zone: str) -> None:
    odd = Picture(width=1, height=1, modified=text, modified_zone=zone)
    assert set(picture_notes(odd, NOW, NOW)) <= {"modified_after_opening", "future_time"}


@pytest.mark.parametrize("name", [b"/JavaScript", b"/J#61vaScript", b"/#4aS", b"/Launch"])
def test_a_pdf_that_can_act_is_noted(name: bytes) -> None:
    assert pdf_notes(pdf_names(PDF + b"<<" + name + b" (x)>>")) == ["active_pdf"]


def test_a_pdf_that_is_only_read_is_not_noted() -> None:
    assert pdf_notes(pdf_names(PDF)) == []


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\李雷\\截图.png", "截图.png"),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie_ x.png"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("..", ""),
        ('<img src=x onerror="a">.jpg', "_img src=x onerror=_a__.jpg"),
        ("长" * 200 + ".jpeg", "长" * 75 + ".jpeg"),
        ("a\0b.txt", "ab.txt"),
    ],
)
def test_a_file_s_name_is_made_harmless(given_name: str, shown: str) -> None:
    assert safe_filename(given_name) == shown


@given(name=st.text(max_size=300))
def test_no_name_keeps_a_path_a_line_end_or_more_than_eighty_letters(name: str) -> None:
    safe = safe_filename(name)
    assert len(safe) <= 80
    assert not set(safe) & set('/\\\0\r\n"<>:|?*\u202e\u200b')
    assert safe_filename(safe) == safe
