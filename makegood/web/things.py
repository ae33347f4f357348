"""What every page and call may use: built once by bootstrap, handed to `create_app`."""

from dataclasses import dataclass

import msgspec

from makegood.base.ids import Ids
from makegood.base.time import Clock
from makegood.people.callers import Callers
from makegood.people.markets.actions import Markets
from makegood.people.roles import Matrix
from makegood.policy.model import Pack
from makegood.store.database import Database
from makegood.store.notify import Hub
from makegood.store.vault import Vault


class WebSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the web process that are the same for every market."""

    market_id: str = "main"
    """The market served at `/`."""
    secret: bytes
    """At least 32 random bytes, kept over restarts: signs form tokens."""
    secure_cookies: bool = False
    """True when the site is reached over https: cookies are then sent over https only."""
    demo: bool = False
    version: str = "0"
    metrics_key: str = ""
    """Bearer key of `/metrics`; empty: only this machine may read it."""
    body_limit: int = 1_000_000
    """Largest body of a form in bytes; uploads have a limit of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    """Everything a handler may reach. Nothing here is looked up by name or made at import."""

    db: Database
    clock: Clock
    ids: Ids
    markets: Markets
    matrix: Matrix
    callers: Callers
    hub: Hub
    vault: Vault
    pack: Pack
    """The rule pack in force: names of reasons, evidence slots and findings."""
    settings: WebSettings
