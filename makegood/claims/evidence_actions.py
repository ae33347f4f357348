"""Filing evidence: the short transactions between which the bytes of a file arrive."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import derived_id
from makegood.base.refusal import Refused
from makegood.claims import evidence, evidence_store
from makegood.claims.evidence import Evidence, MediaType, Note
from makegood.claims.evidence_store import Upload
from makegood.claims.files import Part
from makegood.claims.view import Audience
from makegood.store.database import Connection

RecordAdded: TypeAlias = Callable[[Connection, Act, Evidence], Awaitable[None]]
"""Writes the new item into the claim's history, within the same transaction."""


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """What a party wants to file, before any byte of it has come."""

    claim_no: str
    slot: str
    party: str
    audience: Audience
    filename: str
    size: int | None
    """In bytes; None when the sender cannot say."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the storage keeps and the rules have accepted."""

    sha256: str
    size: int
    media_type: MediaType
    thumb_sha256: str | None
    notes: list[Note]


async def begin_upload(tx: Connection, act: Act, upload_id: str, wanted: Filing) -> Upload:
    """Make room for a file. The same id again by the same actor is the same upload.

    Refuses at once what is too large or too many: file_too_large, file_empty,
    evidence_limit, upload_limit.
    """
    if wanted.size is not None:
        evidence.require_size(wanted.size)
    await evidence_store.lock_filing(tx, act.market_id, wanted.claim_no, wanted.party)
    known = await evidence_store.upload_by_id(tx, act.market_id, upload_id)
    if known is not None and known.is_by(act.actor):
        return known
    await _require_room(tx, act, wanted.claim_no, wanted.party, wanted.slot)
    is_open = await evidence_store.count_open_uploads(
        tx, act.market_id, wanted.claim_no, wanted.party, act.now
    )
    if is_open >= evidence.MAX_OPEN_UPLOADS:
        raise Refused("upload_limit")
    upload = _upload(act, upload_id, wanted)
    if not await evidence_store.add_upload(tx, upload):
        raise AssertionError("the upload's id belongs to another actor")
    return upload


async def advance_upload(tx: Connection, act: Act, upload_id: str, part: Part) -> None:
    """Count a piece that the storage keeps now. Refuses with upload_offset when outrun."""
    expires_at = act.now + evidence.UPLOAD_LIFETIME
    if not await evidence_store.advance_upload(tx, act.market_id, upload_id, part, expires_at):
        raise Refused("upload_offset")


async def finish_upload(
    tx: Connection, act: Act, upload_id: str, content: Content, record_added: RecordAdded
) -> Evidence | None:
    """Make an upload evidence: one item and one event, however often this is asked.

    The same file by the same party in the same slot is the item that is there already. None
    when the upload is unknown. Refuses with evidence_limit.
    """
    upload = await evidence_store.lock_upload(tx, act.market_id, upload_id)
    if upload is None or not upload.is_by(act.actor):
        return None
    known = upload.evidence_id and await evidence_store.evidence_by_id(
        tx, act.market_id, upload.evidence_id
    )
    if upload.party == "buyer":
        content = await _with_reuse(tx, upload, content)
    item = known or await _add(tx, act, _item(act, upload, content), record_added)
    await evidence_store.end_upload(tx, act.market_id, upload_id, item.evidence_id)
    return item


async def attach_draft(
    tx: Connection, market_id: str, draft_no: str, claim_no: str
) -> list[Evidence]:
    """Give what was filed for a draft to the claim it became. The caller records each item."""
    return await evidence_store.move_evidence(tx, market_id, draft_no, claim_no)


async def _add(tx: Connection, act: Act, item: Evidence, record_added: RecordAdded) -> Evidence:
    await evidence_store.lock_filing(tx, act.market_id, item.claim_no, item.party)
    known = await evidence_store.same_evidence(tx, item)
    if known is not None:
        return known
    await _require_room(tx, act, item.claim_no, item.party, item.slot)
    await evidence_store.add_evidence(tx, item)
    await record_added(tx, act, item)
    return item


async def _with_reuse(tx: Connection, upload: Upload, content: Content) -> Content:
    """A seller's invoice may serve many claims; a buyer's screen shows one moment of one."""
    others = await evidence_store.claims_with_content(
        tx, upload.market_id, content.sha256, upload.claim_no
    )
    if not others:
        return content
    return msgspec.structs.replace(content, notes=[*content.notes, "reused"])


async def _require_room(tx: Connection, act: Act, claim_no: str, party: str, slot: str) -> None:
    in_slot, in_all = await evidence_store.count_items(tx, act.market_id, claim_no, party, slot)
    if in_slot >= evidence.MAX_ITEMS_PER_SLOT or in_all >= evidence.MAX_ITEMS_PER_PARTY:
        raise Refused("evidence_limit", slot=slot)


def _upload(act: Act, upload_id: str, wanted: Filing) -> Upload:
    return Upload(
        market_id=act.market_id,
        upload_id=upload_id,
        claim_no=wanted.claim_no,
        slot=wanted.slot,
        party=wanted.party,
        audience=wanted.audience,
        actor_role=act.actor.role,
        actor_id=act.actor.id,
        filename=evidence.safe_filename(wanted.filename),
        declared_size=wanted.size,
        created_at=act.now,
        expires_at=act.now + evidence.UPLOAD_LIFETIME,
    )


def _item(act: Act, upload: Upload, content: Content) -> Evidence:
    origin = (act.market_id, "evidence", upload.claim_no, upload.party, upload.slot)
    return Evidence(
        market_id=act.market_id,
        evidence_id=derived_id(*origin, content.sha256),
        claim_no=upload.claim_no,
        slot=upload.slot,
        party=upload.party,
        audience=upload.audience,
        filename=upload.filename,
        media_type=content.media_type,
        size=content.size,
        sha256=content.sha256,
        thumb_sha256=content.thumb_sha256,
        notes=content.notes,
        added_at=act.now,
    )
