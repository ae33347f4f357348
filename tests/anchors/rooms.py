"""A market's log with a worker that anchors it, over a test database."""

from datetime import timedelta
from pathlib import Path

import httpx

from makegood.base.actor import Act, Actor
from makegood.record.anchors import actions, store
from makegood.record.anchors.actions import ANCHOR_JOB, NewPlace
from makegood.record.anchors.rules import Anchor, Config, Place
from makegood.record.log.sequencer import LogRoom, run_round
from makegood.record.log.store import load_head
from makegood.sources import SystemIds
from makegood.store.database import Database
from makegood.store.vault import Vault
from makegood.worker.anchoring import AnchorRoom, plan_all, run_anchor
from makegood.worker.loop import Worker
from tests.record.log.rooms import MARKET, StepClock, add_streams, log_room

OPERATOR = Actor(role="operator", id="a-1")
VAULT = Vault.from_key(b"v" * 32)


class Record:
    """One market's log, its clock, and a worker for its anchors."""

    def __init__(self, db: Database, folder: Path, client: httpx.AsyncClient) -> None:
        self.db = db
        self.clock = StepClock()
        self.log: LogRoom = log_room(db, folder)
        self.room = AnchorRoom(db=db, clock=self.clock, ids=SystemIds(), vault=VAULT, client=client)

    @property
    def act(self) -> Act:
        """The operator acts now."""
        return Act(MARKET, OPERATOR, self.clock.now())

    async def vkey(self) -> str:
        """The log's key, for a witness; the log begins if it has not yet."""
        await self.grow(1)
        async with self.db.connection() as conn:
            head = await load_head(conn, MARKET)
        assert head is not None
        (key,) = self.log.keys.open(MARKET, head.origin).verifiers
        return str(key)

    async def grow(self, events: int) -> int:
        """New events, entered and signed; answers the size."""
        async with self.db.transaction() as tx:
            await add_streams(tx, events)
        await run_round(self.log, MARKET)
        async with self.db.connection() as conn:
            head = await load_head(conn, MARKET)
        assert head is not None
        return head.signed_size

    async def add(self, name: str, config: Config, every_minutes: int = 60) -> Place:
        """A place that checkpoints go to from now on."""
        new = NewPlace(name=name, interest="none", config=config, every_minutes=every_minutes)
        async with self.db.transaction() as tx:
            return await actions.add_place(tx, self.act, VAULT, SystemIds(), new)

    async def work(self, **later: float) -> None:
        """Some time passes; then the worker plans and carries out what is due."""
        self.clock.at += timedelta(**later)
        await plan_all(self.room)
        handlers = {ANCHOR_JOB: lambda job: run_anchor(self.room, job)}
        await Worker(self.db, self.clock, handlers).run_due()

    async def newest(self, place: Place) -> Anchor:
        """The last planned anchor of a place."""
        async with self.db.connection() as conn:
            return (await store.newest_by_place(conn, MARKET))[place.place_id]
