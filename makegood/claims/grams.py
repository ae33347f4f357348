"""Search grams: one- and two-character pieces as numbers, so any Chinese word can be found."""

import zlib
from functools import lru_cache
from typing import Final

_PUNCTUATION: Final = str.maketrans(
    dict.fromkeys("，。！？、；：“”‘’（）【】《》…—·,.!?;:'\"()[]<>|/\\", " ")
)
_NARROW: Final = {wide: wide - 0xFEE0 for wide in range(ord("！"), ord("～") + 1)}
MAX_GRAMS: Final = 400


def normal(text: str) -> str:
    """The text as it is searched: case folded, full-width letters narrowed, punctuation out."""
    return " ".join(text.translate(_NARROW).casefold().translate(_PUNCTUATION).split())


def grams_of(text: str) -> list[int]:
    """The grams that a row is found by, each once, in a fixed order."""
    found: dict[str, None] = {}
    for word in normal(text).split():
        for place, letter in enumerate(word):
            found[letter] = None
            if place + 1 < len(word):
                found[word[place : place + 2]] = None
    return [_number(gram) for gram in list(found)[:MAX_GRAMS]]


def grams_asked(query: str) -> list[int]:
    """The fewest grams that every match must have: the pairs, or the letter of a single one."""
    asked: dict[str, None] = {}
    for word in normal(query).split():
        pairs = [word[place : place + 2] for place in range(len(word) - 1)]
        asked.update(dict.fromkeys(pairs or [word]))
    return [_number(gram) for gram in asked]


@lru_cache(maxsize=100_000)
def _number(gram: str) -> int:
    """A signed 32-bit number; a rare clash is sorted out by comparing the text itself."""
    value = zlib.crc32(gram.encode())
    return value - (1 << 32) if value >= 1 << 31 else value
