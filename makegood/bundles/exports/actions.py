"""Exports as actions: take a request down, make its file anew, stop it, note what became of it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.bundles.exports import events, run_store, store
from makegood.bundles.exports.rules import KEPT, Export, Request, wrong_fields
from makegood.record.appending import append_events, event_of
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue
from makegood.store.notify import publish

EXPORT_JOB: Final = "export.make"


class MakeExport(msgspec.Struct, frozen=True):
    """The payload of the job that makes a request's file."""

    export_no: int


def export_topic(market_id: str, export_no: int) -> str:
    """What the page of a request listens to."""
    return f"{market_id}/export/{export_no}"


async def take_request(tx: Connection, act: Act, request: Request) -> int:
    """Write a request down and let its file be made; answers its number.

    Refused: `setting_invalid` naming what is missing, `export_unknown_claims` with the numbers
    that nobody has.
    """
    wrong = wrong_fields(request)
    if wrong:
        raise Refused("setting_invalid", fields=wrong)
    known = await store.lock_known_claims(tx, act.market_id, request.claim_nos)
    unknown = [one for one in request.claim_nos if one not in known]
    if unknown:
        raise Refused("export_unknown_claims", claims=", ".join(unknown))
    export_no = await store.insert_export(tx, act.market_id, request, act.actor.id, act.now)
    await enqueue(tx, [_job(act, export_no, run=0)])
    return export_no


async def make_again(tx: Connection, act: Act, export_no: int) -> None:
    """Make a file that failed, was stopped, expired or went with an erasure.

    Refused: `not_found` where there is nothing to make.
    """
    run = await run_store.restart(tx, act.market_id, export_no)
    if run is None:
        raise Refused("not_found")
    await enqueue(tx, [_job(act, export_no, run)])
    await publish(tx, export_topic(act.market_id, export_no))


async def cancel_making(tx: Connection, act: Act, export_no: int) -> None:
    """Stop making a file; harmless where nothing is under way."""
    if await run_store.cancel(tx, act.market_id, export_no):
        await publish(tx, export_topic(act.market_id, export_no))


async def let_go(tx: Connection, act: Act, claim_nos: Sequence[str]) -> list[str]:
    """For an erasure: take away every file that holds these claims; answers them by SHA-256.

    A file that is being made meanwhile is begun anew, after the erasure.
    """
    gone = await run_store.let_go(tx, act.market_id, claim_nos)
    await enqueue(tx, [_job(act, one.export_no, one.run) for one in gone if one.run is not None])
    if gone:
        await publish(tx, *(export_topic(act.market_id, one.export_no) for one in gone))
    return [content for one in gone for content in one.files]


async def note_made(
    tx: Connection, act: Act, ids: Ids, export: Export, run: int, sha256: str, size: int
) -> bool:
    """The file of a request is in the storage; the record says so.

    False, and nothing is written, where this run has lost the request.
    """
    done = await run_store.save_made(
        tx,
        act.market_id,
        export.export_no,
        run,
        sha256=sha256,
        size=size,
        at=act.now,
        expires_at=act.now + KEPT,
    )
    if not done:
        return False
    told = events.ExportMade(
        export=export.export_no,
        kind=export.kind,
        claims=len(export.claim_nos),
        asked_by=export.asked_by,
        basis=export.basis,
        case_no=export.case_no,
        audience=export.parts[0],
        claim_nos=export.claim_nos,
        sha256=sha256,
    )
    await append_events(tx, act, ids, events.STREAM, [event_of(told, events.PUBLIC)])
    await publish(tx, export_topic(act.market_id, export.export_no))
    return True


async def hand_over(tx: Connection, act: Act, ids: Ids, export_no: int, note: str) -> None:
    """The file was handed over, how stands in the note. Refused: `not_found`, `reason_needed`."""
    if not note.strip():
        raise Refused("reason_needed")
    if not await store.save_handed(tx, act.market_id, export_no, note.strip(), act.now):
        raise Refused("not_found")
    told = events.ExportHandedOver(export=export_no, note=note.strip())
    await append_events(tx, act, ids, events.STREAM, [event_of(told, ("export",))])
    await publish(tx, export_topic(act.market_id, export_no))


def _job(act: Act, export_no: int, run: int) -> Job:
    """The job that takes a request on; `run` is the number it was left with."""
    return Job(
        kind=EXPORT_JOB,
        market_id=act.market_id,
        payload=MakeExport(export_no),
        run_at=act.now,
        subject=f"export {export_no}",
        request_id=act.request_id,
        job_id=f"export:{export_no}:{run}",
    )
