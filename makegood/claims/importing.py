"""Many claims at once: rows of a table, each opened or added to, each with its own result."""

import csv
import io
from collections.abc import Sequence
from typing import Final, Literal, get_args

import msgspec

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims.actions import post_message
from makegood.claims.desk import Desk
from makegood.claims.intake import open_claim
from makegood.claims.opening import OpenClaim
from makegood.policy.judgement import Wants
from makegood.store.database import Database

MOST_ROWS: Final = 500
LONGEST_TEXT: Final = 4000
COLUMNS: Final = {
    "order_no": ("order_no", "订单号"),
    "line_no": ("line_no", "行号"),
    "unit": ("unit", "件号"),
    "reason": ("reason", "问题"),
    "description": ("description", "说明"),
    "wants": ("wants", "诉求"),
    "external_id": ("external_id", "外部编号"),
    "claim_no": ("claim_no", "售后单号"),
}
"""The columns by name; either language will do, in any order."""
CHANNEL: Final = "batch"
WANTS: Final = get_args(Wants)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line: with `claim_no` a note on that claim, otherwise a new one about an order's unit."""

    order_no: str = ""
    line_no: int | None = None
    unit: int | None = None
    reason: str = ""
    description: str = ""
    wants: str = "refund"
    external_id: str = ""
    claim_no: str = ""


class RowResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a line; `code` says why where it was refused."""

    row: int
    state: Literal["opened", "existing", "updated", "refused"]
    claim_no: str = ""
    code: str = ""


def read_table(raw: bytes) -> list[Row]:
    """The rows of a CSV file in UTF-8 or GB 18030, with a heading.

    Raises:
        Refused: `table_unreadable` with what is wrong, `too_many_rows` with the limit.
    """
    reader = csv.DictReader(io.StringIO(_text(raw), newline=""), strict=True)
    try:
        names = _names(reader.fieldnames or ())
        lines = [
            line
            for line in reader
            if any((value or "").strip() for value in line.values() if isinstance(value, str))
        ]
    except csv.Error as wrong:
        raise Refused("table_unreadable", why=str(wrong)) from wrong
    if len(lines) > MOST_ROWS:
        raise Refused("too_many_rows", limit=MOST_ROWS)
    return [_row(line, names) for line in lines]


async def take_rows(db: Database, act: Act, desk: Desk, rows: Sequence[Row]) -> list[RowResult]:
    """Open or add to a claim for each row; one that is refused stops no other."""
    return [await _take(db, act, desk, number, row) for number, row in enumerate(rows, start=1)]


async def _take(db: Database, act: Act, desk: Desk, number: int, row: Row) -> RowResult:
    try:
        if row.claim_no:
            async with db.transaction() as tx:
                await post_message(tx, act, desk, row.claim_no, row.description[:LONGEST_TEXT])
            return RowResult(row=number, state="updated", claim_no=row.claim_no)
        async with db.connection() as conn:
            opened = await open_claim(conn, act, desk, _command(row))
    except Refused as refused:
        return RowResult(row=number, state="refused", claim_no=row.claim_no, code=refused.code)
    state: Literal["opened", "existing"] = "existing" if opened.existing else "opened"
    return RowResult(row=number, state=state, claim_no=opened.claim_no)


def _command(row: Row) -> OpenClaim:
    if not (row.order_no and row.reason and row.description):
        raise Refused("evidence_missing")
    if row.wants not in WANTS:
        raise Refused("remedy_not_available", remedy=row.wants)
    return OpenClaim(
        order_no=row.order_no,
        line_no=row.line_no,
        units=() if row.unit is None else (row.unit,),
        reason=row.reason,
        description=row.description[:LONGEST_TEXT],
        wants=row.wants,
        channel=CHANNEL,
        external_id=row.external_id,
    )


def _text(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Refused("table_unreadable", why="neither UTF-8 nor GB 18030")


def _names(heading: Sequence[str]) -> dict[str, str]:
    """Our name of each column to the file's."""
    given = {name.strip().casefold(): name for name in heading}
    found = {
        ours: given[name] for ours, names in COLUMNS.items() for name in names if name in given
    }
    if "description" not in found or not found.keys() & {"order_no", "claim_no"}:
        raise Refused("table_unreadable", why="order_no, reason, description")
    return found


def _row(line: dict[str, str], names: dict[str, str]) -> Row:
    text = {ours: (line.get(theirs) or "").strip()[:LONGEST_TEXT] for ours, theirs in names.items()}
    numbers = {name: _whole(text.pop(name, "")) for name in ("line_no", "unit")}
    kept = {name: value for name, value in text.items() if value}
    return Row(**kept, line_no=numbers["line_no"], unit=numbers["unit"])


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else None
