"""Tables as CSV for spreadsheets: streamed row by row, in UTF-8 with the mark that Excel needs."""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from typing import Final

from litestar.response import Stream

BOM: Final = "\ufeff"
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
ROWS_AT_ONCE: Final = 500


def csv_answer(
    name: str, header: Sequence[str], rows: AsyncIterable[Sequence[object]], total: int
) -> Stream:
    """A download that begins at once; `total` tells a script how far along it is."""
    return Stream(
        _text(header, rows),
        media_type="text/csv",
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "x-total-rows": str(total),
            "cache-control": "no-store",
        },
    )


async def each(rows: Iterable[Sequence[object]]) -> AsyncIterator[Sequence[object]]:
    """Rows that are in memory already, as a stream."""
    for row in rows:
        yield row


def cell(value: object) -> object:
    """Text that a spreadsheet would run as a formula is shown as text; figures stay figures."""
    if isinstance(value, str) and value.startswith(FORMULA) and not _is_figure(value):
        return f"'{value}"
    return value


def _is_figure(text: str) -> bool:
    plain = text.lstrip("-").replace(".", "", 1)
    return plain.isascii() and plain.isdigit()


async def _text(
    header: Sequence[str], rows: AsyncIterable[Sequence[object]]
) -> AsyncIterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    yield (BOM + _taken(buffer)).encode()
    waiting = 0
    async for row in rows:
        writer.writerow([cell(value) for value in row])
        waiting += 1
        if waiting == ROWS_AT_ONCE:
            yield _taken(buffer).encode()
            waiting = 0
    if rest := _taken(buffer):
        yield rest.encode()


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
