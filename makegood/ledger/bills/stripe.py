"""Stripe's itemised balance report: one line per balance transaction, with its category.

Choose the report's time zone as UTC+8, so that its days are those of our book.
"""

from collections.abc import Sequence
from typing import Final

from makegood.ledger.bills.rules import BillFault, BillLine, LineKind
from makegood.ledger.bills.sheet import Row, table

ID: Final = "balance_transaction_id"
CREATED: Final = "created"
CURRENCY: Final = "currency"
GROSS: Final = "gross"
FEE: Final = "fee"
NET: Final = "net"
CATEGORY: Final = "reporting_category"
SOURCE: Final = "source_id"
COLUMNS: Final = (ID, CREATED, CURRENCY, GROSS, FEE, NET, CATEGORY, SOURCE)

INTENT: Final = "payment_intent_id"
CHARGE: Final = "charge_id"
REFUND_NO: Final = "refund_metadata[refund_no]"
ORDER_NO: Final = "payment_metadata[order_no]"

_KINDS: Final[dict[str, LineKind]] = {
    "charge": "payment",
    "refund": "refund",
    "dispute": "dispute",
    "dispute_reversal": "dispute_back",
    "payout": "payout",
    "fee": "fee",
}
_OUTGOING: Final[tuple[LineKind, ...]] = ("refund", "dispute", "payout", "fee")


def read_stripe(rows: Sequence[tuple[int, list[str]]], currency: str) -> list[BillLine]:
    """The lines of a report. Raises BillFault."""
    return [_line(row, currency) for row in table(rows, 0, COLUMNS)]


def _line(row: Row, otherwise: str) -> BillLine:
    currency = row.currency(CURRENCY, otherwise)
    kind = _KINDS.get(row.required(CATEGORY))
    if kind is None:
        raise BillFault("kind_unknown", row.line_no, CATEGORY, row.text(CATEGORY))
    gross, fee, net = (row.signed_minor(column, currency) for column in (GROSS, FEE, NET))
    if gross - fee != net:
        raise BillFault("totals_differ", row.line_no, NET, row.text(NET))
    if (gross > 0) == (kind in _OUTGOING) and gross:
        raise BillFault("amount_wrong", row.line_no, GROSS, row.text(GROSS))
    names = _names(row, kind)
    return BillLine(
        line_no=row.line_no,
        kind=kind,
        number=names[0],
        names=names,
        day=row.day(CREATED),
        amount_minor=abs(gross),
        currency=currency,
        fee_minor=fee,
        order_no=row.text(ORDER_NO),
        trade_no=row.text(INTENT) or row.text(CHARGE),
    )


def _names(row: Row, kind: LineKind) -> tuple[str, ...]:
    source = row.required(SOURCE)
    known = {"payment": (row.text(INTENT), row.text(CHARGE)), "refund": (row.text(REFUND_NO),)}
    names = (*known.get(kind, ()), source)
    return tuple(dict.fromkeys(name for name in names if name))
