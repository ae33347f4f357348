"""One way to write a value as bytes: sorted JSON without floats, the same on every machine."""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import msgspec

Value: TypeAlias = str | int | bool | list[Any] | dict[str, Any] | None
"""What a field may hold: JSON without floats. Lists and dicts hold Values again."""

LARGEST_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON reader, a browser's too, keeps exactly."""

_PLAIN: Final = frozenset({str, bool, type(None)})
_encoder: Final = msgspec.json.Encoder(order="deterministic")


def canonical(value: Value) -> bytes:
    """The canonical bytes of a value.

    Keys are sorted by code point, there is no white space, text is UTF-8 and is not
    normalised, integers lie within ±(2**53 - 1). A float or another type is a bug of the
    caller and raises AssertionError.
    """
    if type(value) not in _PLAIN:
        _require_exact(value)
    return _encoder.encode(value)


def is_canonical(text: bytes) -> bool:
    """Whether these bytes are the canonical form of what they say (no duplicate keys either)."""
    try:
        return canonical(msgspec.json.decode(text)) == text
    except (msgspec.DecodeError, UnicodeDecodeError, AssertionError):
        return False


def _require_exact(value: object) -> None:
    kind = type(value)
    if kind is int:
        _require(-LARGEST_INTEGER <= value <= LARGEST_INTEGER, value)  # type: ignore[operator]
    elif isinstance(value, list):
        _require_parts(value)
    elif isinstance(value, dict):
        for key in value:
            _require(type(key) is str, key)
        _require_parts(value.values())
    else:
        _require(kind in _PLAIN, value)


def _require_parts(parts: Iterable[object]) -> None:
    """Most parts are plain; asking that here saves a call for each."""
    for part in parts:
        if type(part) not in _PLAIN:
            _require_exact(part)


def _require(holds: bool, value: object) -> None:
    if not holds:
        raise AssertionError(f"{type(value).__name__} has no exact canonical form")
