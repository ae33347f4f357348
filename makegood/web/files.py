"""Evidence files over HTTP: filing by form, resumable uploads, reading with ranges."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final, Protocol, TypeAlias

import msgspec
from litestar import Response
from litestar.response import Stream

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.claims import evidence_actions, evidence_store, filing
from makegood.claims.evidence import Evidence
from makegood.claims.evidence_actions import Filing
from makegood.claims.evidence_store import Upload
from makegood.claims.filing import FilingRoom
from makegood.claims.view import Audience, EvidenceView
from makegood.store.database import Connection
from makegood.web import file_answer
from makegood.web.form_stream import AnyRequest, body_of, read_form, until_lost
from makegood.web.problem import PageFault, not_found

SLOT: Final = re.compile(r"[A-Za-z0-9_]{1,40}", re.ASCII)
OFFSET: Final = re.compile(r"\d{1,12}", re.ASCII)
Answer: TypeAlias = Response[bytes] | Stream


class Filer(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who may file in a claim: as which party, and who will see it."""

    act: Act
    claim_no: str
    party: str
    audience: Audience
    opened_at: datetime
    """When the claim was opened: a picture changed later gets a note."""


class FileAccess(Protocol):
    """What these routes ask about people and claims. Pages and API have one each."""

    def market_of(self, request: AnyRequest) -> str:
        """The market whose address was called."""
        ...

    async def filer(self, request: AnyRequest, claim_no: str, slot: str) -> Filer | None:
        """Who files, if the caller may file into this slot of this claim; else None (404)."""
        ...

    async def may_see(self, request: AnyRequest, item: Evidence) -> bool:
        """Whether the caller may read the item; a stranger is told that there is none."""
        ...

    async def record_added(self, tx: Connection, act: Act, item: Evidence) -> None:
        """Write the item into the claim's history, in the given transaction."""
        ...

    async def missing(self, filer: Filer) -> list[str]:
        """Codes of the required slots that the party has not filled yet."""
        ...


class Filed(msgspec.Struct, frozen=True):
    """The answer to filing: the item, and what is still missing."""

    evidence: EvidenceView
    missing: list[str]


class NewUpload(msgspec.Struct, frozen=True, kw_only=True):
    """What a sender says before an upload. `size` in bytes."""

    claim_no: str
    slot: str
    filename: str
    size: int


