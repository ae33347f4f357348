"""Ended claims from a shop's own files: rows of CSV or JSON lines, joined with their orders."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final, cast, get_args

import msgspec

from makegood.base.refusal import Refused
from makegood.claims.events import StatedFact
from makegood.claims.factsheet import facts_for_judge, order_facts, stated
from makegood.claims.ruling import unit_at_stake
from makegood.orders.columns import amount_minor
from makegood.orders.facts import UnitFacts, unit_facts
from makegood.orders.order import Order
from makegood.policy.backtest.case import UNKNOWN, Actual, By, Case, said_of
from makegood.policy.facts import FactSpec, SourceKind, Value
from makegood.policy.judgement import Context, Shares, Wants
from makegood.policy.remedies import ALL
from makegood.policy.stake import Measured, Stake
from makegood.policy.vocabulary import FACTS

NEEDED: Final = ("claim_no", "order_no", "reason", "opened_at")
OPTIONAL: Final = (
    "line_no",
    "units",
    "wants",
    "decided_at",
    "decided_by",
    "finding",
    "remedy",
    "refunded",
    "borne_by",
    "buyer_tier",
    "in_stock",
    "auto_cap",
)
YES: Final = ("yes", "true", "1", "是", "有")
NO: Final = ("no", "false", "0", "否", "无")


class BadClaim(msgspec.Struct, frozen=True):
    """Why a row made no claim: the line, the column and the reason, never the value."""

    line: int
    column: str
    detail: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.detail}"


class ClaimRow(msgspec.Struct, frozen=True):
    """One row of the claims file: its line from 1, and its cells by heading."""

    line: int
    cells: dict[str, str]


class Sold(msgspec.Struct, frozen=True):
    """The order of a claim, and the size of its seller by the orders of the file."""

    order: Order
    seller_size: str


class _Bad(ValueError):
    def __init__(self, column: str, detail: str) -> None:
        super().__init__(detail)
        self.column = column


def check_heading(names: Iterable[str]) -> None:
    """Raises ValueError for a column that is missing or that means nothing here."""
    names = list(names)
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise ValueError(f"line 1: no column {', '.join(missing)}")
    for name in names:
        if name not in (*NEEDED, *OPTIONAL) and name.partition("@")[0] not in FACTS:
            raise ValueError(
                f"line 1, column {name}: neither a column of a claim nor the name of a fact"
            )
        source = name.partition("@")[2]
        if source and source not in FACTS[name.partition("@")[0]].sources:
            known = ", ".join(FACTS[name.partition("@")[0]].sources)
            raise ValueError(f"line 1, column {name}: may be stated by {known}")


def csv_claims(lines: Iterable[str]) -> Iterator[ClaimRow]:
    """The rows of a CSV file with a heading. Raises ValueError for a wrong heading."""
    reader = csv.reader(lines, strict=True)
    heading = [cell.strip().lstrip("\ufeff") for cell in next(reader, [])]
    check_heading(heading)
    try:
        for cells in reader:
            if any(cells):
                named = dict(zip(heading, map(str.strip, cells), strict=False))
                yield ClaimRow(reader.line_num, named)
    except csv.Error as wrong:
        raise ValueError(f"line {reader.line_num}: {wrong}") from wrong


def json_claims(lines: Iterable[str]) -> Iterator[ClaimRow]:
    """The rows of a file with one JSON object a line."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            told = msgspec.json.decode(line, type=dict[str, str | int | bool | None])
        except msgspec.MsgspecError as wrong:
            raise ValueError(f"line {number}: {wrong}") from wrong
        cells = {name: _cell(value) for name, value in told.items()}
        if number == 1:
            check_heading({*NEEDED, *cells})
        yield ClaimRow(number, cells)


def cases(
    rows: Iterable[ClaimRow], orders: Mapping[str, Sold], zone: tzinfo
) -> Iterator[Case | BadClaim]:
    """Each row as a case, or why it is none. A claim number counts once."""
    seen: set[str] = set()
    for row in rows:
        try:
            case = _case(row.cells, orders, zone)
            if case.case_id in seen:
                raise _Bad("claim_no", "this claim was in the file before")
        except _Bad as bad:
            yield BadClaim(row.line, bad.column, str(bad))
            continue
        seen.add(case.case_id)
        yield case


def _case(cells: Mapping[str, str], orders: Mapping[str, Sold], zone: tzinfo) -> Case:
    sold = orders.get(_needed(cells, "order_no"))
    if sold is None:
        raise _Bad("order_no", "no such order in the orders file")
    opened_at = _time("opened_at", _needed(cells, "opened_at"), zone)
    units = _units(cells, sold.order)
    facts = [*order_facts(units, opened_at), *_stated(cells, opened_at, zone)]
    known = facts_for_judge(facts)
    paid = sum(unit.unit_paid_minor for unit in units)
    decided = cells.get("decided_at", "")
    return Case(
        case_id=_needed(cells, "claim_no"),
        reason=_needed(cells, "reason"),
        wants=_wants(cells),
        said=said_of(known),
        context=_context(cells, paid, units[0].currency),
        stake=Stake(
            paid, tuple(unit_at_stake(unit, opened_at) for unit in units), units[0].quantity
        ),
        measured=Measured.of(known),
        seller_id=units[0].seller_id,
        seller_size=sold.seller_size,
        buyer_tier=cells.get("buyer_tier", "") or UNKNOWN,
        decided_at=_time("decided_at", decided, zone) if decided else opened_at,
        actual=_actual(cells, paid, units[0].currency),
    )


