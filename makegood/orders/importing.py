"""From the bytes of a file or request to orders, row by row; a bad row is a result, not an end."""

import codecs
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from makegood.orders.columns import ColumnMap, order_of_cells
from makegood.orders.order import Order

MAX_LINE_BYTES: Final = 1024 * 1024
"""A longer line is refused without being kept in memory."""

Encoding: TypeAlias = Literal["utf-8", "gb18030"]
"""GB18030 reads everything that GBK and GB2312 can write."""

_decode_order = msgspec.json.Decoder(Order).decode
_TOO_LONG: Final = "line_too_long"


class BadRow(msgspec.Struct, frozen=True):
    """Why a row made no order: a code, and words that name the field and never the value."""

    code: str
    detail: str


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of the input, counted from 1, and what it became. `size` is its bytes."""

    line: int
    order: Order | BadRow
    size: int = 0


class RowResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is answered for each row. A good one has a version, a bad one a code."""

    line: int
    order_no: str = ""
    ok: bool
    version: int = 0
    changed: bool = False
    code: str = ""
    detail: str = ""


class LineCutter:
    """Cuts chunks of bytes into lines without ever holding more than one line's limit.

    Lines come as (number from 1, bytes without the line end); None stands for one that was
    too long, whose bytes are dropped as they arrive.
    """

    def __init__(self, max_bytes: int = MAX_LINE_BYTES) -> None:
        self._max = max_bytes
        self._rest = bytearray()
        self._too_long = False
        self._number = 0

    def add(self, chunk: bytes) -> Iterator[tuple[int, bytes | None]]:
        """The lines that this chunk completes."""
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            self._keep(chunk[start:end])
            yield self._line()
            start = end + 1
        self._keep(chunk[start:])

    def finish(self) -> Iterator[tuple[int, bytes | None]]:
        """The last line, if it had no line end."""
        if self._rest or self._too_long:
            yield self._line()

    def _keep(self, part: bytes) -> None:
        if self._too_long or len(self._rest) + len(part) > self._max:
            self._too_long = True
            self._rest.clear()
        else:
            self._rest += part

    def _line(self) -> tuple[int, bytes | None]:
        self._number += 1
        line = None if self._too_long else bytes(self._rest).removesuffix(b"\r")
        self._rest.clear()
        self._too_long = False
        return self._number, line


def ndjson_row(line_no: int, line: bytes | None) -> Row | None:
    """The order of one NDJSON line; None for an empty one."""
    if line is None:
        return Row(line_no, BadRow(_TOO_LONG, f"a line may have {MAX_LINE_BYTES} bytes"))
    if not line.strip():
        return None
    try:
        return Row(line_no, _with_order_no(_decode_order(line)), len(line))
    except msgspec.ValidationError as wrong:
        return Row(line_no, BadRow("invalid_order", str(wrong)))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Row(line_no, BadRow("not_json", "the line is not JSON in UTF-8"))


def ndjson_rows(
    chunks: Iterable[bytes], encoding: Encoding = "utf-8", max_bytes: int = MAX_LINE_BYTES
) -> Iterator[Row]:
    """The orders of an NDJSON file, row by row."""
    for line_no, line in _lines(chunks, max_bytes):
        if line is not None and encoding != "utf-8":
            line = _recoded(line, encoding)
        row = ndjson_row(line_no, line)
        if row is not None:
            yield row


def csv_rows(
    chunks: Iterable[bytes],
    columns: ColumnMap,
    encoding: Encoding = "utf-8",
    max_bytes: int = MAX_LINE_BYTES,
) -> Iterator[Row]:
    """The orders of a CSV file with a heading row; one row is one order of one line.

    Raises ValueError when the heading lacks a column that no order can do without.
    """
    lengths: dict[int, int] = {}
    reader = csv.reader(_csv_lines(chunks, encoding, max_bytes, lengths), strict=True)
    heading = [cell.strip().lstrip("\ufeff") for cell in next(reader, [])]
    places = columns.places(heading)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            yield Row(reader.line_num, BadRow("not_csv", "the quotes of this row do not fit"))
            continue
        if cells is None:
            return
        if any(cells):
            yield _csv_row(reader.line_num, cells, places, columns)
        elif lengths.pop(reader.line_num, 0):
            detail = f"a line may have {max_bytes} bytes"
            yield Row(reader.line_num, BadRow(_TOO_LONG, detail))


def detect_encoding(sample: bytes) -> Encoding:
    """UTF-8 when the sample (which may end inside a letter) reads as such, else GB18030."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def looks_like_csv(name: str, sample: bytes) -> bool:
    """Whether a file is CSV: by its name, else because its first letter opens no object."""
    lowered = name.lower()
    if lowered.endswith((".csv", ".txt")):
        return True
    if lowered.endswith((".ndjson", ".jsonl", ".json")):
        return False
    return not sample.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def _with_order_no(order: Order) -> Order:
    if not order.order_no:
        raise msgspec.ValidationError("Object missing required field `order_no`")
    return order


def _lines(chunks: Iterable[bytes], max_bytes: int) -> Iterator[tuple[int, bytes | None]]:
    cutter = LineCutter(max_bytes)
    for chunk in chunks:
        yield from cutter.add(chunk)
    yield from cutter.finish()


def _recoded(line: bytes, encoding: Encoding) -> bytes:
    # What cannot be read stays as it is, and is refused as not being JSON.
    try:
        return line.decode(encoding).encode()
    except UnicodeDecodeError:
        return line


def _csv_lines(
    chunks: Iterable[bytes], encoding: Encoding, max_bytes: int, lengths: dict[int, int]
) -> Iterator[str]:
    for line_no, line in _lines(chunks, max_bytes):
        if line is None:
            lengths[line_no] = max_bytes
            yield "\n"
        else:
            # NUL would stop the reader; it is refused later as an unreadable letter.
            yield line.decode(encoding, "replace").replace("\0", "\ufffd") + "\n"


def _csv_row(
    line_no: int, cells: Sequence[str], places: Mapping[str, int], columns: ColumnMap
) -> Row:
    named = {name: cells[place].strip() for name, place in places.items() if place < len(cells)}
    size = sum(map(len, cells))
    try:
        return Row(line_no, _with_order_no(order_of_cells(named, columns)), size)
    except msgspec.ValidationError as wrong:
        return Row(line_no, BadRow("invalid_order", str(wrong)))
    except ValueError as wrong:
        return Row(line_no, BadRow("invalid_cell", str(wrong)))
