"""A rule pack as one open file: JSON with sorted keys, the same bytes for the same rules.

The digest of a pack is the SHA-256 of exactly these bytes, so anybody can check a citation with
`sha256sum`. The file holds what the folder of a pack holds: `pack`, `reasons`, `slots`,
`findings`, `clocks`, `words`, `examples`, and each decision table as its own JDM document.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec

from makegood.policy.check import problems
from makegood.policy.examples import example_faults
from makegood.policy.faults import Fault, PackRefused, TableRefused
from makegood.policy.model import Clocks, Example, Finding, Head, Pack, PackWords, Reason, Slot
from makegood.policy.tables import Table, read_table

FORMAT: Final = "makegood_pack"
MAX_FILE_BYTES: Final = 4_000_000
PARTS: Final = ("pack", "reasons", "slots", "findings", "clocks", "words", "examples", "tables")
KEPT: Final = 32
"""Compiled packs kept by a process."""
T = TypeVar("T")
Parts = dict[str, Any]
"""The decoded file: plain JSON values by part."""


@lru_cache(maxsize=KEPT)
def read_pack_file(raw: bytes) -> Pack:
    """The checked, compiled pack of one file; the same file is compiled once per process.

    Raises PackRefused with every fault's file, row and column.
    """
    return _compiled(write_parts(read_parts(raw)))


def read_parts(raw: bytes) -> Parts:
    """The parts of a pack file as plain values, for editing. Raises PackRefused for a bad form."""
    if len(raw) > MAX_FILE_BYTES:
        raise _refused("too_large", str(MAX_FILE_BYTES))
    try:
        found = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        place = {"row": str(error.lineno), "column": str(error.colno)}
        fault = Fault(code="not_json", file="pack file", detail=error.msg, **place)
        raise PackRefused((fault,)) from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise _refused("not_json", str(error)[:200]) from error
    return _parts_of(found)


def write_parts(parts: Mapping[str, Any]) -> bytes:
    """The one file of these parts: sorted keys, one value a line, a line end at its end."""
    whole = {FORMAT: 1, **parts}
    text = json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    return f"{text}\n".encode()


def parts_of_folder(files: Mapping[str, bytes]) -> Parts:
    """The parts from the files of a folder, by their names. Raises PackRefused."""
    parts: Parts = {"tables": {}, "examples": []}
    for name, raw in files.items():
        stem = name.removesuffix(".json")
        where = parts["tables"] if name.startswith("tables/") else parts
        try:
            where[stem.removeprefix("tables/")] = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise PackRefused((Fault(code="not_json", file=name, detail=str(error)),)) from error
    return _parts_of({FORMAT: 1, **parts})


def digest_of(source: bytes) -> str:
    """The content address of a pack file."""
    return hashlib.sha256(source).hexdigest()


@lru_cache(maxsize=KEPT)
def _compiled(source: bytes) -> Pack:
    parts = json.loads(source)
    tables = _tables(parts["tables"])
    pack = Pack(
        head=_part(parts, "pack", Head),
        digest=digest_of(source),
        source=source,
        reasons={one.code: one for one in _part(parts, "reasons", list[Reason])},
        slots={one.code: one for one in _part(parts, "slots", list[Slot])},
        findings={one.code: one for one in _part(parts, "findings", list[Finding])},
        tables=tables,
        clocks=_part(parts, "clocks", Clocks),
        words=_part(parts, "words", PackWords),
        examples=tuple(_part(parts, "examples", list[Example])),
    )
    found = problems(pack) or example_faults(pack)
    if found:
        raise PackRefused(tuple(found))
    return pack


def _tables(documents: Mapping[str, Any]) -> dict[str, Table]:
    """Every table compiled; the faults of all tables are told at once."""
    tables: dict[str, Table] = {}
    faults: list[Fault] = []
    for name, document in sorted(documents.items()):
        file = f"tables/{name}.json"
        try:
            table = read_table(json.dumps(document, ensure_ascii=False).encode(), file)
        except TableRefused as refusal:
            faults.extend(refusal.faults)
            continue
        if table.id != name:
            faults.append(Fault(code="shape", file=file, detail=f"its name is {table.id}"))
        tables[name] = table
    if faults:
        raise PackRefused(tuple(faults))
    return tables


def _part(parts: Parts, name: str, kind: type[T]) -> T:
    try:
        return msgspec.convert(parts[name], kind)
    except msgspec.ValidationError as error:
        fault = Fault(code="shape", file=f"{name}.json", detail=str(error))
        raise PackRefused((fault,)) from error


def _parts_of(found: object) -> Parts:
    if not isinstance(found, dict) or FORMAT not in found:
        raise _refused("not_a_pack", f"no {FORMAT!r}")
    if found[FORMAT] != 1 or isinstance(found[FORMAT], bool):
        raise _refused("other_format", str(found[FORMAT])[:40])
    strange = sorted(set(found) - {FORMAT, *PARTS})
    if strange:
        raise _refused("columns", ", ".join(strange)[:200])
    for name in PARTS:
        if name not in found:
            raise PackRefused((Fault(code="missing", file=f"{name}.json"),))
    if not isinstance(found["tables"], dict):
        raise _refused("not_a_pack", "tables")
    return {name: found[name] for name in PARTS}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are written once each: nobody hides a second meaning behind a first."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise PackRefused((Fault(code="twice", file="pack file", detail=key[:80]),))
        found[key] = value
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number of JSON")


def _refused(code: str, detail: str) -> PackRefused:
    return PackRefused((Fault(code=code, file="pack file", detail=detail),))
