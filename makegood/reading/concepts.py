"""Ideas that both languages name: each becomes one feature, so that one teaches the other."""

import json
from pathlib import Path
from typing import Final

_NAMED: Final[dict[str, list[str]]] = json.loads(
    (Path(__file__).parent / "data" / "concepts.json").read_text("utf-8")
)
_START: Final = 2


def _by_start() -> dict[str, tuple[tuple[str, str], ...]]:
    """Words by their first two characters (or one), so that a text is walked only once."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, words in _NAMED.items():
        for word in words:
            found.setdefault(word[:_START], []).append((word, "k:" + name))
    return {start: tuple(pairs) for start, pairs in found.items()}


_STARTS: Final = _by_start()


def concepts(text: str) -> set[str]:
    """The ideas named in a normalised text."""
    out: set[str] = set()
    for place, letter in enumerate(text):
        for start in (letter, text[place : place + _START]):
            for word, name in _STARTS.get(start, ()):
                if text.startswith(word, place):
                    out.add(name)
    return out