class Files:
    """What the routes of one address space do, over one way of telling who calls."""

    def __init__(self, access: FileAccess, room: FilingRoom, ids: Ids) -> None:
        self.access = access
        self.room = room
        self.ids = ids

    async def file_form(self, request: AnyRequest, claim_no: str) -> Filed:
        """Take a multipart form with `slot` and then `file`, and file it at once."""
        form = await read_form(request)
        slot = _slot(form.fields.get("slot", ""))
        filer = await self._filer(request, claim_no, slot)
        upload = await self._begin(filer, slot, form.filename, None)
        try:
            upload = await filing.take_in(self.room, filer.act, upload, form.body)
            if upload.received == 0:
                raise Refused("file_empty")
            return await self._complete(filer, upload.upload_id)
        finally:
            await self._forget_unless_filed(filer, upload.upload_id)

    async def begin(self, request: AnyRequest, wanted: NewUpload) -> Upload:
        """Start a resumable upload."""
        filer = await self._filer(request, wanted.claim_no, _slot(wanted.slot))
        return await self._begin(filer, wanted.slot, wanted.filename, wanted.size)

    async def find(self, request: AnyRequest, upload_id: str) -> tuple[Filer, Upload]:
        """An upload of the caller; raises 404 for anyone else's."""
        async with self.room.db.connection() as conn:
            upload = await evidence_store.upload_by_id(
                conn, self.access.market_of(request), upload_id
            )
        if upload is None:
            raise not_found()
        filer = await self._filer(request, upload.claim_no, upload.slot)
        if not upload.is_by(filer.act.actor) or upload.expires_at <= filer.act.now:
            raise not_found()
        return filer, upload

    async def take(self, request: AnyRequest, upload_id: str) -> tuple[Upload, Filed | None]:
        """Take the bytes of one PATCH; the one that makes the upload whole also files it."""
        filer, upload = await self.find(request, upload_id)
        if upload.evidence_id is None:
            if _offset(request) != upload.received:
                raise Refused("upload_offset", offset=upload.received)
            upload = await filing.take_in(
                self.room, filer.act, upload, until_lost(body_of(request))
            )
        whole = upload.received == upload.declared_size
        return upload, await self._complete(filer, upload.upload_id) if whole else None

    async def forget(self, request: AnyRequest, upload_id: str) -> None:
        """Give an upload up; what has become evidence stays."""
        _, upload = await self.find(request, upload_id)
        await filing.forget(self.room, upload)

    async def answer(self, request: AnyRequest, evidence_id: str) -> Answer:
        """The original, whole or a range of it."""
        item = await self._seen(request, evidence_id)
        reply = file_answer.reply_to(item, request.headers)
        if reply.span is None:
            return Response(b"", status_code=reply.status, headers=reply.headers)
        span = reply.span
        source = self.room.storage.open(item.market_id, item.sha256, span.start, span.stop)
        return Stream(
            await _started(source),
            status_code=reply.status,
            headers=reply.headers,
            media_type=item.media_type,  # The framework adds the encoding to text.
        )

    async def measure(self, request: AnyRequest, evidence_id: str) -> Response[None]:
        """What `answer` would say, without the bytes."""
        item = await self._seen(request, evidence_id)
        reply = file_answer.reply_to(item, request.headers)
        kind = {"content-type": file_answer.media_type_header(item)}
        return Response(None, status_code=reply.status, headers=reply.headers | kind)

    async def answer_thumb(self, request: AnyRequest, evidence_id: str) -> Answer:
        """The small picture, or 404 when the item has none."""
        item = await self._seen(request, evidence_id)
        if item.thumb_sha256 is None:
            raise not_found()
        source = self.room.storage.open(item.market_id, item.thumb_sha256)
        headers = file_answer.thumb_headers(item.thumb_sha256)
        return Stream(await _started(source), headers=headers, media_type="image/webp")

    async def _seen(self, request: AnyRequest, evidence_id: str) -> Evidence:
        async with self.room.db.connection() as conn:
            item = await evidence_store.evidence_by_id(
                conn, self.access.market_of(request), evidence_id
            )
        if item is None or not await self.access.may_see(request, item):
            raise not_found()
        return item

    async def _filer(self, request: AnyRequest, claim_no: str, slot: str) -> Filer:
        filer = await self.access.filer(request, claim_no, slot)
        if filer is None:
            raise not_found()
        return filer

    async def _begin(self, filer: Filer, slot: str, filename: str, size: int | None) -> Upload:
        wanted = Filing(
            claim_no=filer.claim_no,
            slot=slot,
            party=filer.party,
            audience=filer.audience,
            filename=filename,
            size=size,
        )
        async with self.room.db.transaction() as tx:
            return await evidence_actions.begin_upload(tx, filer.act, self.ids.uuid(), wanted)

    async def _complete(self, filer: Filer, upload_id: str) -> Filed:
        item = await filing.complete(
            self.room, filer.act, upload_id, filer.opened_at, self.access.record_added
        )
        if item is None:
            raise not_found()
        return Filed(view_of(item), await self.access.missing(filer))

    async def _forget_unless_filed(self, filer: Filer, upload_id: str) -> None:
        upload = await filing.find_upload(self.room, filer.act, upload_id)
        if upload is not None and upload.evidence_id is None:
            await filing.forget(self.room, upload)


def view_of(item: Evidence) -> EvidenceView:
    """An item as its readers see it: without its owner's name for it."""
    return EvidenceView(
        evidence_id=item.evidence_id,
        slot=item.slot,
        party=item.party,
        media_type=item.media_type,
        size=item.size,
        sha256=item.sha256,
        notes=list(item.notes),
        added_at=item.added_at,
        has_thumb=item.thumb_sha256 is not None,
    )


def _slot(text: str) -> str:
    if not SLOT.fullmatch(text):
        raise PageFault(422, "input")
    return text


def _offset(request: AnyRequest) -> int:
    text = request.headers.get("upload-offset", "")
    if not OFFSET.fullmatch(text):
        raise PageFault(400, "malformed")
    return int(text)


async def _started(source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes with the first piece read already: a missing file is an answer of its own,
    not a broken download."""
    first = await anext(source, b"")

    async def rest() -> AsyncIterator[bytes]:
        yield first
        async for piece in source:
            yield piece

    return rest()
