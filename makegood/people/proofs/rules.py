"""Proof of being the buyer: what fits, how long it counts, how a flood of mails is slowed."""

import hmac
from datetime import timedelta
from typing import Final, Literal, TypeAlias

import msgspec

ProvenBy: TypeAlias = Literal["code", "query_password", "shop_link", "mail_link"]

CODE_DIGITS: Final = 6
CODE_TRIES: Final = 5
CODE_VALID: Final = timedelta(minutes=10)
SESSION_VALID: Final = timedelta(hours=2)
FRESH_FOR: Final = timedelta(minutes=30)
"""How long a proof lets a buyer give up rights or see codes; then it is asked for again."""

LINK_VALID: Final = timedelta(minutes=15)
"""A link from the shop system's order page: used at once or not at all."""

ORDERS_PER_SESSION: Final = 50
FREE_MAILS: Final = 5
_MAIL_STEP_S: Final = 30
_LONGEST_MAIL_WAIT_S: Final = 240
"""Less than CODE_VALID, so that even a slowed code arrives in time to be typed."""


class OrderContact(msgspec.Struct, frozen=True, kw_only=True):
    """What an order says about its buyer: keyed hashes only."""

    order_no: str
    buyer_id: str
    contact_hash: bytes | None = None
    claim_code_hash: bytes | None = None


def fits(stored: bytes | None, typed: bytes) -> bool:
    """Whether a keyed hash is the stored one, with the same work when nothing is stored."""
    same = hmac.compare_digest(stored or bytes(len(typed)), typed)
    return same and stored is not None


def digits_of(mac: bytes) -> str:
    """Six digits out of a keyed hash; the bias of the remainder is below 2**-40."""
    return f"{int.from_bytes(mac[:8], 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def tag_of(proof_id: str) -> str:
    """The short mark on page and mail by which a buyer tells several codes apart."""
    return proof_id.replace("-", "")[-4:].upper()


def typed_digits(code: str) -> str:
    """The digits of a typed code, without spaces and dashes, full-width ones as plain."""
    return "".join(str(int(letter)) for letter in code if letter.isdecimal())


def mail_delay(mails_this_hour: int) -> timedelta:
    """How long the next code mail for one order waits, so that nobody's mailbox is flooded."""
    over = mails_this_hour - FREE_MAILS + 1
    return timedelta(seconds=min(max(over, 0) * _MAIL_STEP_S, _LONGEST_MAIL_WAIT_S))


def looks_like_mail(contact: str) -> bool:
    """Whether a code can be mailed there at all."""
    name, at, host = contact.strip().rpartition("@")
    return bool(at and name and "." in host) and contact.isprintable() and " " not in host
