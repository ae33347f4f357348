"""One operation of the API as data: address, right, shapes, what it answers and refuses."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

import msgspec
from litestar.types import ASGIApp, HTTPScope, Receive

from makegood.base.actor import Act
from makegood.people.caller import Caller
from makegood.store.database import Connection
from makegood.web.things import Things

Method: TypeAlias = Literal["GET", "PUT", "POST", "DELETE"]
Reads: TypeAlias = Literal["json", "multipart", "ndjson", "form", "nothing"]
Uses: TypeAlias = Literal["transaction", "connection", "nothing"]
T = TypeVar("T")

JSON = "application/json"


@dataclass(slots=True, kw_only=True)
class Call:
    """One call of an operation: who, what was sent, and the connection it may use."""

    things: Things
    scope: HTTPScope
    receive: Receive
    headers: Mapping[bytes, bytes]
    caller: Caller
    act: Act
    path: Mapping[str, str]
    raw: bytes = b""
    """The body as it was sent, for operations that take JSON."""
    body: object = None
    query: object = None
    connection: "Connection | None" = None

    @property
    def method(self) -> str:
        """GET, PUT, POST or DELETE."""
        return str(self.scope["method"])

    @property
    def conn(self) -> Connection:
        """The connection of an operation that uses one."""
        assert self.connection is not None, "this operation declares that it uses no database"
        return self.connection

    def body_as(self, kind: type[T]) -> T:
        """The decoded body, whose shape the operation declares."""
        assert isinstance(self.body, kind)
        return self.body

    def query_as(self, kind: type[T]) -> T:
        """The decoded query, whose shape the operation declares."""
        assert isinstance(self.query, kind)
        return self.query

    def header(self, name: bytes) -> str:
        """A header by its lower-case name; empty when it was not sent."""
        return self.headers.get(name, b"").decode("latin-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an operation answers: a shape to be encoded, or bytes of another media type."""

    status: int = 200
    body: object = None
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that is sent while it is made."""

    pieces: AsyncIterator[bytes]
    media_type: str


Reply: TypeAlias = Answer | Stream | ASGIApp
Run: TypeAlias = Callable[[Call], Awaitable[Reply]]


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of an operation that takes none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation. `action` is its row in the roles matrix; `refusals` its codes of 409."""

    name: str
    method: Method
    path: str
    action: str
    summary: str
    run: Run
    body: type | None = None
    query: type | None = NoQuery
    """The shape of the query; None where the operation reads it itself."""
    answer: type | None = None
    status: int = 200
    other_answers: Mapping[int, type] = field(default_factory=dict)
    """Further good answers by status."""
    media_type: str = JSON
    other_media: tuple[str, ...] = ()
    reads: Reads = "nothing"
    uses: Uses = "transaction"
    refusals: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Request headers of its own that must be sent, each with what it means."""
    example: object = None
    """An example body."""
    keeps_answer: bool = True
    """False where the answer holds a token: such an answer is never kept."""

    @property
    def takes_key(self) -> bool:
        """Whether `Idempotency-Key` is accepted."""
        return self.method == "POST"
