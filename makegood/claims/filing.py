"""From bytes to evidence: takes a file in piece by piece, so that a broken link loses little."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from hashlib import sha256

import msgspec

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims import evidence, evidence_actions, evidence_store
from makegood.claims.evidence import Edges, Evidence, MediaType, Note
from makegood.claims.evidence_actions import Content, RecordAdded
from makegood.claims.evidence_store import Upload
from makegood.claims.files import FileMissing, Part, Pictures, Storage
from makegood.store.database import Database

PIECE_BYTES = 1024 * 1024
"""How much is kept in memory, and lost at most when the process dies: 1 MiB."""


class FilingRoom(msgspec.Struct, frozen=True):
    """What filing needs from outside: the database, the storage, and someone who sees pictures."""

    db: Database
    storage: Storage
    pictures: Pictures


async def take_in(
    room: FilingRoom, act: Act, upload: Upload, source: AsyncIterator[bytes]
) -> Upload:
    """Keep what comes, from where the upload stands, until the source ends.

    Every full piece is safe when the next one is asked for; a source that ends early leaves a
    shorter upload, which goes on later. Refuses with file_type_not_accepted or file_too_large
    as soon as that is certain, and the upload is forgotten; with upload_offset when another
    sender of the same upload was faster.
    """
    limit = upload.declared_size or evidence.LARGEST
    async for piece in _pieces(source, PIECE_BYTES):
        try:
            if upload.received == 0:
                limit = evidence.require_early(piece[: evidence.EDGE_BYTES], upload.declared_size)
            if upload.received + len(piece) > limit:
                raise Refused("file_too_large", size=upload.received + len(piece), limit=limit)
        except Refused:
            await forget(room, upload)
            raise
        upload = await _keep(room, act, upload, piece)
    return upload


async def complete(
    room: FilingRoom, act: Act, upload_id: str, opened_at: datetime, record_added: RecordAdded
) -> Evidence | None:
    """Make a whole upload evidence; None when it is unknown or another's.

    `opened_at` is when the claim was opened, to tell pictures changed later. Asking again
    gives the same item. A file that the rules refuse is forgotten.
    """
    upload = await find_upload(room, act, upload_id)
    if upload is None:
        return None
    if upload.evidence_id is not None:
        return await _known(room, act, upload.evidence_id)
    if upload.declared_size not in (None, upload.received):
        raise Refused("upload_offset", offset=upload.received)
    try:
        content = await _accept(room, upload, opened_at, act.now)
    except Refused:
        await forget(room, upload)
        raise
    except FileMissing:
        # Someone else completed the same upload meanwhile and its pieces are gone.
        return await _completed_elsewhere(room, act, upload_id)
    async with room.db.transaction() as tx:
        item = await evidence_actions.finish_upload(tx, act, upload_id, content, record_added)
    await room.storage.drop_parts(upload.market_id, upload.upload_id)
    return item


async def find_upload(room: FilingRoom, act: Act, upload_id: str) -> Upload | None:
    """An upload of this actor that has not expired, or None."""
    async with room.db.connection() as conn:
        upload = await evidence_store.upload_by_id(conn, act.market_id, upload_id)
    if upload is None or not upload.is_by(act.actor) or upload.expires_at <= act.now:
        return None
    return upload


async def forget(room: FilingRoom, upload: Upload) -> None:
    """Drop an upload with all its pieces."""
    async with room.db.transaction() as tx:
        await evidence_store.forget_uploads(tx, [(upload.market_id, upload.upload_id)])
    await room.storage.drop_parts(upload.market_id, upload.upload_id)


async def drop_expired(room: FilingRoom, now: datetime, limit: int = 500) -> int:
    """Forget uploads whose time has passed, and items of drafts nobody came back to.

    Answers how many uploads. For the timetable.
    """
    async with room.db.connection() as conn:
        expired = await evidence_store.expired_uploads(conn, now, limit)
    for market_id, upload_id in expired:
        await room.storage.drop_parts(market_id, upload_id)
    async with room.db.transaction() as tx:
        await evidence_store.forget_uploads(tx, expired)
        await evidence_store.forget_draft_items(tx, now - evidence.DRAFT_LIFETIME)
    return len(expired)


async def sweep(
    room: FilingRoom, kept_elsewhere: Iterable[tuple[str, str]], unused_since: datetime
) -> int:
    """Delete files that nothing names and that nobody put since then; answers how many.

    `kept_elsewhere` is (market, SHA-256) of files that are no evidence: proofs of refunds that
    a person made. What is neither there nor evidence is lost.
    """
    async with room.db.connection() as conn:
        kept = await evidence_store.kept_files(conn)
    return await room.storage.sweep(kept.union(kept_elsewhere), unused_since)


async def _keep(room: FilingRoom, act: Act, upload: Upload, piece: bytes) -> Upload:
    part = Part(upload.received, len(piece))
    await room.storage.put_part(upload.market_id, upload.upload_id, part, piece)
    async with room.db.transaction() as tx:
        await evidence_actions.advance_upload(tx, act, upload.upload_id, part)
    return msgspec.structs.replace(
        upload, received=part.offset + part.size, part_sizes=[*upload.part_sizes, part.size]
    )


async def _accept(room: FilingRoom, upload: Upload, opened_at: datetime, now: datetime) -> Content:
    """Check the whole file, and move it from its pieces to its place by content."""
    edges, digest = await _survey(room.storage, upload)
    media_type = evidence.accepted_type(edges)
    thumb, notes = await _look(room, upload, media_type, opened_at, now)
    source = room.storage.open_parts(upload.market_id, upload.upload_id, upload.parts())
    size = await room.storage.put(upload.market_id, digest, source)
    return Content(
        sha256=digest,
        size=size,
        media_type=media_type,
        thumb_sha256=await _put_thumb(room, upload.market_id, thumb) if thumb else None,
        notes=notes,
    )


async def _survey(storage: Storage, upload: Upload) -> tuple[Edges, str]:
    """Both ends, the size and the SHA-256, in one reading."""
    digest, head, tail, size = sha256(), b"", b"", 0
    async for piece in storage.open_parts(upload.market_id, upload.upload_id, upload.parts()):
        digest.update(piece)
        size += len(piece)
        if len(head) < evidence.EDGE_BYTES:
            head = (head + piece)[: evidence.EDGE_BYTES]
        tail = (tail + piece)[-evidence.EDGE_BYTES :]
    return Edges(head, tail, size), digest.hexdigest()


async def _look(
    room: FilingRoom, upload: Upload, media_type: MediaType, opened_at: datetime, now: datetime
) -> tuple[bytes | None, list[Note]]:
    if media_type == "application/pdf":
        return None, evidence.pdf_notes(evidence.pdf_names(await _whole(room, upload)))
    if not evidence.is_picture(media_type):
        return None, []
    most = evidence.max_pixels(media_type)
    found = await room.pictures.look(await _whole(room, upload), most)
    picture = evidence.require_picture(found, media_type)
    return picture.thumb, evidence.picture_notes(picture, opened_at, now)


async def _whole(room: FilingRoom, upload: Upload) -> bytes:
    """All of a file in memory: pictures and PDFs only, at most 20 MiB."""
    source = room.storage.open_parts(upload.market_id, upload.upload_id, upload.parts())
    return b"".join([piece async for piece in source])


async def _put_thumb(room: FilingRoom, market_id: str, thumb: bytes) -> str:
    digest = sha256(thumb).hexdigest()
    await room.storage.put(market_id, digest, _one(thumb))
    return digest


async def _known(room: FilingRoom, act: Act, evidence_id: str) -> Evidence | None:
    async with room.db.connection() as conn:
        return await evidence_store.evidence_by_id(conn, act.market_id, evidence_id)


async def _completed_elsewhere(room: FilingRoom, act: Act, upload_id: str) -> Evidence | None:
    upload = await find_upload(room, act, upload_id)
    if upload is None:
        return None
    if upload.evidence_id is None:
        raise FileMissing("the pieces of an upload are gone")
    return await _known(room, act, upload.evidence_id)


async def _pieces(source: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """The same bytes in pieces of exactly `size`, and a shorter last one."""
    waiting = bytearray()
    async for some in source:
        waiting += some
        while len(waiting) >= size:
            yield bytes(waiting[:size])
            del waiting[:size]
    if waiting:
        yield bytes(waiting)


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data
