"""Stage 0: one form for the same words, so that rules and the model see no accidental differences.

The character table is taken from OpenCC (Apache-2.0), one-to-one pairs only.
"""

import json
import re
import unicodedata
from pathlib import Path
from typing import Final

MAX_CHARS: Final = 4_000
"""Longer messages are read from their beginning; nobody states a problem after 4,000 characters."""

_TABLE = json.loads((Path(__file__).parent / "data" / "simplified.json").read_text("utf-8"))
SIMPLIFIED: Final[dict[int, int]] = {
    ord(old): ord(new) for old, new in zip(_TABLE["from"], _TABLE["to"], strict=True)
}
_FACES: Final[dict[int, int | str]] = {
    ord(face): word
    for faces, word in (("😡🤬👿😠💢", "生气"), ("😭😢😥", "难过"), ("🙏", "谢谢"), ("👍", "好评"))
    for face in faces
}
_ONE_FORM: Final = _FACES | SIMPLIFIED
_RUN = re.compile(r"(.)\1{2,}")
_SPACE = re.compile(r"\s+")
_URL = re.compile(r"https?://\S+|www\.\S+")
_AMOUNT = re.compile(r"(?:¥|\$)\s?\d+(?:\.\d+)?|\d+(?:\.\d+)?\s?(?:元|块|圆|rmb|yuan|cny|usd|刀)")
_CODE = re.compile(
    r"\b(?=[a-z0-9\-]*\d)[a-z0-9]{2,}(?:-[a-z0-9]{2,}){1,}\b|\b(?=\w*\d)[a-z0-9]{9,}\b"
)
_NUMBER = re.compile(r"\d+")


def normalise(text: str) -> str:
    """NFKC, simplified characters, lower case, runs and spaces collapsed, faces as words."""
    form = unicodedata.normalize("NFKC", text[:MAX_CHARS]).translate(_ONE_FORM).lower()
    return _SPACE.sub(" ", _RUN.sub(r"\1\1", form)).strip()


def without_values(normal: str) -> str:
    """Normalised text with links, codes, amounts and numbers as placeholders for the model."""
    text = _URL.sub(" _url ", normal)
    text = _CODE.sub(" _code ", text)
    text = _AMOUNT.sub(" _amt ", text)
    return _SPACE.sub(" ", _NUMBER.sub("0", text)).strip()
