"""Features of a message for the linear model: characters in threes, words, word pairs."""

import re
from itertools import pairwise
from typing import Final

_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_LATIN = re.compile(r"[a-z_][a-z_']*")
MAX_FEATURES: Final = 400


def features(text: str) -> set[str]:
    """The distinct features of a normalised text, values already replaced."""
    out: set[str] = set()
    for run in _CHINESE.findall(text):
        for size in (1, 2, 3):
            out.update(run[place : place + size] for place in range(len(run) - size + 1))
    words = _LATIN.findall(text)
    out.update("w:" + word for word in words)
    out.update("s:" + word[:5] for word in words if len(word) > 5)
    out.update(f"p:{first} {second}" for first, second in pairwise(words))
    return set(sorted(out)[:MAX_FEATURES]) if len(out) > MAX_FEATURES else out
