"""The routes of evidence files, for pages and for the API alike."""

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec
from litestar import Response, delete, get, head, patch, post
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from makegood.base.time import rfc3339
from makegood.claims.evidence import LARGEST
from makegood.claims.evidence_store import Upload
from makegood.claims.filing import PIECE_BYTES
from makegood.web.files import Answer, Filed, Files, NewUpload
from makegood.web.form_stream import AnyRequest

MAX_BODY: Final = LARGEST + 64 * 1024
"""Give this to a route of `Files.file_form`: a larger body is refused before a byte is read."""


FilesOf: TypeAlias = Callable[[AnyRequest], Files]
"""Finds the files that a request is about."""


class UploadState(msgspec.Struct, frozen=True, kw_only=True):
    """How far an upload is. `piece_bytes` is a good size for one PATCH."""

    upload_id: str
    offset: int
    size: int
    piece_bytes: int
    expires_at: str


def file_routes(files: FilesOf, prefix: str = "") -> list[ControllerRouterHandler]:
    """Routes below `prefix`: `/uploads…` and `/files/…`. Filing by form is `Files.file_form`.

    An upload follows the core of tus 1.0: POST makes it, PATCH with `Upload-Offset` adds bytes,
    HEAD tells how far it is, DELETE gives it up. The PATCH that makes it whole answers 201 with
    the item; sending that PATCH again, empty, gives the same answer.
    """
    return [*_upload_routes(files, prefix), *read_routes(files, prefix)]


def _upload_routes(files: FilesOf, prefix: str) -> list[ControllerRouterHandler]:
    @post(f"{prefix}/uploads", operation_id="beginUpload")
    async def begin_upload(request: AnyRequest, data: JSONBody[NewUpload]) -> Response[UploadState]:
        upload = await files(request).begin(request, data)
        location = {"location": f"{prefix}/uploads/{upload.upload_id}"}
        return Response(_state(upload), status_code=201, headers=_progress(upload) | location)

    @head(f"{prefix}/uploads/{{upload_id:str}}", operation_id="uploadState")
    async def upload_state(request: AnyRequest, upload_id: FromPath[str]) -> Response[None]:
        _, upload = await files(request).find(request, upload_id)
        return Response(None, headers=_progress(upload) | {"cache-control": "no-store"})

    @patch(
        f"{prefix}/uploads/{{upload_id:str}}",
        operation_id="continueUpload",
        request_max_body_size=MAX_BODY,
    )
    async def continue_upload(
        request: AnyRequest, upload_id: FromPath[str]
    ) -> Response[Filed | None]:
        upload, filed = await files(request).take(request, upload_id)
        status = 204 if filed is None else 201
        return Response(filed, status_code=status, headers=_progress(upload))

    @delete(f"{prefix}/uploads/{{upload_id:str}}", operation_id="forgetUpload")
    async def forget_upload(request: AnyRequest, upload_id: FromPath[str]) -> None:
        await files(request).forget(request, upload_id)

    return [begin_upload, upload_state, continue_upload, forget_upload]


def read_routes(files: FilesOf, prefix: str) -> list[ControllerRouterHandler]:
    """Reading alone: a file, its length, its small picture."""

    @get(f"{prefix}/files/{{evidence_id:str}}", operation_id="readFile")
    async def read_file(request: AnyRequest, evidence_id: FromPath[str]) -> Answer:
        return await files(request).answer(request, evidence_id)

    @head(f"{prefix}/files/{{evidence_id:str}}", operation_id="measureFile")
    async def measure_file(request: AnyRequest, evidence_id: FromPath[str]) -> Response[None]:
        return await files(request).measure(request, evidence_id)

    @get(f"{prefix}/files/{{evidence_id:str}}/thumb", operation_id="readThumb")
    async def read_thumb(request: AnyRequest, evidence_id: FromPath[str]) -> Answer:
        return await files(request).answer_thumb(request, evidence_id)

    return [read_file, measure_file, read_thumb]


def _state(upload: Upload) -> UploadState:
    return UploadState(
        upload_id=upload.upload_id,
        offset=upload.received,
        size=upload.declared_size or 0,
        piece_bytes=PIECE_BYTES,
        expires_at=rfc3339(upload.expires_at),
    )


def _progress(upload: Upload) -> dict[str, str]:
    return {
        "upload-offset": str(upload.received),
        "upload-length": str(upload.declared_size or upload.received),
        "upload-expires": rfc3339(upload.expires_at),
    }