def _units(cells: Mapping[str, str], order: Order) -> list[UnitFacts]:
    line_no = _whole("line_no", cells.get("line_no", "") or str(order.lines[0].line_no))
    numbers = (cells.get("units", "") or "1").replace(",", " ").split()
    try:
        return [unit_facts(order, 1, line_no, _whole("units", number)) for number in numbers]
    except Refused:
        raise _Bad("units", "the order has no such line or unit") from None


def _stated(cells: Mapping[str, str], at: datetime, zone: tzinfo) -> Iterator[StatedFact]:
    for heading, cell in cells.items():
        name, _, source = heading.partition("@")
        spec = FACTS.get(name)
        if spec is not None and cell:
            by = cast(SourceKind, source or spec.sources[0])
            yield stated(name, _value(heading, spec, cell, zone), by, at)


def _value(column: str, spec: FactSpec, cell: str, zone: tzinfo) -> Value:
    match spec.kind:
        case "yes_no":
            return _yes(column, cell)
        case "count":
            return _whole(column, cell)
        case "time":
            return _time(column, cell, zone)
        case "word":
            if cell not in spec.words:
                raise _Bad(column, f"one of {', '.join(spec.words)}")
            return cell


def _context(cells: Mapping[str, str], paid_minor: int, currency: str) -> Context:
    """Stock and caps where the file says them; what it does not say is unknown, never "no"."""
    stock = cells.get("in_stock", "")
    cap = cells.get("auto_cap", "")
    in_stock = _yes("in_stock", stock) if stock else None
    return Context(
        stock_available=in_stock,
        reissue_eta_minutes=10 if in_stock else None,
        amount_minor=paid_minor,
        auto_cap_minor=_amount("auto_cap", cap, currency) if cap else 0,
    )


def _actual(cells: Mapping[str, str], paid_minor: int, currency: str) -> Actual | None:
    refunded, remedy = cells.get("refunded", ""), cells.get("remedy", "")
    if not refunded and not remedy:
        return None
    amount = _amount("refunded", refunded, currency) if refunded else 0
    if remedy and remedy not in ALL:
        raise _Bad("remedy", f"one of {', '.join(sorted(ALL))}")
    usual = "refund_full" if amount >= paid_minor else "price_reduction"
    return Actual(
        finding=cells.get("finding", ""),
        remedy=remedy or (usual if amount else "explanation"),
        amount_minor=amount,
        shares=_shares(cells.get("borne_by", "") or "seller 100"),
        by=_by(cells.get("decided_by", "") or "person"),
    )


def _shares(cell: str) -> dict[str, int]:
    """`seller 60 supplier 40`: parties and percents that sum to 100."""
    words = cell.replace(",", " ").replace("%", " ").split()
    parties, parts = words[::2], words[1::2]
    strange = [party for party in parties if party not in Shares.__struct_fields__]
    if strange or len(parties) != len(parts):
        raise _Bad("borne_by", "parties and percents, such as `seller 60 supplier 40`")
    shares = {party: _whole("borne_by", part) for party, part in zip(parties, parts, strict=True)}
    if sum(shares.values()) != 100:
        raise _Bad("borne_by", "the percents do not sum to 100")
    return shares


def _wants(cells: Mapping[str, str]) -> Wants:
    return _one_of("wants", cells.get("wants", "") or "refund", get_args(Wants))  # type: ignore[return-value]


def _by(cell: str) -> By:
    return _one_of("decided_by", cell, get_args(By))  # type: ignore[return-value]


def _one_of(column: str, cell: str, words: Sequence[str]) -> str:
    if cell not in words:
        raise _Bad(column, f"one of {', '.join(words)}")
    return cell


def _needed(cells: Mapping[str, str], name: str) -> str:
    if not cells.get(name):
        raise _Bad(name, "is empty")
    return cells[name]


def _yes(column: str, cell: str) -> bool:
    if cell.casefold() in YES:
        return True
    if cell.casefold() in NO:
        return False
    raise _Bad(column, "yes or no; leave it empty where it is not known")


def _whole(column: str, cell: str) -> int:
    if not cell.isascii() or not cell.isdigit() or len(cell) > 15:
        raise _Bad(column, "not a whole number")
    return int(cell)


def _amount(column: str, cell: str, currency: str) -> int:
    try:
        return amount_minor(column, cell, currency)
    except ValueError as wrong:
        raise _Bad(column, str(wrong).partition(": ")[2]) from None


def _time(column: str, cell: str, zone: tzinfo) -> datetime:
    try:
        told = datetime.fromisoformat(cell.replace("/", "-"))
    except ValueError:
        raise _Bad(column, "not a time") from None
    return (told if told.tzinfo else told.replace(tzinfo=zone)).astimezone(UTC)


def _cell(value: str | int | bool | None) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
