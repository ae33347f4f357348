"""Alipay's daily bill (业务明细): GBK, comments with `#` around the table, totals at the end.

A refund is a line of its own with a negative amount and our request number. The closing comments
say how many there are; a file without them was cut off.
"""

import re
from collections.abc import Sequence
from typing import Final

from makegood.ledger.bills.rules import BillFault, BillLine
from makegood.ledger.bills.sheet import Row, find_header, table

TRADE: Final = "支付宝交易号"
ORDER: Final = "商户订单号"
KIND: Final = "业务类型"
DONE: Final = "完成时间"
AMOUNT: Final = "订单金额（元）"
REQUEST: Final = "退款批次号/请求号"
FEE: Final = "服务费（元）"
COLUMNS: Final = (TRADE, ORDER, KIND, DONE, AMOUNT, REQUEST, FEE)

_TOTAL = re.compile(r"#(?P<kind>交易|退款)合计：(?P<count>\d+)笔")
_KINDS: Final = {"交易": "payment", "退款": "refund"}


def read_alipay(rows: Sequence[tuple[int, list[str]]], currency: str) -> list[BillLine]:
    """The lines of a bill. Raises BillFault."""
    comments = [(at, ",".join(cells)) for at, cells in rows if cells and cells[0].startswith("#")]
    body = [(at, cells) for at, cells in rows if not (cells and cells[0].startswith("#"))]
    found = table(body, find_header(body, COLUMNS), COLUMNS)
    lines = [_line(row, currency) for row in found]
    _check_totals(comments, lines)
    return lines


def _line(row: Row, currency: str) -> BillLine:
    trade_no = row.required(TRADE)
    signed = row.signed_minor(AMOUNT, currency)
    fee = row.signed_minor(FEE, currency) if row.text(FEE) else 0
    match row.required(KIND):
        case "交易" if signed >= 0:
            kind, number = "payment", trade_no
        case "退款" if signed <= 0:
            kind, number = "refund", row.required(REQUEST)
        case "交易" | "退款":
            raise BillFault("amount_wrong", row.line_no, AMOUNT, row.text(AMOUNT))
        case other:
            raise BillFault("kind_unknown", row.line_no, KIND, other)
    return BillLine(
        line_no=row.line_no,
        kind="payment" if kind == "payment" else "refund",
        number=number,
        names=(number,),
        day=row.day(DONE),
        amount_minor=abs(signed),
        currency=currency,
        fee_minor=-fee,
        order_no=row.text(ORDER),
        trade_no=trade_no,
    )


def _check_totals(comments: Sequence[tuple[int, str]], lines: Sequence[BillLine]) -> None:
    """The counts in the closing comments must be those of the lines."""
    told = {match["kind"]: (at, int(match["count"])) for at, match in _totals(comments)}
    last = comments[-1][0] if comments else 0
    for word, kind in _KINDS.items():
        if word not in told:
            raise BillFault("file_cut", last, f"#{word}合计")
        at, count = told[word]
        if count != sum(line.kind == kind for line in lines):
            raise BillFault("totals_differ", at, f"#{word}合计", str(count))


def _totals(comments: Sequence[tuple[int, str]]) -> list[tuple[int, re.Match[str]]]:
    found = [(at, _TOTAL.match(text)) for at, text in comments]
    return [(at, match) for at, match in found if match is not None]
