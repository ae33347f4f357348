"""The root keys of the vault: made once, kept beside the database but never in it."""

import os
import secrets
from pathlib import Path

from makegood.base.trouble import CannotRun
from makegood.settings import Settings
from makegood.store.vault import ROOT_KEY_BYTES, Vault


class KeysMissing(CannotRun):
    """The key file is gone although there is data that only its keys can open."""


def key_path(settings: Settings) -> Path:
    """Where the keys are when no setting names them."""
    return settings.folder / "keys" / "vault.keys"


def open_vault(settings: Settings) -> Vault:
    """The vault under the configured keys, or those of the data folder."""
    text = settings.vault_keys or _read(key_path(settings))
    return Vault.from_file_text(text)


def ensure_keys(settings: Settings, *, data_exists: bool) -> None:
    """Make the key file at the very first start; never a new one for existing data."""
    path = key_path(settings)
    if settings.vault_keys or path.exists():
        return
    if data_exists:
        raise KeysMissing(_advice(path))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_bytes(ROOT_KEY_BYTES).hex() + "\n")
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise KeysMissing(_advice(path)) from None


def _advice(path: Path) -> str:
    return (
        f"the key file {path} is missing, and card secrets and contacts cannot be read without "
        "it: put it back from your backup, or set MAKEGOOD_VAULT_KEYS_FILE"
    )
