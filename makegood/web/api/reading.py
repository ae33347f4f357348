"""From the bytes of a call to the shapes an operation declares; says which place is wrong."""

import re
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from litestar.types import Receive

from makegood.web.api.faults import Fault, Field, input_fault
from makegood.web.api.operation import JSON, Operation

NUL_ESCAPE: Final = b"\\u0000"
_PLACE: Final = re.compile(r"^(?P<what>.*?)(?: - at `(?P<place>.*)`)?$", re.DOTALL)
_MISSING: Final = re.compile(r"(?:missing required|contains unknown) field `([^`]*)`")
_MEDIA: Final = {
    "json": (JSON,),
    "ndjson": ("application/x-ndjson", "application/ndjson"),
    "multipart": ("multipart/form-data",),
    "form": ("application/x-www-form-urlencoded",),
}
MOST_QUERY_FIELDS: Final = 50


class BodyReader:
    """Decodes the bodies of one operation with a decoder made once."""

    def __init__(self, operation: Operation) -> None:
        shape: type = operation.body if operation.body is not None else object
        self._decoder: msgspec.json.Decoder[object] = msgspec.json.Decoder(shape)

    def read(self, raw: bytes) -> object:
        """The body in its shape. Raises Fault `malformed` or `input`."""
        try:
            body = self._decoder.decode(raw)
        except msgspec.ValidationError as error:
            raise wrong_input(error) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Fault("malformed") from error
        if NUL_ESCAPE in raw and _has_nul(msgspec.json.decode(raw)):
            raise input_fault("", "text cannot hold U+0000")
        return body


def read_query(text: bytes, shape: type) -> object:
    """The query in its shape. Raises Fault `input` for unknown, repeated or wrong fields."""
    if not text and not shape.__struct_fields__:  # type: ignore[attr-defined]
        return shape()
    try:
        pairs = parse_qsl(
            text.decode("ascii", "replace"),
            keep_blank_values=True,
            max_num_fields=MOST_QUERY_FIELDS,
            errors="strict",
        )
        found = dict(pairs)
        if len(found) != len(pairs) or any("\x00" in name + value for name, value in pairs):
            raise input_fault("", "a query field is repeated or holds U+0000")
        return msgspec.convert(found, shape, strict=False)
    except msgspec.ValidationError as error:
        raise wrong_input(error) from error
    except ValueError as error:
        raise input_fault("", "the query cannot be read") from error


def check_media(operation: Operation, sent: str) -> None:
    """Raise Fault `wrong_type` for a body that says it is something else."""
    if operation.reads == "nothing":
        return
    if sent.partition(";")[0].strip().lower() not in _MEDIA[operation.reads]:
        raise Fault("wrong_type")


async def whole_body(receive: Receive, announced: str, limit: int) -> bytes:
    """The body in one piece; Fault `too_large` before more than `limit` bytes are kept."""
    check_length(announced, limit)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        first: bytes = message.get("body", b"")
        if len(first) > limit:
            raise Fault("too_large")
        return first
    pieces = bytearray(message.get("body", b"") if message["type"] == "http.request" else b"")
    while message["type"] == "http.request" and message.get("more_body"):
        message = await receive()
        if message["type"] == "http.request":
            pieces += message.get("body", b"")
        if len(pieces) > limit:
            raise Fault("too_large")
    if message["type"] != "http.request":
        raise Fault("malformed")
    return bytes(pieces)


async def body_pieces(receive: Receive, announced: str, limit: int) -> AsyncIterator[bytes]:
    """The body as it arrives; it ends where the sender is gone."""
    check_length(announced, limit)
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise Fault("too_large")
        more = bool(message.get("more_body"))
        yield piece


def check_length(announced: str, limit: int) -> None:
    """Raise Fault `too_large` for a body that says it is larger than allowed."""
    if announced.isascii() and announced.isdigit() and int(announced[:18]) > limit:
        raise Fault("too_large")


def wrong_input(error: msgspec.ValidationError) -> Fault:
    """The fault with the place that the decoder names."""
    match = _PLACE.match(str(error))
    what, place = (match["what"], match["place"] or "$") if match else (str(error), "$")
    named = _MISSING.search(what)
    path = place.removeprefix("$").removeprefix(".")
    if named:
        path = f"{path}.{named[1]}" if path else named[1]
    return Fault("input", [Field(path, what)])


def _has_nul(value: object) -> bool:
    match value:
        case str():
            return "\x00" in value
        case list():
            return any(_has_nul(item) for item in value)
        case dict():
            return any("\x00" in str(name) or _has_nul(item) for name, item in value.items())
        case _:
            return False
