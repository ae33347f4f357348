"""Rule packs: reading one from its folder, checking it, and compiling it once per process."""

from pathlib import Path

from makegood.policy.model import Pack

DEFAULT = "default"


class PackRefused(ValueError):
    """A pack that may not be used: says the file, the place in it and what is wrong."""


def load_pack(where: str | Path = DEFAULT) -> Pack:
    """A pack by the name of a shipped one or by its folder; the same one is compiled once.

    Raises PackRefused with file and place for anything a pack may not hold.
    """
    raise PackRefused(str(where))
