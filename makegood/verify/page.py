"""The offline verifier: one HTML file put together from its parts, the same bytes every time."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final, get_args

from makegood.record.canonical import canonical
from makegood.verify.words import Language, words_of

FOLDER: Final = Path(__file__).parent / "offline"
CORE: Final = (
    "bytes.js",
    "tree.js",
    "note.js",
    "policy.js",
    "json.js",
    "archive.js",
    "receipt.js",
    "bundle.js",
    "judge.js",
)
"""The checking itself, in the order in which the parts build on each other."""

_MARK_STYLE: Final = "/*style*/"
_MARK_SCRIPT: Final = "/*script*/"


@lru_cache(maxsize=1)
def offline_page() -> bytes:
    """The whole page: style, words and script inside, nothing loaded from anywhere."""
    page = (FOLDER / "page.html").read_text("utf-8")
    style = (FOLDER / "page.css").read_text("utf-8")
    script = "\n".join((core(), _words(), _part("page.js")))
    # A browser would end the script at this mark, even inside a string.
    assert "</script" not in script, "the script holds no end of a script"
    return page.replace(_MARK_STYLE, style).replace(_MARK_SCRIPT, script).encode()


def offline_page_hash() -> str:
    """SHA-256 of the page in hex, as every release notes it."""
    return sha256(offline_page()).hexdigest()


def core() -> str:
    """The script that checks, without the page around it."""
    return "\n".join(_part(name) for name in CORE)


def _words() -> str:
    words = {language: words_of(language) for language in get_args(Language)}
    return f"const WORDS = {canonical(words).decode()};\n"


def _part(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")
