"""Evidence over the API: filed as a form, read again by whoever may see it."""

from collections.abc import AsyncGenerator
from typing import Final, cast

from litestar import Request
from litestar.datastructures import State
from litestar.types import ASGIApp

from makegood.base.ids import is_claim_no
from makegood.web.api.calling import bearer_of
from makegood.web.api.faults import Fault
from makegood.web.api.operation import Answer, Call, Operation
from makegood.web.api.reading import body_pieces
from makegood.web.claim_files import files_of
from makegood.web.file_routes import MAX_BODY
from makegood.web.files import Filed, Files


class ApiRequest(Request[object, object, State]):
    """A request whose body is counted here, because the framework has not looked at it."""

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives. Raises Fault `too_large`."""
        announced = self.headers.get("content-length", "")
        async for piece in body_pieces(self.receive, announced, MAX_BODY):
            yield piece


async def add(call: Call) -> Answer:
    """File one item: `slot` first, then `file` (or `text`)."""
    claim_no = call.path["claim_no"]
    if not is_claim_no(claim_no):
        raise Fault("not_found")
    filed = await _files(call).file_form(_request(call), claim_no)
    return Answer(status=201, body=filed)


async def read(call: Call) -> ASGIApp:
    """The original, whole or a range of it."""
    request = _request(call)
    answer = await _files(call).answer(request, call.path["evidence_id"])
    return cast(ASGIApp, answer.to_asgi_response(None, request))


async def read_thumb(call: Call) -> ASGIApp:
    """The small picture of an item."""
    request = _request(call)
    answer = await _files(call).answer_thumb(request, call.path["evidence_id"])
    return cast(ASGIApp, answer.to_asgi_response(None, request))


def _files(call: Call) -> Files:
    return files_of(call.things, bearer_of)


def _request(call: Call) -> ApiRequest:
    return ApiRequest(call.scope, call.receive)


OPERATIONS: Final = (
    Operation(
        name="addEvidence",
        method="POST",
        path="/claims/{claim_no}/evidence",
        action="claim.evidence",
        summary="File one item as a form: `slot`, then `file`. Items are added, never replaced.",
        run=add,
        reads="multipart",
        uses="nothing",
        answer=Filed,
        status=201,
        refusals=(
            "claim_not_open",
            "evidence_limit",
            "file_damaged",
            "file_empty",
            "picture_too_large",
            "upload_limit",
            "upload_offset",
        ),
    ),
    Operation(
        name="readFile",
        method="GET",
        path="/files/{evidence_id}",
        action="claim.read",
        summary="An item's original bytes, whole or by Range.",
        run=read,
        uses="nothing",
        media_type="application/octet-stream",
        other_answers={206: bytes, 304: bytes, 416: bytes},
    ),
    Operation(
        name="readThumb",
        method="GET",
        path="/files/{evidence_id}/thumb",
        action="claim.read",
        summary="The small picture of an item, as WebP.",
        run=read_thumb,
        uses="nothing",
        media_type="image/webp",
    ),
)
