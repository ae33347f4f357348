"""The only place that builds things: settings to pool, clock and ids, to the web app and worker."""

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator
from typing import Final

import asyncpg
import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send

from makegood import __version__
from makegood.base.time import Clock
from makegood.claims.desk import Desk, Rosters
from makegood.claims.filing import FilingRoom
from makegood.gateways.channels.mail import SmtpMailer, smtp_settings
from makegood.gateways.outside import make_client
from makegood.gateways.payments.book import GatewayBook
from makegood.gateways.storage.disk import DiskStorage
from makegood.gateways.storage.pictures import PillowPictures
from makegood.gateways.suppliers.registry import SupplierBook
from makegood.keyfile import open_vault
from makegood.ledger.refund.gateway import Notification
from makegood.logfiles import open_log_room
from makegood.logs import configure_logs
from makegood.people.callers import Callers
from makegood.people.contracts.actions import Contracts
from makegood.people.markets.actions import Markets
from makegood.people.proofs.actions import Gate
from makegood.people.roles import load_matrix
from makegood.people.staff.passwords import Passwords
from makegood.people.staff.sign_in import Door
from makegood.policy.pack import load_pack
from makegood.policy.shelf import Shelf
from makegood.settings import Settings, load_settings
from makegood.sources import SystemClock, SystemIds
from makegood.store.database import Database
from makegood.store.keycheck import check_keys
from makegood.store.notify import Hub
from makegood.store.vault import Vault
from makegood.talk.letters import Letters
from makegood.web.bundle.binding import PageBinder
from makegood.web.page import make_kit
from makegood.web.things import Demo, NoticeAnswer, Notify, Things, WebSettings
from makegood.worker.loop import Worker
from makegood.worker.mails import Post
from makegood.worker.refunds import payment_notification
from makegood.worker.registry import Rooms, handlers, refund_desk, timetable, without_mail

WEB_CONNECTIONS: Final = 12
YOUNG_OBJECTS: Final = 20_000
WORKER_CONNECTIONS: Final = 10
ACCOUNTS_SECONDS: Final = 5.0
"""How long a change of a gateway account may take to reach every web process."""


def web_app() -> ASGIApp:
    """The ASGI application of this process, from the settings of its environment."""
    settings = load_settings(os.environ)
    configure_logs(format=settings.log_format, level=settings.log_level)
    return LateApp(settings)


class LateApp:
    """The application of one process, built when its event loop has started."""

    def __init__(self, settings: Settings, demo: Demo | None = None) -> None:
        self._settings = settings
        self._demo = demo
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Build at the start of life, hand on everything, tidy up at its end."""
        if self._app is not None:
            await self._app(scope, receive, send)
            return
        # Only now: a worker shares this module, and answers no page.
        from makegood.web.app import create_app

        async with opened_things(self._settings, self._demo) as things:
            self._app = create_app(things)
            collect_seldom()
            await self._app(scope, receive, send)


def collect_seldom() -> None:
    """Leave what was built at the start to itself, and look for circles less often.

    Words, rules and weights are many objects that live as long as the process; going through
    them again and again took a tenth of an intake's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


@contextlib.asynccontextmanager
async def opened_things(settings: Settings, demo: Demo | None = None) -> AsyncIterator[Things]:
    """Everything the web needs, with the database open and the hub listening."""
    vault = open_vault(settings)
    db = await Database.open(settings.database_url, max_size=WEB_CONNECTIONS)
    hub = Hub(settings.database_url)
    clock, ids = SystemClock(), SystemIds()
    try:
        async with db.connection() as conn:
            await check_keys(conn, vault)
        await hub.open()
        async with make_client() as client:
            gateways = GatewayBook(db, vault, client, clock)
            await gateways.refresh()
            desk = build_desk(db, settings)
            storage = DiskStorage(settings.folder / "files", vault)
            things = Things(
                db=db,
                clock=clock,
                ids=ids,
                markets=desk.markets,
                matrix=load_matrix(),
                callers=Callers(db, vault),
                hub=hub,
                vault=vault,
                pack=desk.pack,
                desk=desk,
                door=Door(db, vault, ids, Passwords()),
                storage=storage,
                room=FilingRoom(db, storage, PillowPictures()),
                log=open_log_room(db, clock, settings),
                gate=Gate(db, vault, ids),
                gateways=gateways.of,
                notify=notices_of(db, gateways, clock, desk),
                demo=demo,
                settings=_web_settings(settings, vault.keyed_hash("form_tokens", "web")),
            )
            async with kept_fresh(gateways):
                yield things
    finally:
        await hub.close()
        await db.close()


