"""There is one way to write a value as bytes."""

import pytest
from hypothesis import given

from makegood.record.canonical import LARGEST_INTEGER, canonical, is_canonical
from tests.record.histories import values


def test_keys_are_sorted_and_nothing_is_escaped_needlessly() -> None:
    assert (
        canonical({"z": [1, None, True], "a": "退款"}) == '{"a":"退款","z":[1,null,true]}'.encode()
    )


@given(value=values)
def test_a_value_reads_back_from_its_canonical_bytes(value: object) -> None:
    assert is_canonical(canonical(value))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value", [1.0, LARGEST_INTEGER + 1, b"bytes", {1: "a"}, {"a": [0.5]}, ("a",)]
)
def test_what_other_readers_would_change_is_refused(value: object) -> None:
    with pytest.raises(AssertionError):
        canonical(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b"1.0",
        b'"\\u9000"',
        b"",
        b"{",
        b"1e3",
        b'"\xff"',
    ],
)
def test_any_other_spelling_is_not_canonical(text: bytes) -> None:
    assert not is_canonical(text)
