"""Time-based codes (RFC 6238) and recovery codes: made, sealed, checked once."""

from base64 import b32encode
from datetime import datetime
from typing import Final

import msgspec
import pyotp

from makegood.base.actor import Act
from makegood.base.ids import CROCKFORD, Ids
from makegood.people.staff import store
from makegood.people.staff.rules import Account, matching_step, plain_recovery_code
from makegood.store.database import Connection
from makegood.store.vault import Vault

STEP_S: Final = 30
RECOVERY_CODES: Final = 10
_SECRET_BYTES: Final = 20
_RECOVERY_LETTERS: Final = 12
_ISSUER: Final = "Makegood"
_PURPOSE: Final = "totp"


class TotpOffer(msgspec.Struct, frozen=True):
    """A new secret for the person's authenticator: to type, and as the text of a QR code."""

    secret: str
    uri: str


async def offer_totp(
    tx: Connection, act: Act, vault: Vault, ids: Ids, account: Account
) -> TotpOffer:
    """Make and seal a new secret; it counts once a code of it was typed."""
    secret = b32encode(ids.secret(_SECRET_BYTES)).decode()
    sealed = vault.seal(act.market_id, _PURPOSE, account.account_id, secret.encode())
    await store.set_totp(tx, act.market_id, account.account_id, sealed)
    uri = pyotp.TOTP(secret).provisioning_uri(name=account.sign_in_name, issuer_name=_ISSUER)
    return TotpOffer(secret, uri)


async def accept_totp(tx: Connection, act: Act, vault: Vault, account_id: str, typed: str) -> bool:
    """Whether the code fits now (one step either way) and was never used; uses it up."""
    factor = await store.lock_totp(tx, act.market_id, account_id)
    if factor is None:
        return False
    secret = vault.open_sealed(act.market_id, _PURPOSE, account_id, factor.sealed).decode()
    first = _step_at(act.now) - 1
    totp = pyotp.TOTP(secret)
    codes = [totp.at((first + place) * STEP_S) for place in range(3)]
    step = matching_step(codes, typed, first, factor.last_step)
    if step is None:
        return False
    await store.use_totp_step(tx, act.market_id, account_id, step)
    return True


async def accept_recovery_code(
    tx: Connection, act: Act, vault: Vault, account_id: str, typed: str
) -> bool:
    """Whether an unused recovery code fits; uses it up."""
    code_hash = _recovery_hash(vault, act.market_id, account_id, typed)
    return await store.use_recovery_code(tx, act.market_id, account_id, code_hash, act.now)


async def renew_recovery_codes(
    tx: Connection, act: Act, vault: Vault, ids: Ids, account_id: str
) -> tuple[str, ...]:
    """Ten new codes, shown once; the old ones stop to work."""
    codes = tuple(_new_code(ids) for _ in range(RECOVERY_CODES))
    hashes = [_recovery_hash(vault, act.market_id, account_id, code) for code in codes]
    await store.replace_recovery_codes(tx, act.market_id, account_id, hashes)
    return codes


def _step_at(now: datetime) -> int:
    return int(now.timestamp()) // STEP_S


def _new_code(ids: Ids) -> str:
    letters = "".join(CROCKFORD[byte % 32] for byte in ids.secret(_RECOVERY_LETTERS))
    return "-".join(letters[at : at + 4] for at in range(0, _RECOVERY_LETTERS, 4))


def _recovery_hash(vault: Vault, market_id: str, account_id: str, typed: str) -> bytes:
    plain = plain_recovery_code(typed)
    return vault.keyed_hash("recovery_code", f"{market_id}\x1f{account_id}\x1f{plain}")
