"""Password hashes: argon2id in a thread, with the same work for names that do not exist."""

import asyncio
from importlib import resources
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from makegood.base.refusal import Refused
from makegood.people.staff.rules import password_faults

_AT_ONCE: Final = 2
"""Each hash takes about 100 ms of one core and 64 MiB: more at once would starve the rest."""


class Passwords:
    """Hashes and compares passwords outside the event loop.

    A password is compared for every name that is typed: for an unknown one with a hash that
    nothing fits, so that the time taken does not say whether the name exists.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash("no password fits this, whatever is typed")
        self._common = _common_passwords()
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str, about: tuple[str, ...] = ()) -> str:
        """The hash to store; refused `password_weak` with its `faults` when it is too weak."""
        faults = password_faults(password, about, self._common)
        if faults:
            raise Refused("password_weak", faults=list(faults))
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, stored: str | None, password: str) -> bool:
        """Whether the password belongs to the hash; the same work when there is none."""
        async with self._turn:
            fits = await asyncio.to_thread(self._verify, stored or self._nobody, password)
        return fits and bool(stored)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password.encode("utf-8", "replace"))
        except (VerificationError, InvalidHashError):
            return False


def _common_passwords() -> frozenset[str]:
    """Long passwords that head the lists of leaked ones."""
    text = resources.files("makegood.people.staff").joinpath("common_passwords.txt")
    return frozenset(line.strip().casefold() for line in text.read_text("utf-8").splitlines())
