"""Requests for exports at a town's site, the worker's side of them, and what a kill leaves."""

from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from pathlib import Path

from litestar import Litestar

from makegood.base.actor import Act
from makegood.bundles.disclosing import Audience
from makegood.bundles.exports import run_store, store
from makegood.bundles.exports.actions import EXPORT_JOB
from makegood.bundles.exports.making import Binder, ExportRoom, place_of
from makegood.bundles.exports.rules import Export
from makegood.bundles.packing import Packed
from makegood.claims.files import Part
from makegood.gateways.storage.disk import DiskStorage
from makegood.record.log.sequencer import run_round
from makegood.store import jobs
from makegood.store.database import Connection
from makegood.store.jobs import TakenJob
from makegood.web.bundle.binding import PageBinder
from makegood.web.things import Things
from makegood.worker.exports import carry_out
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import signed_in

BASIS = "Consumer law § 32, letter of 20 November"


class Interrupted:
    """A binder to which something happens just before it makes its `at`-th bundle."""

    def __init__(self, inner: Binder, at: int, happens: Callable[[], Awaitable[object]]) -> None:
        self._inner, self._left, self._happens = inner, at, happens

    async def bind(self, conn: Connection, act: Act, claim_no: str, audience: Audience) -> Packed:
        self._left -= 1
        if self._left == 0:
            await self._happens()
        return await self._inner.bind(conn, act, claim_no, audience)


class Office:
    """An operator's browser, and a worker that makes exports when a test says so."""

    def __init__(self, town: Town, app: Litestar, operator: Browser) -> None:
        self.town = town
        self.things: Things = app.state.things
        self.operator = operator
        self.binder: Binder = PageBinder(town.desk, self.things.log, lambda: app.state.kit)

    async def ask(self, *claim_nos: str, **fields: str) -> int:
        """Post the form; answers the status."""
        form = {
            "asked_by": "Market office",
            "kind": "regulator",
            "basis": BASIS,
            "case_no": "12315-7",
            "claims": " ".join(claim_nos),
        }
        await self.operator.open("/ops/exports")
        return (await self.operator.send("/ops/exports", **(form | fields))).status_code

    async def press(self, export_no: int, do: str) -> int:
        """Press a button of a request's page; answers the status."""
        path = f"/ops/exports/{export_no}"
        await self.operator.open(path)
        return (await self.operator.send(path, do=do)).status_code

    async def due(self) -> list[TakenJob]:
        """The export jobs that are due, taken."""
        async with self.town.db.connection() as conn:
            return await jobs.take(conn, self.town.clock.now(), kinds=[EXPORT_JOB])

    async def carry_out(self, job: TakenJob, binder: Binder | None = None) -> None:
        """Run a job as the worker does, without forgetting it."""
        room = self.room(binder)
        await carry_out(room, job)

    async def work(self, binder: Binder | None = None) -> None:
        """Carry out what is due, and forget it."""
        taken = await self.due()
        for job in taken:
            await self.carry_out(job, binder)
        async with self.town.db.connection() as conn:
            await jobs.done(conn, taken)

    def room(self, binder: Binder | None = None) -> ExportRoom:
        """What the worker has."""
        return ExportRoom(
            db=self.town.db,
            storage=self.things.storage,
            clock=self.town.clock,
            ids=self.town.desk.ids,
            markets=self.town.desk.markets,
            binder=binder or self.binder,
        )

    async def export(self, export_no: int = 1) -> Export:
        """One request as it stands."""
        async with self.town.db.connection() as conn:
            found = await store.load_export(conn, "main", export_no)
        assert found is not None
        return found

    async def events(self) -> int:
        """How many exports the record tells of."""
        async with self.town.db.connection() as conn:
            return int(await conn.fetchval("select count(*) from event where stream = 'exports'"))

    def kept(self) -> list[Path]:
        """Every file on the storage's disk: whole ones, pieces, and what is being written."""
        storage = self.things.storage
        assert isinstance(storage, DiskStorage)
        folders = ("files", "parts", "incoming")
        found = [place for name in folders for place in storage._root.glob(f"{name}/**/*")]
        return sorted(place for place in found if place.is_file())

    async def die_after(self, job: TakenJob, steps: int) -> None:
        """Leave what a worker leaves that is killed after so many steps of a run."""
        room, no = self.room(), 1
        content = f"half of {job.job_id}".encode()
        digest, part = sha256(content).hexdigest(), Part(0, len(content))
        async with room.db.transaction() as tx:
            run = await run_store.take(tx, "main", no)
        if steps > 1:
            await room.storage.put_part("main", place_of(no, run), part, content)
        if steps > 2:
            async with room.db.transaction() as tx:
                assert await run_store.note_loose(tx, "main", no, run, digest)
        if steps > 3:
            await room.storage.put("main", digest, _once(content))


async def opened_office(street: Town, app: Litestar, *orders: str) -> tuple[Office, list[str]]:
    """An operator, and a claim for each order, all in the log."""
    numbers = []
    for order_no in orders:
        await street.order(order_no)
        numbers.append((await street.open(order_no=order_no)).claim_no)
    await street.settle()
    await run_round(app.state.things.log, "main")
    return Office(street, app, await signed_in(street, app, "op", "en")), numbers


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
