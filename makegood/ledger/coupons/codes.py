"""The code that a buyer types: made from the coupon's number by a key, and never stored."""

from typing import Final

from makegood.base.ids import CROCKFORD
from makegood.store.vault import Vault

PREFIX: Final = "MC"
_LETTERS: Final = 16
_READ_AS: Final = str.maketrans("ILOU", "110V")
"""Letters that people confuse; the alphabet holds none of them."""


def code_of(vault: Vault, market_id: str, coupon_no: str) -> str:
    """The code of a coupon, 80 bits that nobody can guess from its number: `MC-XXXX-…`."""
    drawn = int.from_bytes(vault.keyed_hash("coupon code", f"{market_id}\x1f{coupon_no}")[:10])
    letters = ""
    for _ in range(_LETTERS):
        drawn, digit = divmod(drawn, 32)
        letters += CROCKFORD[digit]
    return "-".join([PREFIX, *(letters[place : place + 4] for place in range(0, _LETTERS, 4))])


def code_hash(vault: Vault, market_id: str, code: str) -> bytes:
    """What is stored of a code: 32 bytes by which it is found again, however it was typed."""
    letters = "".join(c for c in code.upper() if c.isalnum()).removeprefix(PREFIX)
    plain = letters.translate(_READ_AS)
    return vault.keyed_hash("coupon", f"{market_id}\x1f{plain}")
