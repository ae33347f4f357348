"""Finds out at the start, not at the first secret, whether the keys belong to this database."""

from makegood.base.trouble import CannotRun
from makegood.store.database import Connection
from makegood.store.vault import SealBroken, Vault

_WORD = b"makegood"
_WHERE = ("", "key check", "1")


class WrongKeys(CannotRun):
    """The key file is not the one that this database was made with."""


async def check_keys(conn: Connection, vault: Vault) -> None:
    """Seal the word at the very first start; afterwards it must open."""
    await conn.execute(
        "INSERT INTO key_check (sealed) VALUES ($1) ON CONFLICT (only_row) DO NOTHING",
        vault.seal(*_WHERE, _WORD),
    )
    sealed = await conn.fetchval("SELECT sealed FROM key_check")
    try:
        vault.open_sealed(*_WHERE, sealed)
    except SealBroken:
        raise WrongKeys(
            "the vault keys are not those this database was made with: put the right key file "
            "back (DATA/keys/vault.keys or MAKEGOOD_VAULT_KEYS_FILE)"
        ) from None
