"""What every page and call may use: built once by bootstrap, handed to `create_app`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import msgspec
from litestar.di import NamedDependency

from makegood.base.ids import Ids
from makegood.base.time import Clock
from makegood.claims.desk import Desk
from makegood.claims.files import Storage
from makegood.claims.filing import FilingRoom
from makegood.ledger.refund.gateway import Notification, PaymentGateway
from makegood.people.callers import Callers
from makegood.people.markets.actions import Markets
from makegood.people.proofs.actions import Gate
from makegood.people.roles import Matrix
from makegood.people.staff.sign_in import Door
from makegood.policy.model import Pack
from makegood.record.log.sequencer import LogRoom
from makegood.store.database import Database
from makegood.store.notify import Hub
from makegood.store.vault import Vault


class NoticeAnswer(Protocol):
    """What the sender of a payment notification is answered."""

    @property
    def status(self) -> int: ...

    @property
    def body(self) -> str: ...


Notify: TypeAlias = Callable[[str, str, Notification, str], Awaitable[NoticeAnswer]]
"""(market, channel, the notification as it came, request id)."""


class DemoOrder(msgspec.Struct, frozen=True):
    """An invented order to try, with its query password."""

    order_no: str
    password: str
    title_zh: str
    title_en: str


class DemoPerson(msgspec.Struct, frozen=True):
    """An invented person to sign in as; `role` is one of the roles matrix."""

    sign_in_name: str
    name: str
    role: str


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """What a visitor of the demo may try, and where its mails can be read."""

    orders: tuple[DemoOrder, ...]
    people: tuple[DemoPerson, ...]
    mailbox_url: str


class WebSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the web process that are the same for every market."""

    market_id: str = "main"
    """The market served at `/`."""
    secret: bytes
    """At least 32 random bytes, kept over restarts: signs form tokens."""
    secure_cookies: bool = False
    """True when the site is reached over https: cookies are then sent over https only."""
    demo: bool = False
    mails: bool = True
    """Whether a mail server is set; without one no code can reach a buyer."""
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
    desk: Desk
    """What actions on claims share."""
    door: Door
    """What signing in needs."""
    storage: Storage
    """Where evidence files live."""
    room: FilingRoom
    """What filing evidence needs."""
    log: LogRoom
    """The log: its keys, its files, its clock."""
    gate: Gate
    """What proving to be the buyer needs."""
    gateways: Callable[[str], Mapping[str, PaymentGateway]]
    """The payment gateways of a market by channel."""
    notify: Notify
    """Takes a gateway's payment notification."""
    demo: Demo | None = None
    """Only in the demo: what a visitor may try."""
    settings: WebSettings


TheThings: TypeAlias = NamedDependency[Things]
"""How a handler asks for them: `things: TheThings`."""
