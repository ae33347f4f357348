"""Features of a message for the linear model: ideas, runs of characters, words, their parts."""

import re
from itertools import pairwise
from typing import Final

from makegood.reading.concepts import concepts

_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_LATIN = re.compile(r"[a-z_][a-z_']*")
MAX_CHARS: Final = 400
"""The model reads the beginning; a complaint that starts later is rare, and tags are editable."""


def features(text: str) -> set[str]:
    """The distinct features of a normalised text, values already replaced."""
    text = text[:MAX_CHARS]
    out = concepts(text)
    for run in _CHINESE.findall(text):
        out.update(run)
        out.update(run[place : place + 2] for place in range(len(run) - 1))
        out.update(run[place : place + 3] for place in range(len(run) - 2))
    words = _LATIN.findall(text)
    for word in words:
        whole = f"^{word}$"
        out.add(whole)
        out.update(whole[place : place + 4] for place in range(len(whole) - 3))
    out.update(f"{first} {second}" for first, second in pairwise(words))
    return out
