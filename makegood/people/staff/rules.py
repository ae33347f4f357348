"""Accounts, passwords and sessions: what is well-formed, strong enough, and still alive."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import msgspec

StaffRole: TypeAlias = Literal["seller", "supplier", "agent", "lead", "operator", "auditor"]

PASSWORD_LETTERS: Final = 12
LONGEST_PASSWORD: Final = 1024
DECIDING_ROLES: Final = ("agent", "lead")

_DESK_ABSOLUTE: Final = timedelta(hours=12)
_DESK_IDLE: Final = timedelta(hours=1)
_PARTY_ABSOLUTE: Final = timedelta(days=14)
_PARTY_IDLE: Final = timedelta(days=2)
SEEN_AGAIN_AFTER: Final = timedelta(seconds=60)
"""The time of the last request is written at most this often."""

INVITATION_VALID: Final = timedelta(hours=72)
FIRST_LINK_VALID: Final = timedelta(hours=24)
SECOND_STEP_VALID: Final = timedelta(minutes=10)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One person who signs in. Secrets are not part of it."""

    account_id: str
    sign_in_name: str
    display_name: str
    role: StaffRole
    seller_id: str | None = None
    supplier_id: str | None = None
    language: str = "zh"
    department_id: str | None = None
    skills: tuple[str, ...] = ()
    reports_to: str | None = None
    has_password: bool = False
    has_second_factor: bool = False
    codes_saved: bool = False
    disabled_at: datetime | None = None

    @property
    def party_id(self) -> str:
        """The id the person acts under: the seller's or supplier's, otherwise the own one."""
        return self.seller_id or self.supplier_id or self.account_id


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What is said about a person who shall sign in."""

    sign_in_name: str
    display_name: str
    role: StaffRole
    seller_id: str | None = None
    supplier_id: str | None = None
    language: str = "zh"
    department_id: str | None = None
    skills: tuple[str, ...] = ()
    reports_to: str | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in of one person, as shown in the list of sessions."""

    session_id: str
    browser: str
    second_factor: bool
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


def normal_name(name: str) -> str:
    """The one form in which sign-in names are compared: NFKC, lower case, no control letters."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    kept = (letter for letter in folded if unicodedata.category(letter)[0] != "C")
    plain = unicodedata.normalize("NFKC", "".join(kept)).strip()
    # Folding can undo the form and the form can undo folding: go on until nothing moves.
    return plain if plain == name else normal_name(plain)


def password_faults(password: str, about: Sequence[str], common: frozenset[str]) -> tuple[str, ...]:
    """Why a new password is refused: `short`, `long`, `common`, `about_you`, `repeated`.

    `about` are the person's names. No kinds of letters are demanded (NIST SP 800-63B 5.1.1.2).
    """
    low = password.casefold()
    names = [part for name in about for part in _parts(name) if len(part) >= 4]
    found = {
        "short": len(password) < PASSWORD_LETTERS,
        "long": len(password) > LONGEST_PASSWORD,
        "common": low in common,
        "about_you": any(_is_mostly(low, name) for name in names),
        "repeated": len(set(low)) < 5 or _is_run(low),
    }
    return tuple(fault for fault, is_so in found.items() if is_so)


def absolute_life(role: StaffRole) -> timedelta:
    """How long a session lives at most."""
    return _PARTY_ABSOLUTE if role in ("seller", "supplier") else _DESK_ABSOLUTE


def idle_life(role: StaffRole) -> timedelta:
    """How long a session lives without a request."""
    return _PARTY_IDLE if role in ("seller", "supplier") else _DESK_IDLE


def session_lives(
    role: StaffRole, last_seen_at: datetime, expires_at: datetime, now: datetime
) -> bool:
    """Whether a session that was not revoked still counts."""
    return now < expires_at and now - last_seen_at < idle_life(role)


def matching_step(codes: Sequence[str], typed: str, first_step: int, last_step: int) -> int | None:
    """Which time step a typed code belongs to, newer than the last one used.

    `codes` are the right codes of the steps from `first_step` on. A code of a step that was
    used already, or of an earlier one, is a replay and never fits.
    """
    digits = "".join(letter for letter in typed if letter.isdecimal())
    steps = [first_step + place for place, code in enumerate(codes) if code == digits]
    return next((step for step in steps if step > last_step), None)


def plain_recovery_code(typed: str) -> str:
    """A recovery code as stored: upper case, without spaces and dashes, O and I as digits."""
    kept = "".join(letter for letter in typed.upper() if letter.isalnum())
    return kept.replace("O", "0").replace("I", "1").replace("L", "1")


def _is_mostly(password: str, name: str) -> bool:
    """Whether little is left of the password without the name that is in it."""
    return name in password and len(password.replace(name, "")) < PASSWORD_LETTERS // 2


def _parts(name: str) -> list[str]:
    return normal_name(name).replace("@", " ").replace(".", " ").split()


def _is_run(text: str) -> bool:
    """Whether the letters only count up or down: abcdef…, 987654…"""
    steps = {ord(right) - ord(left) for left, right in pairwise(text)}
    return len(steps) == 1 and steps <= {-1, 0, 1}
