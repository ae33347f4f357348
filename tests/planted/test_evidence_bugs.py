"""Bugs planted in the rules of evidence files; each must be caught by the property beside it."""

from collections.abc import Callable

import pytest

from makegood.base.refusal import Refused
from makegood.claims.evidence import Edges, MediaType, accepted_type, media_type_of
from makegood.web.file_answer import Span, span_of
from tests.claims.evidence_kit import archive, movie, picture

AcceptedType = Callable[[Edges], MediaType]
SpanOf = Callable[[str | None, int], Span | None]


def nothing_is_two_things(accepted: AcceptedType) -> None:
    """Property: a picture or film that is an archive at its end is refused."""
    for host in (picture("JPEG"), movie()):
        both = host + archive()
        with pytest.raises(Refused):
            accepted(Edges(both[:1000], both[-1000:], len(both)))


def ranges_join_without_gap_or_overlap(spans: SpanOf) -> None:
    """Property: asking a film piece by piece gives every byte once."""
    film, got = movie(), b""
    for start in range(0, len(film), 50_000):
        span = spans(f"bytes={start}-{start + 49_999}", len(film))
        assert span is not None
        got += film[span.start : span.stop]
    assert got == film


def first_bytes_are_enough(edges: Edges) -> MediaType:
    """The bug: only the beginning of the file is looked at."""
    found = media_type_of(edges.head)
    assert found is not None
    return found


def last_byte_forgotten(header: str | None, size: int) -> Span | None:
    """The bug: the last byte of a range is read as if it were not part of it."""
    span = span_of(header, size)
    return span and Span(span.start, span.stop - 1, span.partial)


def test_the_true_rules_hold() -> None:
    nothing_is_two_things(accepted_type)
    ranges_join_without_gap_or_overlap(span_of)


def test_a_type_told_by_the_first_bytes_alone_is_caught() -> None:
    with pytest.raises(pytest.fail.Exception):
        nothing_is_two_things(first_bytes_are_enough)


def test_a_range_short_by_one_byte_is_caught() -> None:
    with pytest.raises(AssertionError):
        ranges_join_without_gap_or_overlap(last_byte_forgotten)
