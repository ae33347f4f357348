"""Exports as actions: take the request down, note the file that was made, hand it over."""

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.bundles.exports import events, store
from makegood.bundles.exports.rules import Export, Request, wrong_fields
from makegood.record.appending import append_events, event_of
from makegood.store.database import Connection


async def take_request(tx: Connection, act: Act, request: Request) -> int:
    """Write a request down before anything is made; answers its number.

    Refused: `setting_invalid` naming what is missing, `export_unknown_claims` with the numbers
    that nobody has.
    """
    wrong = wrong_fields(request)
    if wrong:
        raise Refused("setting_invalid", fields=wrong)
    known = await store.known_claims(tx, act.market_id, request.claim_nos)
    unknown = [one for one in request.claim_nos if one not in known]
    if unknown:
        raise Refused("export_unknown_claims", claims=", ".join(unknown))
    return await store.insert_export(tx, act.market_id, request, act.actor.id, act.now)


async def note_made(
    tx: Connection, act: Act, ids: Ids, export: Export, sha256: str, size: int
) -> None:
    """The file of a request is in the storage; the record says so."""
    await store.save_made(tx, act.market_id, export.export_no, sha256, size, act.now)
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


async def hand_over(tx: Connection, act: Act, ids: Ids, export_no: int, note: str) -> None:
    """The file was handed over, how stands in the note. Refused: `not_found`, `reason_needed`."""
    if not note.strip():
        raise Refused("reason_needed")
    if not await store.save_handed(tx, act.market_id, export_no, note.strip(), act.now):
        raise Refused("not_found")
    told = events.ExportHandedOver(export=export_no, note=note.strip())
    await append_events(tx, act, ids, events.STREAM, [event_of(told, ("export",))])
