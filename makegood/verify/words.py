"""What a verdict says to people, in Chinese and English; the offline page says the same."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from makegood.verify.verdict import Verdict

Language = Literal["zh", "en"]
FOLDER: Final = Path(__file__).parent / "words"
_ROWS_OF_THEIR_OWN: Final = ("anchors_not_checked", "others_signed")


@lru_cache(maxsize=2)
def words_of(language: Language) -> dict[str, Any]:
    """Every text by group: states, reasons, page, facts."""
    words: dict[str, Any] = msgspec.json.decode((FOLDER / f"{language}.json").read_bytes())
    return words


def title_of(verdict: Verdict, language: Language) -> str:
    """The result in one sentence."""
    return str(words_of(language)["states"][verdict.state]["title"])


def text_of(verdict: Verdict, language: Language) -> str:
    """What it means and what to do."""
    words = words_of(language)
    text: str = words["states"][verdict.state]["text"]
    reason = words["reasons"].get(verdict.reason, verdict.reason)
    return text.format(reason=reason, merge_by=verdict.merge_by)


def _seen_by(verdict: Verdict, cautions: dict[str, str]) -> list[tuple[str, str]]:
    """Who else has seen it; where nobody has, or nobody was asked, that stands in the place."""
    told = [cautions[one] for one in verdict.cautions if one not in _ROWS_OF_THEIR_OWN]
    rows = [
        ("witnesses", ", ".join((*verdict.witnesses, *told))),
        ("claimed", ", ".join(verdict.claimed)),
        ("stamps", ", ".join(verdict.stamps)),
        ("carried", f"{', '.join(verdict.carried)}: {cautions['anchors_not_checked']}"),
        ("others", cautions["others_signed"] if "others_signed" in verdict.cautions else ""),
    ]
    return [(name, said) for name, said in rows if said and (name != "carried" or verdict.carried)]


def closed_text(closed: Mapping[str, int], language: Language) -> str:
    """How many fields stay closed for which reason, in one line."""
    words = words_of(language)["closed"]
    counts = sorted(closed.items())
    return "; ".join(f"{words.get(why, why)} ({count})" for why, count in counts)


def asked_of(verdict: Verdict, node: str, language: Language) -> list[str]:
    """What the node was asked about each anchor on a chain and what it answered, as sentences."""
    words = words_of(language)["chain"]
    return [
        words[one.state].format(
            node=node, deep=one.newest - one.block + 1, **msgspec.structs.asdict(one)
        )
        for one in verdict.chain
    ]


def facts_of(verdict: Verdict, language: Language) -> list[tuple[str, str]]:
    """What was found, as pairs to show; nothing for what does not apply."""
    words = words_of(language)["facts"]
    pairs = [("pinned", words["pinned_yes" if verdict.pinned else "pinned_no"])]
    shown = ("number", "origin", "at", "merge_by", "index", "size", "entries", "fields", "files")
    for name in shown:
        value = getattr(verdict, name)
        if value not in ("", 0, -1):
            pairs.append((name, str(value)))
    if verdict.closed:
        pairs.append(("closed", closed_text(verdict.closed, language)))
    pairs += _seen_by(verdict, words_of(language)["cautions"])
    kind = [("kind", words[f"kind_{verdict.kind}"])] if verdict.kind else []
    return [(words[name], value) for name, value in kind + pairs]
