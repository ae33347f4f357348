"""The pool of PostgreSQL connections, and the one way to open a transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Self, TypeAlias
from urllib.parse import urlsplit

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from makegood.base.trouble import CannotRun

Record: TypeAlias = asyncpg.Record
Connection: TypeAlias = "asyncpg.Connection[Record] | PoolConnectionProxy[Record]"
"""What actions and stores receive as `tx` or `conn`: always inside a pool's care."""

_JSONB_VERSION = b"\x01"
_STATEMENTS_KEPT = 512
_ASIDE_CONNECTIONS = 2


class Database:
    """A pool of connections to one PostgreSQL database.

    jsonb columns arrive as plain Python objects and accept builtins or msgspec Structs.
    """

    def __init__(
        self, pool: "asyncpg.Pool[Record]", aside: "asyncpg.Pool[Record]", url: str
    ) -> None:
        self._pool = pool
        self._aside = aside
        self.url = url

    @classmethod
    async def open(
        cls, url: str, *, min_size: int = 1, max_size: int = 10, connect_timeout: float = 10.0
    ) -> Self:
        """Connect to `url`; raises CannotRun with one clear line when no database answers."""
        try:
            pool = await _pool(url, min_size, max_size, connect_timeout)
        except _UNREACHED as failed:
            raise CannotRun(_unreached(url, failed)) from failed
        return cls(pool, await _pool(url, 0, _ASIDE_CONNECTIONS, connect_timeout), url)

    async def close(self) -> None:
        """Give every connection back to the server."""
        await self._pool.close()
        await self._aside.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One connection without a transaction: each statement commits by itself."""
        async with self._pool.acquire() as conn:
            yield conn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One connection in one transaction: committed at the end, rolled back on any exception."""
        async with self._pool.acquire() as conn, conn.transaction():
            yield conn

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[Connection]:
        """A connection for what is read while another one is held: caches, mostly.

        Were it of the same pool, a pool whose connections all wait for one more stood still.
        Nothing else may be acquired while it is held.
        """
        async with self._aside.acquire() as conn:
            yield conn


async def connect(url: str, *, timeout: float = 10.0) -> "asyncpg.Connection[Record]":
    """One connection of its own, outside any pool, with the same codecs."""
    conn = await asyncpg.connect(url, timeout=timeout)
    await _prepare(conn)
    return conn


async def reach(url: str, *, timeout: float = 10.0) -> "asyncpg.Connection[Record]":
    """`connect`, with one clear line for a person when no database answers."""
    try:
        return await connect(url, timeout=timeout)
    except _UNREACHED as failed:
        raise CannotRun(_unreached(url, failed)) from failed


_UNREACHED: Final = (
    OSError,
    OverflowError,
    TimeoutError,
    ValueError,
    asyncpg.InterfaceError,
    asyncpg.PostgresError,
)
"""What connecting raises: nobody there, nobody let in, or an address that is none."""


def _unreached(url: str, failed: Exception) -> str:
    return (
        f"the database at {_place(url)} does not answer "
        f"({type(failed).__name__}: {failed}): start it, or correct DATABASE_URL; "
        "without DATABASE_URL the embedded one is used"
    )


def _place(url: str) -> str:
    """Host and port of an address as it was written, without user and password."""
    where = urlsplit(url)
    if where.hostname is None:
        return "the local socket"
    port = where.netloc.rpartition("@")[2].rpartition("]")[2].rpartition(":")[2]
    return f"{where.hostname}:{port if port.isdigit() else 5432}"


async def _pool(
    url: str, min_size: int, max_size: int, connect_timeout: float
) -> "asyncpg.Pool[Record]":
    return await asyncpg.create_pool(
        url,
        min_size=min_size,
        max_size=max_size,
        timeout=connect_timeout,
        init=_prepare,
        reset=_keep,
        statement_cache_size=_STATEMENTS_KEPT,
        max_cached_statement_lifetime=0,
    )


async def _keep(conn: Connection) -> None:
    """Nothing to undo: no statement of ours changes a session, and transactions end by themselves.

    The driver's own reset would ask the server once more after every use of a connection.
    """


async def _prepare(conn: Connection) -> None:
    """jsonb in binary form straight to and from msgspec, without a step through text."""
    await conn.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=_to_jsonb, decoder=_from_jsonb
    )


def _to_jsonb(value: object) -> bytes:
    return _JSONB_VERSION + msgspec.json.encode(value)


def _from_jsonb(data: bytes) -> object:
    return msgspec.json.decode(data[1:])
