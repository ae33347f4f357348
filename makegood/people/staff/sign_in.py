"""Signing in: name and password, then the code; slowed, never locked, the same for all names."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import datetime
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.base.time import rfc3339
from makegood.people.slowdown.actions import Attempt, count_attempt, forgive_attempt
from makegood.people.staff import store
from makegood.people.staff.passwords import Passwords
from makegood.people.staff.rules import SECOND_STEP_VALID, Account, normal_name
from makegood.people.staff.second_factor import accept_recovery_code, accept_totp
from makegood.people.staff.sessions import SignedIn, begin_session
from makegood.store.database import Connection, Database
from makegood.store.vault import SealBroken, Vault

_PENDING: Final = "sign_in_pending"


class Door(msgspec.Struct, frozen=True):
    """What signing in needs. It opens short transactions itself, because a counted attempt must
    outlive the refusal and no transaction may wait for a password hash."""

    db: Database
    vault: Vault
    ids: Ids
    passwords: Passwords


class Visitor(msgspec.Struct, frozen=True):
    """Where a sign-in comes from: the address, and how the browser names itself."""

    address: str
    browser: str = ""


class CodeNeeded(msgspec.Struct, frozen=True):
    """The password fits and a second factor is set: `pending` must come back with the code."""

    pending: str


class _Pending(msgspec.Struct, frozen=True):
    account_id: str
    until: datetime


async def sign_in(
    door: Door, act: Act, visitor: Visitor, name: str, password: str
) -> SignedIn | CodeNeeded:
    """Begin a session, or ask for the code when the account has a second factor.

    Refused `sign_in_failed` for a wrong name and a wrong password alike, and `sign_in_slowed`
    with `retry_after_s` when this address has to wait.
    """
    attempt = Attempt("sign_in", normal_name(name), visitor.address)
    await count_attempt(door.db, door.vault, act, attempt)
    account = await _account_of(door, act, name, password)
    await forgive_attempt(door.db, door.vault, act, attempt)
    if account.has_second_factor:
        return ask_for_code(door, act, account)
    async with door.db.transaction() as tx:
        return await begin_session(
            tx, act, door.ids, account, second_factor=False, browser=visitor.browser
        )


async def finish_sign_in(
    door: Door, act: Act, visitor: Visitor, pending: str, code: str
) -> SignedIn:
    """Begin the session after the six digits, or a recovery code, fit.

    Refused `sign_in_failed` with `server_time`, because most wrong codes come from a phone whose
    clock is off; `link_expired` when the first step is too long ago.
    """
    account_id = _open_pending(door, act, pending)
    attempt = Attempt("second_factor", account_id, visitor.address)
    await count_attempt(door.db, door.vault, act, attempt)
    async with door.db.transaction() as tx:
        signed_in = await _begin_if_fits(door, tx, act, visitor, account_id, code)
    if signed_in is None:
        raise Refused("sign_in_failed", server_time=rfc3339(act.now))
    await forgive_attempt(door.db, door.vault, act, attempt)
    return signed_in


async def is_own_password(door: Door, act: Act, account: Account, password: str) -> bool:
    """Whether a signed-in person typed the own password, before something that matters."""
    async with door.db.connection() as conn:
        known = await store.load_credentials(conn, act.market_id, account.sign_in_name)
    return await door.passwords.fits(known.password_hash if known else None, password)


async def accept_code(tx: Connection, act: Act, vault: Vault, account_id: str, code: str) -> bool:
    """Whether a typed code is the authenticator's present one or an unused recovery code."""
    if await accept_totp(tx, act, vault, account_id, code):
        return True
    return await accept_recovery_code(tx, act, vault, account_id, code)


async def _account_of(door: Door, act: Act, name: str, password: str) -> Account:
    async with door.db.connection() as conn:
        known = await store.load_credentials(conn, act.market_id, normal_name(name))
    fits = await door.passwords.fits(known.password_hash if known else None, password)
    if known is None or not fits:
        raise Refused("sign_in_failed")
    return known.account


async def _begin_if_fits(
    door: Door, tx: Connection, act: Act, visitor: Visitor, account_id: str, code: str
) -> SignedIn | None:
    account = await store.load_account(tx, act.market_id, account_id)
    if account is None or account.disabled_at is not None:
        return None
    if not await accept_code(tx, act, door.vault, account_id, code):
        return None
    return await begin_session(
        tx, act, door.ids, account, second_factor=True, browser=visitor.browser
    )


def ask_for_code(door: Door, act: Act, account: Account) -> CodeNeeded:
    """The password fits: what the page keeps until the code is typed."""
    pending = _Pending(account.account_id, act.now + SECOND_STEP_VALID)
    sealed = door.vault.seal(act.market_id, _PENDING, "", msgspec.json.encode(pending))
    return CodeNeeded(urlsafe_b64encode(sealed).decode())


def _open_pending(door: Door, act: Act, text: str) -> str:
    try:
        sealed = urlsafe_b64decode(text)
        plain = door.vault.open_sealed(act.market_id, _PENDING, "", sealed)
    except (SealBroken, Base64Error, ValueError) as broken:
        raise Refused("link_expired") from broken
    pending = msgspec.json.decode(plain, type=_Pending)
    if act.now >= pending.until:
        raise Refused("link_expired")
    return pending.account_id
