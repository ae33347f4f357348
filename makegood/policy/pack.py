"""Rule packs in folders: reading one, checking it, and compiling it once per process."""

from pathlib import Path
from typing import Final

from makegood.policy.faults import PackRefused, refused
from makegood.policy.jdm import MAX_BYTES
from makegood.policy.model import Pack
from makegood.policy.packfile import parts_of_folder, read_pack_file, write_parts

__all__ = ["DEFAULT", "PACKS", "PackRefused", "load_pack"]

DEFAULT: Final = "default"
PACKS: Final = Path(__file__).parent / "packs"


def load_pack(where: str | Path = DEFAULT) -> Pack:
    """A pack by the name of a shipped one or by its folder.

    Raises PackRefused with file and place for anything a pack may not hold.
    """
    folder = where if isinstance(where, Path) else PACKS / where
    return read_pack_file(write_parts(parts_of_folder(_files(folder))))


def _files(folder: Path) -> dict[str, bytes]:
    if not (folder / "pack.json").is_file():
        raise refused("missing", f"{folder.name}: no pack.json")
    paths = sorted(folder.rglob("*.json"))
    for path in paths:
        if path.stat().st_size > MAX_BYTES:
            raise refused("too_large", path.name, detail=str(MAX_BYTES))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
