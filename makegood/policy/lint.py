"""Void clauses: sentences that the law does not let a shop say, found in packs and free text.

Patterns look at one sentence at a time, after full-width letters, spaces inside Chinese words and
traditional characters are made alike. A sentence that denies or quotes such a clause is left in
peace. What is found is a reason to read the sentence again, not a legal opinion.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

import msgspec

from makegood.policy.judgement import Words
from makegood.policy.model import Pack
from makegood.policy.void_clauses import CLAUSES, VoidClause

MAX_TEXT: Final = 50_000
_END: Final = frozenset("。！？!?；;\n\r")
_TRADITIONAL: Final = str.maketrans(
    "終解釋權歸賣買換購確認視為責擔損訴訟舉報續費動開啟實際異議後認貨與關係單獨條款違規個額繳",
    "终解释权归卖买换购确认视为责担损诉讼举报续费动开启实际异议后认货与关系单独条款违规个额缴",
)
_INVISIBLE: Final = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")


class VoidFound(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence that says something void, with its place in the text (characters)."""

    clause: str
    name: Words
    statute: Words
    instead: Words
    start: int
    end: int
    said: str


class _Sentence(msgspec.Struct, frozen=True):
    start: int
    end: int
    alike: str


def lint(text: str) -> list[VoidFound]:
    """Every void clause in the text, in its order; at most MAX_TEXT characters are read."""
    return list(_lint(text[:MAX_TEXT]))


@lru_cache(maxsize=4_096)
def _lint(text: str) -> tuple[VoidFound, ...]:
    """Most texts of a draft are those of the version before it: each is read once."""
    return tuple(
        _found(text, sentence, clause)
        for sentence in _sentences(text)
        for clause in CLAUSES
        if _says(clause, sentence.alike)
    )


def lint_pack(pack: Pack) -> list[tuple[str, VoidFound]]:
    """Void clauses in any sentence of a pack that somebody reads, with its place."""
    return [(place, found) for place, said in _texts(pack) for found in _both(said)]


def _both(said: Words) -> Iterator[VoidFound]:
    yield from lint(said.zh)
    yield from lint(said.en)


def _texts(pack: Pack) -> Iterator[tuple[str, Words]]:
    parts: dict[str, tuple[Iterable[tuple[str, object]], tuple[str, ...]]] = {
        "findings": (pack.findings.items(), ("name", "clause", "for_buyer", "for_seller")),
        "reasons": (pack.reasons.items(), ("name", "help", "question")),
        "slots": (pack.slots.items(), ("name", "how")),
        "clocks": (pack.clocks.stages.items(), ("basis", "consequence")),
        "examples": (((one.rule, one) for one in pack.examples), ("title", "text")),
    }
    for part, (held, fields) in parts.items():
        for code, one in held:
            yield from ((f"{part}/{code}/{field}", getattr(one, field)) for field in fields)
    for part in pack.words.__struct_fields__:
        words = getattr(pack.words, part)
        for name, said in ({"": words} if isinstance(words, Words) else words).items():
            yield f"words/{part}/{name}".rstrip("/"), said


def _says(clause: VoidClause, alike: str) -> bool:
    if not any(pattern.search(alike) for pattern in clause.patterns):
        return False
    return not any(guard.search(alike) for guard in clause.guards)


def _found(text: str, sentence: _Sentence, clause: VoidClause) -> VoidFound:
    return VoidFound(
        clause=clause.code,
        name=clause.name,
        statute=clause.statute,
        instead=clause.instead,
        start=sentence.start,
        end=sentence.end,
        said=text[sentence.start : sentence.end].strip(),
    )


def _sentences(text: str) -> Iterator[_Sentence]:
    """Sentences with their place; a full stop ends one only before a space or the end."""
    start = 0
    for place, letter in enumerate(text):
        stop = letter == "." and (place + 1 == len(text) or text[place + 1].isspace())
        if letter in _END or stop:
            yield _Sentence(start, place + 1, _alike(text[start : place + 1]))
            start = place + 1
    if start < len(text):
        yield _Sentence(start, len(text), _alike(text[start:]))


def _alike(sentence: str) -> str:
    """The sentence in one form: half-width, simplified, lower case, no gaps inside Chinese."""
    kept = "".join(letter for letter in sentence if letter not in _INVISIBLE)
    plain = unicodedata.normalize("NFKC", kept).translate(_TRADITIONAL).lower()
    joined = re.sub(r"(?<=[\u4e00-\u9fff])[\s·\-_*]+(?=[\u4e00-\u9fff])", "", plain)
    return re.sub(r"\s+", " ", joined).strip()