@contextlib.asynccontextmanager
async def kept_fresh(gateways: GatewayBook) -> AsyncIterator[None]:
    """Read the gateway accounts again and again: another process may have changed them."""

    async def refresh() -> None:
        while True:
            await asyncio.sleep(ACCOUNTS_SECONDS)
            try:
                await gateways.refresh()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                # The database is away for a moment: what is known stays in use.
                continue

    task = asyncio.create_task(refresh())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def build_desk(db: Database, settings: Settings) -> Desk:
    """What actions on claims share, over an open database."""
    return desk_of(db, open_vault(settings))


def desk_of(db: Database, vault: Vault) -> Desk:
    """The same with a vault that is open already."""
    shipped = load_pack()
    markets = Markets(db)
    return Desk(
        pack=shipped,
        shelf=Shelf(db, shipped),
        ids=SystemIds(),
        vault=vault,
        markets=markets,
        rosters=Rosters(db),
        contracts=Contracts(db, markets),
    )


def notices_of(db: Database, gateways: GatewayBook, clock: Clock, desk: Desk) -> Notify:
    """Payment notifications: believed only after the gateway, asked back, says the same."""
    room = refund_desk(db, gateways.of, clock, desk)

    async def notify(
        market_id: str, channel: str, notification: Notification, request_id: str
    ) -> NoticeAnswer:
        if channel not in gateways.of(market_id):
            await gateways.refresh()
        return await payment_notification(room, market_id, channel, notification, request_id)

    return notify


@contextlib.asynccontextmanager
async def opened_rooms(
    settings: Settings, clock: Clock | None = None, connections: int = WORKER_CONNECTIONS
) -> AsyncIterator[Rooms]:
    """Everything the jobs need, with the database open and gateway accounts read.

    `clock` may play a past; gateways and the log answer in the present whatever it shows.
    """
    vault = open_vault(settings)
    clock, present = clock or SystemClock(), SystemClock()
    db = await Database.open(settings.database_url, max_size=connections)
    try:
        async with db.connection() as conn:
            await check_keys(conn, vault)
        async with make_client() as client:
            desk = build_desk(db, settings)
            gateways = GatewayBook(db, vault, client, present)
            await gateways.refresh()
            storage = DiskStorage(settings.folder / "files", vault)
            log = open_log_room(db, present, settings)
            yield Rooms(
                db=db,
                clock=clock,
                desk=desk,
                gateways=gateways,
                suppliers=SupplierBook(db, vault, client, clock, desk.ids),
                post=_post(settings, db, desk, clock),
                filing=FilingRoom(db, storage, PillowPictures()),
                binder=PageBinder(desk, log, lambda: make_kit(desk.shelf.names)),
                log=log,
                client=client,
            )
    finally:
        await db.close()


async def run_worker(settings: Settings, stop: asyncio.Event) -> None:
    """Carry out jobs until `stop` is set."""
    configure_logs(format=settings.log_format, level=settings.log_level)
    async with opened_rooms(settings) as rooms:
        collect_seldom()
        known = handlers(rooms)
        if rooms.post is None:
            known |= without_mail(rooms)
        await Worker(rooms.db, rooms.clock, known, timetable(rooms)).run(stop)


def _post(settings: Settings, db: Database, desk: Desk, clock: Clock) -> Post | None:
    if not settings.smtp_url:
        return None
    mailer = SmtpMailer(smtp_settings(settings.smtp_url))
    return Post(db, desk.vault, clock, desk.markets, Letters(), mailer)


def _web_settings(settings: Settings, secret: bytes) -> WebSettings:
    known = {
        "market_id": settings.market,
        "secret": secret,
        "secure_cookies": settings.public_url.startswith("https://"),
        "demo": settings.demo,
        "mails": bool(settings.smtp_url),
        "version": __version__,
        "metrics_key": settings.metrics_key,
    }
    return msgspec.convert(known, WebSettings)
