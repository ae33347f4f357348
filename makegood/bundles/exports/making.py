"""Making the file of a request: bundle after bundle, by a job that may die or run twice."""

from typing import Literal, Protocol

import msgspec

from makegood.base.actor import Act, Actor
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.base.time import Clock, rfc3339
from makegood.bundles.disclosing import AUDIENCES, Audience
from makegood.bundles.exports import run_store, store
from makegood.bundles.exports.actions import export_topic, note_made
from makegood.bundles.exports.rules import Export
from makegood.bundles.exports.writing import Stay, Writing
from makegood.bundles.packing import Packed
from makegood.bundles.streaming import stream
from makegood.claims.files import FileBroken, FileMissing, Storage
from makegood.people.markets.actions import Markets
from makegood.record.appending import StaleStream
from makegood.store.database import Connection, Database
from makegood.store.notify import publish

Problem = Literal["record_not_ready", "claim_missing", "file_missing", "unexpected"]


class Binder(Protocol):
    """Makes the bundle of a claim, with the pages that people read."""

    async def bind(self, conn: Connection, act: Act, claim_no: str, audience: Audience) -> Packed:
        """Everything that this audience may have; Refused `not_found`, `record_not_ready`."""
        ...


class ExportRoom(msgspec.Struct, frozen=True, kw_only=True):
    """What making an export needs."""

    db: Database
    storage: Storage
    clock: Clock
    ids: Ids
    markets: Markets
    binder: Binder


class Lost(Exception):
    """Somebody else has this request now, or it was stopped."""


async def make_export(
    room: ExportRoom, market_id: str, export_no: int, stay: Stay, *, last_try: bool, request_id: str
) -> None:
    """Make a request's file from its beginning, and tidy up after whoever tried before.

    What trying again cannot mend ends as a failure with its reason. Anything else is raised, and
    on the last try it is a failure too.
    """
    run = await _begin(room, market_id, export_no)
    if run is None:
        return
    async with room.db.connection() as conn:
        export = await store.load_export(conn, market_id, export_no)
    assert export is not None, "it was just begun"
    making = _Making(room, market_id, export, run, stay, request_id)
    try:
        await making.make()
    except Lost:
        await making.step_back()
    except (Refused, FileMissing, FileBroken) as reason:
        await making.fail(_problem(reason))
    except Exception:
        if last_try:
            await making.fail("unexpected")
        raise
    finally:
        await room.storage.drop_parts(market_id, place_of(export_no, run))


async def expire_files(room: ExportRoom) -> None:
    """Delete files that were kept long enough, and what stopped makers left. For the timetable."""
    async with room.db.transaction() as tx:
        await run_store.expire(tx, room.clock.now())
    async with room.db.connection() as conn:
        left = await run_store.loose(conn)
    for market_id, export_no in left:
        async with room.db.transaction() as tx:
            standing = await run_store.lock(tx, market_id, export_no)
            if standing is not None and not standing.under_way:
                await _tidy(tx, room.storage, market_id, export_no, standing)


def place_of(export_no: int, run: int) -> str:
    """Where the pieces of one run are kept until they are a file."""
    return f"export {export_no} run {run}"


