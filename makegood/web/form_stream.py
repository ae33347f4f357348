"""Reads a form with a file without holding the file: fields first, then its bytes as they come."""

from collections.abc import AsyncIterator
from typing import Final, Protocol, cast

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import InternalServerException
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from makegood.web.problem import PageFault

AnyRequest = Request[object, object, State]

MAX_PARTS: Final = 16
MAX_FIELD_BYTES: Final = 4096


class LinkLost(Exception):
    """The sender is gone: nothing more will come, and nobody waits for an answer."""


class FormWithFile:
    """A form whose file has begun: the fields in front of it, its name, its bytes."""

    def __init__(self, fields: dict[str, str], filename: str, body: AsyncIterator[bytes]) -> None:
        self.fields = fields
        self.filename = filename
        self.body = body


class _Segment(Protocol):
    name: str
    filename: str | None


async def read_form(request: AnyRequest) -> FormWithFile:
    """Read up to the first file. Fields must stand before it; later ones are not looked at.

    A form without a file, but with words in the field `text`, is a form with a text file.
    Raises PageFault 415 for another kind of body, 400 for a damaged one, 422 without a file.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise PageFault(415, "wrong_type")
    events = _events(request, str(options["boundary"]))
    fields: dict[str, str] = {}
    async for event in events:
        if not isinstance(event, MultipartSegment):
            continue
        segment = cast(_Segment, event)
        if segment.filename is not None:
            return FormWithFile(fields, segment.filename, _file_bytes(events))
        fields[segment.name] = await _field(events)
    if not fields.get("text"):
        raise PageFault(422, "input")
    return FormWithFile(fields, "text.txt", _one(fields["text"].encode()))


async def body_of(request: AnyRequest) -> AsyncIterator[bytes]:
    """The bytes of a request until it ends. Raises LinkLost when the sender is gone."""
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except InternalServerException as error:
        raise LinkLost from error


async def until_lost(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes, ending quietly where the link was lost: what came is worth keeping."""
    try:
        async for chunk in body:
            yield chunk
    except LinkLost:
        return


async def _events(request: AnyRequest, boundary: str) -> AsyncIterator[object]:
    """Parser events: a segment, then its bytes, then None, and so on."""
    try:
        parser = PushMultipartParser(boundary, max_segment_count=MAX_PARTS)
        async for chunk in body_of(request):
            for event in parser.parse(chunk):
                yield event
        parser.close()
    except (MultipartError, LinkLost) as error:
        raise PageFault(400, "malformed") from error


async def _field(events: AsyncIterator[object]) -> str:
    text = bytearray()
    async for event in events:
        if not isinstance(event, bytes | bytearray):
            break
        text += event
        if len(text) > MAX_FIELD_BYTES:
            raise PageFault(422, "input")
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise PageFault(422, "input") from error


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _file_bytes(events: AsyncIterator[object]) -> AsyncIterator[bytes]:
    """The file's bytes; then the rest is read, so that a form cut off is seen to be cut off."""
    inside = True
    async for event in events:
        if not isinstance(event, bytes | bytearray):
            inside = False
        elif inside:
            yield bytes(event)
