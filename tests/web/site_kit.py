"""The whole site over a town: real routes, real actions, a browser-like client."""

import re
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from litestar import Litestar

from makegood.claims.filing import FilingRoom
from makegood.gateways.storage.disk import DiskStorage
from makegood.gateways.storage.pictures import PillowPictures
from makegood.people.callers import Callers
from makegood.people.proofs.actions import Gate
from makegood.people.roles import load_matrix
from makegood.people.staff.passwords import Passwords
from makegood.people.staff.sign_in import Door
from makegood.store.notify import Hub
from makegood.web.app import create_app, furnish
from makegood.web.things import Things, WebSettings
from tests.claims.town import Town
from tests.record.log.rooms import log_room

ORIGIN = "http://makegood.test"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_standing: dict[str, Litestar] = {}
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


def things_of(town: Town, hub: Hub, folder: Path) -> Things:
    """What the site needs, over the town's database and clock."""
    storage = DiskStorage(folder, town.vault)
    return Things(
        db=town.db,
        clock=town.clock,
        ids=town.desk.ids,
        markets=town.desk.markets,
        matrix=load_matrix(),
        callers=Callers(town.db, town.vault),
        hub=hub,
        vault=town.vault,
        pack=town.desk.pack,
        desk=town.desk,
        door=Door(town.db, town.vault, town.desk.ids, Passwords(QUICK)),
        storage=storage,
        room=FilingRoom(town.db, storage, PillowPictures()),
        log=log_room(town.db, folder / "record"),
        gate=Gate(town.db, town.vault, town.desk.ids),
        gateways=town.gateways,
        notify=town.notify,
        settings=WebSettings(secret=bytes(32)),
    )


class Browser:
    """A client that keeps cookies, sends the page's own token, and follows redirects."""

    def __init__(self, app: Litestar, language: str = "zh") -> None:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        self.client = httpx.AsyncClient(
            transport=transport,
            base_url=ORIGIN,
            follow_redirects=True,
            headers={"origin": ORIGIN, "accept": "text/html", "accept-language": language},
        )
        self.page: httpx.Response | None = None

    async def open(self, path: str) -> httpx.Response:
        """Look at a page."""
        self.page = await self.client.get(path)
        return self.page

    async def send(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form of the present page."""
        self.page = await self.client.post(path, data={"_token": self.token, **fields})
        return self.page

    @property
    def token(self) -> str:
        """The form token of the page at hand."""
        assert self.page is not None, "open a page first"
        found = TOKEN.search(self.page.text)
        assert found is not None, f"no token on this page: {self.page.text[:300]}"
        return found[1]

    async def prove(self, order_no: str = "O-1", password: str = "open sesame") -> httpx.Response:
        """Prove to be the buyer by the query password."""
        await self.open("/proof")
        return await self.send("/proof/password", order_no=order_no, password=password, next="/")


def site(town: Town, hub: Hub, folder: Path) -> Litestar:
    """The application over a town: one for all, since most of its cost is its routes."""
    things = things_of(town, hub, folder)
    app = _standing.get("site")
    if app is None:
        app = _standing["site"] = create_app(things)
    furnish(app.state, things)
    return app