class _Making:
    """One run over one request."""

    def __init__(
        self,
        room: ExportRoom,
        market_id: str,
        export: Export,
        run: int,
        stay: Stay,
        request_id: str,
    ) -> None:
        self._room, self._market, self._export, self._run = room, market_id, export, run
        self._stay_leased, self._request_id = stay, request_id
        self._done = 0
        self._put = ""

    async def make(self) -> None:
        """From the first claim to the row that names the file; Lost at any step in between."""
        room, export = self._room, self._export
        place = place_of(export.export_no, self._run)
        writing = Writing(room.storage, self._market, place, self._stay)
        await writing.add_text("request.json", await self._statement())
        audience = next(one for one in AUDIENCES if one == export.parts[0])
        for done, claim_no in enumerate(export.claim_nos):
            await self._tell(done)
            async with room.db.connection() as conn:
                packed = await room.binder.bind(conn, self._act(), claim_no, audience)
            pieces = stream(packed, room.storage, self._market)
            await writing.add(f"{claim_no}-{audience}.zip", pieces)
        await self._tell(len(export.claim_nos))
        digest = await writing.finish()
        await self._note_loose(digest)
        self._put = digest
        await writing.seal(digest)
        await self._save(digest, writing.size)

    async def fail(self, problem: Problem) -> None:
        """End as a failure, unless somebody else has the request now."""
        async with self._room.db.transaction() as tx:
            failed = await run_store.save_failed(
                tx, self._market, self._export.export_no, self._run, problem
            )
            await self._publish(tx)
        if not failed:
            await self.step_back()

    async def step_back(self) -> None:
        """Delete what this run put, unless it is what the request names now."""
        if not self._put:
            return
        async with self._room.db.transaction() as tx:
            standing = await run_store.lock(tx, self._market, self._export.export_no)
            if standing is None or self._put not in (standing.file_ref, standing.loose_ref):
                await self._room.storage.delete(self._market, self._put)

    def _act(self) -> Act:
        """In the name of whoever took the request down."""
        asker = Actor(role="operator", id=self._export.asked_of)
        return Act(self._market, asker, self._room.clock.now(), self._request_id)

    async def _statement(self) -> bytes:
        """What was asked and given, for the reader and for us."""
        export, market = self._export, await self._room.markets.get(self._market, self._act().now)
        assert market is not None, "its request is there"
        said = {
            "export": export.export_no,
            "market": {"zh": market.settings.name_zh, "en": market.settings.name_en},
            "asked_by": export.asked_by,
            "kind": export.kind,
            "basis": export.basis,
            "case_no": export.case_no,
            "asked_at": rfc3339(export.asked_at),
            "sight": export.parts[0],
            "claims": export.claim_nos,
            "verify": "makegood verify FILE, or verify.html inside each bundle",
        }
        return msgspec.json.format(msgspec.json.encode(said), indent=2)

    async def _stay(self) -> None:
        """Keep the job, and stop as soon as the request is somebody else's."""
        await self._stay_leased()
        async with self._room.db.transaction() as tx:
            await self._note_progress(tx)

    async def _tell(self, done: int) -> None:
        """Write how many claims are in, and tell the page."""
        self._done = done
        await self._stay_leased()
        async with self._room.db.transaction() as tx:
            await self._note_progress(tx)
            await self._publish(tx)

    async def _note_progress(self, tx: Connection) -> None:
        if not await run_store.note_progress(
            tx, self._market, self._export.export_no, self._run, self._done
        ):
            raise Lost

    async def _note_loose(self, digest: str) -> None:
        """Name the content before it is put: whoever comes after a kill knows what to delete."""
        async with self._room.db.transaction() as tx:
            if not await run_store.note_loose(
                tx, self._market, self._export.export_no, self._run, digest
            ):
                raise Lost

    async def _save(self, digest: str, size: int) -> None:
        while True:
            try:
                async with self._room.db.transaction() as tx:
                    if not await note_made(
                        tx, self._act(), self._room.ids, self._export, self._run, digest, size
                    ):
                        raise Lost
            except StaleStream:
                # Another export was noted at the same moment, so the record did go on.
                continue
            return

    async def _publish(self, tx: Connection) -> None:
        await publish(tx, export_topic(self._market, self._export.export_no))


async def _begin(room: ExportRoom, market_id: str, export_no: int) -> int | None:
    """Tidy up and take the request; answers the run, None where there is nothing to make."""
    async with room.db.transaction() as tx:
        standing = await run_store.lock(tx, market_id, export_no)
        if standing is None:
            return None
        await _tidy(tx, room.storage, market_id, export_no, standing)
        if not standing.under_way:
            return None
        run = await run_store.take(tx, market_id, export_no)
        await publish(tx, export_topic(market_id, export_no))
        return run


async def _tidy(
    tx: Connection,
    storage: Storage,
    market_id: str,
    export_no: int,
    standing: run_store.Standing,
) -> None:
    """Delete what earlier runs left: their pieces, and content that never became the answer."""
    for run in range(1, standing.run + 1):
        await storage.drop_parts(market_id, place_of(export_no, run))
    if standing.loose_ref:
        await storage.delete(market_id, standing.loose_ref)
        await run_store.clear_loose(tx, market_id, export_no)


def _problem(reason: Exception) -> Problem:
    match reason:
        case Refused(code="record_not_ready"):
            return "record_not_ready"
        case Refused():
            return "claim_missing"
        case _:
            return "file_missing"
