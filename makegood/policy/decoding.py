"""JSON from outside, read strictly and turned into structs; faults have their row and column."""

import json
import re
from typing import Any, Final, TypeVar

import msgspec

from makegood.policy.faults import PackRefused, refused

T = TypeVar("T")
_SAID = re.compile(r"(?P<what>.*?)(?: - at `(?P<path>\$.*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<place>\d+)\]|\[(?P<any>\.\.\.)\]")
_WRONG: Final = (
    ("field_unknown", re.compile(r"Object contains unknown field `(?P<field>.*)`", re.DOTALL)),
    ("field_missing", re.compile(r"Object missing required field `(?P<field>.*)`")),
    ("choice", re.compile(r"Invalid enum value (?P<detail>.*)", re.DOTALL)),
    ("kind", re.compile(r"Expected `(?P<detail>.*)`, got `.*`")),
)
"""What msgspec says of a wrong shape, and our code for it."""
_KINDS: Final = {"str": "string", "int": "integer", "float": "number", "bool": "true/false"}
_ROWS_IN: Final = ("", "rules")
"""The lists whose places are rows to a reader: a part that is a list, and a table's rules."""


def read_json(raw: bytes, file: str) -> object:
    """The value of a JSON file in UTF-8 in which no key of an object is written twice.

    Raises PackRefused with the row and column of what cannot be read.
    """
    try:
        text = raw.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        row = str(raw.count(b"\n", 0, error.start) + 1)
        raise refused("not_utf8", file, row=row) from error
    except json.JSONDecodeError as error:
        place = {"row": str(error.lineno), "column": str(error.colno)}
        raise refused("not_json", file, detail=error.msg, **place) from error
    except _Twice as twice:
        raise refused("twice", file, detail=str(twice)[:80]) from twice
    except RecursionError as error:
        raise refused("too_deep", file) from error
    except ValueError as error:
        raise refused("not_json", file, detail=str(error)[:200]) from error


def converted(found: object, kind: type[T], file: str) -> T:
    """A decoded value as a struct. Raises PackRefused with row and column."""
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        raise _misshapen(str(error), found, file) from error


class _Twice(Exception):
    """A key that is written twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are written once each: nobody hides a second meaning behind a first."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(key)
        found[key] = value
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number of JSON")


def _misshapen(said: str, whole: object, file: str) -> PackRefused:
    """What the decoder says, with the row and column that its path leads to."""
    split = _SAID.fullmatch(said)
    what, path = (split["what"], split["path"] or "") if split else (said, "")
    row, column = _place(path, whole)
    for code, pattern in _WRONG:
        found = pattern.fullmatch(what)
        if found is not None:
            held = found.groupdict()
            column = ".".join(part for part in (column, held.get("field", "")) if part)
            detail = held.get("detail", "")[:80]
            return refused(code, file, row=row, column=column, detail=_KINDS.get(detail, detail))
    return refused("shape", file, row=row, column=column, detail=what[:200])


def _place(path: str, whole: object) -> tuple[str, str]:
    """Row and column of a decoder's path, such as `$.rules[2].name`; rows count from 1.

    A row with a code of its own is called by it.
    """
    row, column, at = "", "", whole
    for step in _STEP.finditer(path):
        if step["place"] is None:
            name = step["name"] or "*"
            column = f"{column}.{name}" if column else name
            at = at.get(name) if isinstance(at, dict) else None
            continue
        place = int(step["place"])
        at = at[place] if isinstance(at, list) and place < len(at) else None
        if column.rpartition(".")[2] in _ROWS_IN:
            row, column = _code_of(at) or str(place + 1), ""
        else:
            column = f"{column}[{place + 1}]"
    return row, column


def _code_of(item: object) -> str:
    code = item.get("code") if isinstance(item, dict) else None
    return code[:40] if isinstance(code, str) else ""
