"""Rule packs: reading one from its folder, checking it, and compiling it once per process."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from makegood.policy.check import problems
from makegood.policy.model import Clocks, Finding, Head, Pack, PackWords, Reason, Slot
from makegood.policy.tables import MAX_BYTES, TableRefused, read_table

DEFAULT: Final = "default"
PACKS: Final = Path(__file__).parent / "packs"
T = TypeVar("T")


class PackRefused(ValueError):
    """A pack that may not be used: says the file, the place in it and what is wrong."""


def load_pack(where: str | Path = DEFAULT) -> Pack:
    """A pack by the name of a shipped one or by its folder.

    Raises PackRefused with file and place for anything a pack may not hold.
    """
    folder = where if isinstance(where, Path) else PACKS / where
    return _compiled(folder, _digest(_files(folder)))


@lru_cache(maxsize=8)
def _compiled(folder: Path, digest: str) -> Pack:
    """The pack of a folder; the digest in the key makes a changed folder a new pack."""
    files = _files(folder)
    try:
        tables = [read_table(raw, name) for name, raw in files.items() if _is_table(name)]
    except TableRefused as refusal:
        raise PackRefused(str(refusal)) from refusal
    pack = Pack(
        head=_read(files, "pack.json", Head),
        digest=digest,
        reasons={one.code: one for one in _read(files, "reasons.json", list[Reason])},
        slots={one.code: one for one in _read(files, "slots.json", list[Slot])},
        findings={one.code: one for one in _read(files, "findings.json", list[Finding])},
        tables={table.id: table for table in tables},
        clocks=_read(files, "clocks.json", Clocks),
        words=_read(files, "words.json", PackWords),
    )
    found = problems(pack)
    if found:
        raise PackRefused("; ".join(found[:5]))
    return pack


def _files(folder: Path) -> dict[str, bytes]:
    if not (folder / "pack.json").is_file():
        raise PackRefused(f"{folder.name}: no pack.json")
    paths = sorted(folder.rglob("*.json"))
    for path in paths:
        if path.stat().st_size > MAX_BYTES:
            raise PackRefused(f"{path.name}: larger than {MAX_BYTES} bytes")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _digest(files: dict[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name, raw in files.items():
        whole.update(f"{name}\0{len(raw)}\0".encode())
        whole.update(raw)
    return whole.hexdigest()


def _is_table(name: str) -> bool:
    return name.startswith("tables/")


def _read(files: dict[str, bytes], name: str, kind: type[T]) -> T:
    if name not in files:
        raise PackRefused(f"{name}: missing")
    try:
        return msgspec.json.decode(files[name], type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PackRefused(f"{name}: {error}") from error
