"""Random tokens of sessions and keys: made once, handed out once, stored only as a hash.

A token names its market, so that finding it never looks into another market's rows. It holds
256 random bits, so a plain SHA-256 is enough: there is nothing to guess.
"""

import hashlib
from base64 import urlsafe_b64encode
from typing import Final

from makegood.base.ids import Ids

SECRET_BYTES: Final = 32
_LONGEST: Final = 120
"""Prefix, the longest market id and a secret fit well; more is not ours and not worth keeping."""


def new_token(ids: Ids, market_id: str, prefix: str = "") -> str:
    """`prefix`, market and secret, joined by dots or as `mg_market_secret` for keys."""
    secret = urlsafe_b64encode(ids.secret(SECRET_BYTES)).decode().rstrip("=")
    return f"{prefix}{market_id}{_mark(prefix)}{secret}"


def is_of_market(token: str, market_id: str, prefix: str = "") -> bool:
    """Whether the token has our form and says that it belongs to this market."""
    return len(token) <= _LONGEST and token.startswith(f"{prefix}{market_id}{_mark(prefix)}")


def token_hash(token: str) -> bytes:
    """What is stored and looked up instead of the token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _mark(prefix: str) -> str:
    return "_" if prefix else "."
