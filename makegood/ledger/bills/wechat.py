"""WeChat Pay's daily bill: every cell begins with a backtick, two lines of totals at the end.

A payment's line has the state SUCCESS; a refund's has REFUND and both refund numbers.
"""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from makegood.base.money import MINOR_DIGITS
from makegood.ledger.bills.rules import BillFault, BillLine
from makegood.ledger.bills.sheet import Row, find_header, table

TIME: Final = "交易时间"
TRADE: Final = "微信订单号"
ORDER: Final = "商户订单号"
STATE: Final = "交易状态"
CURRENCY: Final = "货币种类"
PAID: Final = "订单金额"
REFUND: Final = "商户退款单号"
BACK: Final = "申请退款金额"
FEE: Final = "手续费"
COLUMNS: Final = (TIME, TRADE, ORDER, STATE, CURRENCY, PAID, REFUND, BACK, FEE)

COUNT_TOTAL: Final = "总交易单数"
PAID_TOTAL: Final = "订单总金额"
BACK_TOTAL: Final = "申请退款总金额"
TOTALS: Final = (COUNT_TOTAL, PAID_TOTAL, BACK_TOTAL)
_FEE: Final = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{0,12})?")


def read_wechat(rows: Sequence[tuple[int, list[str]]], currency: str) -> list[BillLine]:
    """The lines of a bill. Raises BillFault."""
    totals_at = next((at for at, (_, cells) in enumerate(rows) if COUNT_TOTAL in cells), None)
    if totals_at is None:
        raise BillFault("file_cut", rows[-1][0], COUNT_TOTAL)
    body = rows[:totals_at]
    lines = [_line(row, currency) for row in table(body, find_header(body, COLUMNS), COLUMNS)]
    totals = table(rows, totals_at, TOTALS)
    if len(totals) != 1:
        raise BillFault("file_cut", rows[totals_at][0], COUNT_TOTAL)
    _check_totals(totals[0], lines, currency)
    return lines


def _line(row: Row, otherwise: str) -> BillLine:
    currency = row.currency(CURRENCY, otherwise)
    trade_no = row.required(TRADE)
    match row.required(STATE):
        case "SUCCESS":
            return _made(row, currency, trade_no, (trade_no,), PAID)
        case "REFUND" | "REVOKED":
            return _made(row, currency, row.required(REFUND), (row.text(REFUND),), BACK)
        case other:
            raise BillFault("kind_unknown", row.line_no, STATE, other)


def _made(row: Row, currency: str, number: str, names: tuple[str, ...], column: str) -> BillLine:
    amount = row.signed_minor(column, currency)
    if amount < 0:
        raise BillFault("amount_wrong", row.line_no, column, row.text(column))
    return BillLine(
        line_no=row.line_no,
        kind="payment" if column == PAID else "refund",
        number=number,
        names=names,
        day=row.day(TIME),
        amount_minor=amount,
        currency=currency,
        fee_minor=_fee(row, currency),
        order_no=row.text(ORDER),
        trade_no=row.text(TRADE),
    )


def _fee(row: Row, currency: str) -> int:
    """The fee in minor units; WeChat Pay writes it with five places, so it is rounded."""
    text = row.text(FEE) or "0"
    if not _FEE.fullmatch(text):
        raise BillFault("amount_wrong", row.line_no, FEE, text)
    exact = Decimal(text).scaleb(MINOR_DIGITS[currency])
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def _check_totals(totals: Row, lines: Sequence[BillLine], currency: str) -> None:
    count = totals.required(COUNT_TOTAL)
    if count != str(len(lines)):
        raise BillFault("totals_differ", totals.line_no, COUNT_TOTAL, count)
    for column, kind in ((PAID_TOTAL, "payment"), (BACK_TOTAL, "refund")):
        wanted = sum(line.amount_minor for line in lines if line.kind == kind)
        if totals.signed_minor(column, currency) != wanted:
            raise BillFault("totals_differ", totals.line_no, column, totals.text(column))
