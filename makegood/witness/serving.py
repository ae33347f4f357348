"""The witness over HTTP: `POST /add-checkpoint`, and what it saw last for whoever asks."""

from typing import Final
from urllib.parse import parse_qs

import msgspec
from litestar.types import HTTPScope, Message, Receive, Send

from makegood.base.time import Clock
from makegood.record.log.note import Note, Signer, cosign
from makegood.witness.keeping import Folder
from makegood.witness.rules import (
    LARGEST_REQUEST,
    Logs,
    Refuse,
    Sign,
    judge,
    origin_of,
)

TEXT: Final = "text/plain; charset=utf-8"
SIZE: Final = "text/x.tlog.size"


class Answer(msgspec.Struct, frozen=True):
    """One HTTP answer."""

    status: int
    body: bytes
    kind: str = TEXT


class Witness:
    """Signs for the logs it was told of, and only what contains all that it signed before."""

    def __init__(self, folder: Folder, signer: Signer, logs: Logs, clock: Clock) -> None:
        self._folder = folder
        self._signer = signer
        self._logs = logs
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """Check, keep, sign: in one go, with nothing between that could let another one in."""
        origin = origin_of(body)
        latest = self._folder.latest_checkpoint(origin) if origin in self._logs else None
        match judge(body, self._logs, latest):
            case Refuse(status=409, latest_size=int(size)):
                return Answer(409, b"%d\n" % size, SIZE)
            case Refuse(status=status, why=why):
                return Answer(status, f"{why}\n".encode())
            case Sign(note=note):
                signed = cosign(note, self._signer, int(self._clock.now().timestamp()))
                self._folder.keep(origin, signed)
                return Answer(200, _last_line(signed))
        raise AssertionError("every verdict is answered above")

    def latest(self, origin: str) -> Answer:
        """The last checkpoint of a log with our signature, for anyone to compare."""
        note = self._folder.latest(origin) if origin in self._logs else None
        if note is None:
            return Answer(404, b"nothing of this origin has been signed here\n")
        return Answer(200, bytes(note))

    def about(self) -> Answer:
        """Who this is: the key to put into a policy, and the logs that are watched."""
        lines = [f"witness {self._signer.verifier}", *(f"log {one}" for one in self._logs)]
        return Answer(200, "".join(f"{line}\n" for line in lines).encode())


class WitnessSite:
    """The ASGI application. Requests are carried out one after the other: that is the lock."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Answer one request; the server is told to speak nothing but HTTP."""
        match scope["method"], scope["path"]:
            case "POST", "/add-checkpoint":
                answer = self._witness.add_checkpoint(await _body(receive))
            case "GET", "/latest":
                query = parse_qs(scope["query_string"].decode("latin-1"))
                answer = self._witness.latest(query.get("origin", [""])[0])
            case "GET", "/":
                answer = self._witness.about()
            case _:
                answer = Answer(404, b"POST /add-checkpoint, GET /latest?origin=..., GET /\n")
        for message in _messages(answer):
            await send(message)


def _messages(answer: Answer) -> tuple[Message, Message]:
    size = b"%d" % len(answer.body)
    headers = [(b"content-type", answer.kind.encode()), (b"content-length", size)]
    return (
        {"type": "http.response.start", "status": answer.status, "headers": headers},
        {"type": "http.response.body", "body": answer.body, "more_body": False},
    )


async def _body(receive: Receive) -> bytes:
    """The body, read no further than a little past the largest one that is allowed."""
    body = bytearray()
    while len(body) <= LARGEST_REQUEST:
        message = await receive()
        if message["type"] != "http.request":
            break
        body += message["body"]
        if not message["more_body"]:
            break
    return bytes(body)


def _last_line(note: Note) -> bytes:
    """The line that we added, as it stands at the end of the note."""
    return bytes(note).rpartition(b"\n\n")[2].splitlines(keepends=True)[-1]
