"""Many orders at once: batches in transactions of their own, and a result for every row."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from typing import Final

import asyncpg

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.orders.actions import PutResult, put_orders
from makegood.orders.importing import BadRow, LineCutter, Row, RowResult, ndjson_row
from makegood.orders.order import Order
from makegood.store.database import Connection, Database
from makegood.store.vault import Vault

BATCH_ROWS: Final = 500
BATCH_BYTES: Final = 4 * 1024 * 1024
BATCHES_AT_ONCE: Final = 2
"""While PostgreSQL works on one batch, we read, seal and encode the next."""

_BAD_VALUE: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


async def import_orders(
    db: Database, act: Act, vault: Vault, rows: AsyncIterable[Row]
) -> AsyncGenerator[RowResult, None]:
    """Take orders row by row and answer in their order; never stops at a bad one.

    Every batch commits by itself, so an import that is cut off can simply be told again.
    """
    waiting: list[asyncio.Task[list[RowResult]]] = []
    try:
        async for batch in _batches(rows):
            waiting.append(asyncio.create_task(_take_batch(db, act, vault, batch)))
            if len(waiting) >= BATCHES_AT_ONCE:
                for result in await waiting.pop(0):
                    yield result
        while waiting:
            for result in await waiting.pop(0):
                yield result
    finally:
        for task in waiting:
            task.cancel()


async def import_ndjson(
    db: Database, act: Act, vault: Vault, chunks: AsyncIterable[bytes]
) -> AsyncGenerator[RowResult, None]:
    """The same for a body of NDJSON as it arrives: what `POST /orders/import` answers."""
    async with aclosing(import_orders(db, act, vault, _ndjson_rows(chunks))) as results:
        async for result in results:
            yield result


async def each(rows: Iterable[Row]) -> AsyncIterator[Row]:
    """Rows that are read from a file as rows that are waited for."""
    for row in rows:
        yield row


async def _ndjson_rows(chunks: AsyncIterable[bytes]) -> AsyncIterator[Row]:
    cutter = LineCutter()
    async for chunk in chunks:
        for line_no, line in cutter.add(chunk):
            if row := ndjson_row(line_no, line):
                yield row
    for line_no, line in cutter.finish():
        if row := ndjson_row(line_no, line):
            yield row


async def _batches(rows: AsyncIterable[Row]) -> AsyncIterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    async for row in rows:
        batch.append(row)
        size += row.size
        if len(batch) >= BATCH_ROWS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


async def _take_batch(
    db: Database, act: Act, vault: Vault, batch: Sequence[Row]
) -> list[RowResult]:
    good = [(row.line, row.order) for row in batch if isinstance(row.order, Order)]
    results = {
        row.line: _bad(row.line, row.order) for row in batch if isinstance(row.order, BadRow)
    }
    async with db.transaction() as tx:
        answers = await _put_all(tx, act, vault, [order for _, order in good])
    for (line, order), answer in zip(good, answers, strict=True):
        results[line] = _result(line, order, answer)
    return [results[row.line] for row in batch]


async def _put_all(
    tx: Connection, act: Act, vault: Vault, orders: Sequence[Order]
) -> list[PutResult | Refused | BadRow]:
    """All in a few statements; should the database refuse a value of one, each by itself."""
    try:
        async with tx.transaction():
            return list(await put_orders(tx, act, vault, orders))
    except (*_BAD_VALUE, asyncpg.DeadlockDetectedError, Refused):
        return [await _put_alone(tx, act, vault, order) for order in orders]


async def _put_alone(
    tx: Connection, act: Act, vault: Vault, order: Order
) -> PutResult | Refused | BadRow:
    try:
        async with tx.transaction():
            [answer] = await put_orders(tx, act, vault, [order])
            return answer
    except Refused as refusal:
        return refusal
    except _BAD_VALUE as wrong:
        return BadRow("invalid_order", type(wrong).__name__)


def _bad(line: int, bad: BadRow) -> RowResult:
    return RowResult(line=line, ok=False, code=bad.code, detail=bad.detail)


def _result(line: int, order: Order, answer: PutResult | Refused | BadRow) -> RowResult:
    match answer:
        case PutResult(version=version, changed=changed):
            return RowResult(
                line=line, order_no=order.order_no, ok=True, version=version, changed=changed
            )
        case Refused(code=code):
            return RowResult(line=line, order_no=order.order_no, ok=False, code=code)
        case BadRow(code=code, detail=detail):
            return RowResult(line=line, order_no=order.order_no, ok=False, code=code, detail=detail)
