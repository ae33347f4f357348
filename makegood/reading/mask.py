"""Masking: card codes, passwords, phones and identity numbers never reach a list, log or mail."""

import re
from collections.abc import Collection
from typing import Final

MASK: Final = "****"
_PASSWORD = re.compile(
    r"((?:密码|密碼|口令|验证码|驗證碼|password|passwd|pwd|pin|otp)\s*(?:是|为|為|is|[:：=])\s*)(\S{3,64})",
    re.IGNORECASE,
)
_MAIL = re.compile(
    r"\b([A-Za-z0-9])[A-Za-z0-9._%+\-]{0,63}(@[A-Za-z0-9.\-]{1,190}\.[A-Za-z]{2,24})"
)
_TOKEN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]+(?:[\-_][A-Za-z0-9]+)*(?![A-Za-z0-9])")
_CLAIM_NO = re.compile(r"AS-\d{6}-[0-9A-HJKMNP-TV-Z]{6}")
_ORDER_LIKE = re.compile(r"[A-Za-z]{1,4}\d{8,24}")
_IDENTITY = re.compile(r"\d{17}[\dXx]")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_GROUPED = re.compile(r"[A-Za-z0-9]{3,8}(?:[\-_][A-Za-z0-9]{3,8}){2,}")
DIGITS_SECRET_FROM: Final = 12
MIXED_SECRET_FROM: Final = 10


def mask_secrets(text: str, keep: Collection[str] = ()) -> str:
    """The text with what looks secret masked by `****`.

    `keep` holds order numbers known for this reader; they stay readable. A doubtful long number
    is masked: a masked order number costs a question, a shown card code costs the card.
    """
    kept = {one.lower() for one in keep}
    masked = _PASSWORD.sub(lambda found: found[1] + MASK, text)
    masked = _MAIL.sub(lambda found: found[1] + MASK + found[2], masked)
    return _TOKEN.sub(lambda found: _token(found[0], kept), masked)


def looks_secret(token: str) -> bool:
    """Whether a run of letters, digits and dashes has the form of a code or a personal number."""
    if _CLAIM_NO.fullmatch(token) or _ORDER_LIKE.fullmatch(token):
        return False
    bare = token.replace("-", "").replace("_", "")
    if _MOBILE.fullmatch(bare) or _IDENTITY.fullmatch(bare):
        return True
    if bare.isdigit():
        return len(bare) >= DIGITS_SECRET_FROM
    has_digit = any(char.isdigit() for char in bare)
    if _GROUPED.fullmatch(token) and (has_digit or bare.isupper()):
        return True
    return has_digit and not bare.isdigit() and len(bare) >= MIXED_SECRET_FROM


def _token(token: str, kept: set[str]) -> str:
    if token.lower() in kept or not looks_secret(token):
        return token
    return token[:2] + MASK + token[-2:]
