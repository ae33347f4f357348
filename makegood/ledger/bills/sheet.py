"""A bill file as a sheet of cells: its encoding, its rows, and exact words about a wrong cell."""

import codecs
import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from makegood.base.money import MINOR_DIGITS
from makegood.ledger.bills.rules import BillFault
from makegood.ledger.rules import MAX_AMOUNT_MINOR

MOST_BYTES = 50 * 1024 * 1024
MOST_CELLS = 200
_AMOUNT: Final = re.compile(
    r"¥?(?P<sign>[+-]?)¥?(?P<whole>[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.(?P<part>[0-9]*))?"
)
"""Commas only where they part thousands, so that `1,5` is never 15."""


class Row(msgspec.Struct, frozen=True):
    """One line of the file; cells by the header's names."""

    line_no: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """A cell without space around it; empty for a column that the file lacks."""
        return self.cells.get(column, "")

    def required(self, column: str) -> str:
        """A cell that must hold something. Raises BillFault `cell_empty`."""
        text = self.text(column)
        if not text:
            raise BillFault("cell_empty", self.line_no, column)
        return text

    def signed_minor(self, column: str, currency: str) -> int:
        """An amount in minor units with its sign. Raises BillFault `amount_wrong`."""
        text = self.required(column)
        minor = _signed_minor(text, MINOR_DIGITS[currency])
        if minor is None or abs(minor) > MAX_AMOUNT_MINOR:
            raise BillFault("amount_wrong", self.line_no, column, text)
        return minor

    def currency(self, column: str, otherwise: str) -> str:
        """A currency that we keep. Raises BillFault `currency_unknown`."""
        text = self.text(column).upper() or otherwise
        if text not in MINOR_DIGITS:
            raise BillFault("currency_unknown", self.line_no, column, text)
        return text

    def day(self, column: str) -> date:
        """The day of a time as the bill writes it. Raises BillFault `time_wrong`."""
        text = self.required(column).replace("/", "-")
        try:
            return datetime.fromisoformat(text).date()
        except ValueError:
            raise BillFault("time_wrong", self.line_no, column, text) from None


def decode(content: bytes) -> str:
    """The text of a file: UTF-8 with or without a mark, else GBK as Chinese systems write it.

    Raises:
        BillFault: `file_empty`, `file_too_large`, or `encoding_unknown` with the line.
    """
    if not content.strip():
        raise BillFault("file_empty")
    if len(content) > MOST_BYTES:
        raise BillFault("file_too_large")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(content, "utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _decoded(content, "gb18030")


def cut(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of comma-separated text with their line numbers; quotes may hold line feeds.

    Raises:
        BillFault: `row_broken` for quotes that never end.
    """
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    at = 1
    try:
        for cells in reader:
            if len(cells) > MOST_CELLS:
                raise BillFault("row_broken", at)
            yield at, [_plain(cell) for cell in cells]
            at = reader.line_num + 1
    except csv.Error as error:
        raise BillFault("row_broken", at) from error


def table(
    rows: Sequence[tuple[int, list[str]]], header_at: int, columns: Sequence[str]
) -> list[Row]:
    """The rows below a header as named cells; empty rows are left out.

    Raises:
        BillFault: `column_missing`, `column_twice`, or `row_length` for a row of another length.
    """
    line_no, header = rows[header_at]
    for column in columns:
        if column not in header:
            raise BillFault("column_missing", line_no, column)
    named = [name for name in header if name]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise BillFault("column_twice", line_no, twice)
    return [_row(at, header, cells) for at, cells in rows[header_at + 1 :] if any(cells)]


def find_header(rows: Sequence[tuple[int, list[str]]], wanted: Sequence[str]) -> int:
    """Where the header is: the first row that holds at least half of the wanted columns.

    Raises:
        BillFault: `column_missing` with the first wanted column when there is none.
    """
    for at, (_, cells) in enumerate(rows):
        if 2 * len(set(wanted) & set(cells)) >= len(wanted):
            return at
    raise BillFault("column_missing", rows[0][0] if rows else 1, wanted[0])


def _row(line_no: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) > len(header) and not any(cells[len(header) :]):
        cells = cells[: len(header)]
    if len(cells) != len(header):
        raise BillFault("row_length", line_no, header[min(len(cells), len(header)) - 1])
    return Row(line_no, dict(zip(header, cells, strict=True)))


def _signed_minor(text: str, places: int) -> int | None:
    """An amount in minor units; None for anything but an exact number with so many decimals."""
    found = _AMOUNT.fullmatch(text)
    part = (found["part"] or "") if found else ""
    if found is None or part[places:].strip("0"):
        return None
    minor = int(found["whole"].replace(",", "") + part[:places].ljust(places, "0"))
    return -minor if found["sign"] == "-" else minor


def _plain(cell: str) -> str:
    """Without the marks that keep spreadsheets from changing numbers: tabs, `` ` ``, `=""`."""
    text = cell.strip().lstrip("`").strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    return text


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BillFault("encoding_unknown", line) from None
