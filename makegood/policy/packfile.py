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

from makegood.policy.check import problems
from makegood.policy.decoding import converted, read_json
from makegood.policy.examples import example_faults
from makegood.policy.faults import WHOLE, Fault, PackRefused, refused
from makegood.policy.jdm import table_of
from makegood.policy.model import Clocks, Example, Finding, Head, Pack, PackWords, Reason, Slot
from makegood.policy.tables import Table

FORMAT: Final = "makegood_pack"
MAX_FILE_BYTES: Final = 4_000_000
PARTS: Final = ("pack", "reasons", "slots", "findings", "clocks", "words", "examples", "tables")
KEPT: Final = 32
"""Compiled packs kept by a process."""
T = TypeVar("T")
C = TypeVar("C", Reason, Slot, Finding)
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
        raise refused("too_large", WHOLE, detail=str(MAX_FILE_BYTES))
    return _parts_of(read_json(raw, WHOLE))


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
        where[stem.removeprefix("tables/")] = read_json(raw, name)
    return _parts_of({FORMAT: 1, **parts})


def digest_of(source: bytes) -> str:
    """The content address of a pack file."""
    return hashlib.sha256(source).hexdigest()


@lru_cache(maxsize=KEPT)
def _compiled(source: bytes) -> Pack:
    parts = json.loads(source)
    pack = Pack(
        head=_part(parts, "pack", Head),
        digest=digest_of(source),
        source=source,
        reasons=_by_code(_part(parts, "reasons", list[Reason]), "reasons"),
        slots=_by_code(_part(parts, "slots", list[Slot]), "slots"),
        findings=_by_code(_part(parts, "findings", list[Finding]), "findings"),
        tables=_tables(parts["tables"]),
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
            tables[name] = table_of(document, file)
        except PackRefused as refusal:
            faults.extend(refusal.faults)
            continue
        if tables[name].id != name:
            detail = repr(tables[name].id[:80])
            faults.append(Fault(code="table_name", file=file, column="name", detail=detail))
    if faults:
        raise PackRefused(tuple(faults))
    return tables


def _part(parts: Parts, name: str, kind: type[T]) -> T:
    return converted(parts[name], kind, f"{name}.json")


def _by_code(many: list[C], name: str) -> dict[str, C]:
    """A part that is a list of things with a code each; no code stands for two things."""
    found: dict[str, C] = {}
    for one in many:
        if one.code in found:
            raise refused("id_twice", f"{name}.json", row=one.code, detail=repr(one.code))
        found[one.code] = one
    return found


def _parts_of(found: object) -> Parts:
    if not isinstance(found, dict) or FORMAT not in found:
        raise refused("not_a_pack", WHOLE, detail=FORMAT)
    if found[FORMAT] != 1 or isinstance(found[FORMAT], bool):
        detail = str(found[FORMAT])[:40]
        raise refused("other_format", WHOLE, column=FORMAT, detail=detail)
    strange = sorted(set(found) - {FORMAT, *PARTS})
    if strange:
        names = ", ".join(strange)[:200]
        raise refused("field_unknown", WHOLE, column=names)
    for name in PARTS:
        if name not in found:
            raise refused("missing", f"{name}.json")
    if not isinstance(found["tables"], dict):
        raise refused("kind", WHOLE, column="tables", detail="object")
    return {name: found[name] for name in PARTS}
