"""The plain bill, for epay, PayPal, the shop's balance and anything else: one line per movement.

Columns by their English or Chinese names: time, type, trade_no, order_no, refund_no, amount, fee,
currency. The last three may be missing, refund_no too where the channel has none (epay V1). What
went out may stand with or without a minus; what came in never has one.
"""

from collections.abc import Sequence
from typing import Final

from makegood.ledger.bills.rules import BillFault, BillLine, LineKind
from makegood.ledger.bills.sheet import Row, find_header, table

NAMES: Final[dict[str, tuple[str, ...]]] = {
    "time": ("time", "时间", "完成时间", "支付时间", "endtime"),
    "type": ("type", "类型", "交易类型"),
    "trade_no": ("trade_no", "交易号", "系统订单号", "平台订单号"),
    "order_no": ("order_no", "商户订单号", "out_trade_no"),
    "refund_no": ("refund_no", "退款单号", "商户退款单号", "out_refund_no"),
    "amount": ("amount", "金额", "订单金额", "money"),
    "fee": ("fee", "手续费"),
    "currency": ("currency", "币种"),
}
REQUIRED: Final = ("time", "type", "trade_no", "amount")
KINDS: Final[dict[str, LineKind]] = {
    "payment": "payment",
    "pay": "payment",
    "支付": "payment",
    "收款": "payment",
    "refund": "refund",
    "退款": "refund",
    "dispute": "dispute",
    "拒付": "dispute",
    "dispute_back": "dispute_back",
    "拒付撤回": "dispute_back",
    "payout": "payout",
    "提现": "payout",
    "结算": "payout",
    "fee": "fee",
    "费用": "fee",
}

_INCOMING: Final[tuple[LineKind, ...]] = ("payment", "dispute_back")


def read_plain(rows: Sequence[tuple[int, list[str]]], currency: str) -> list[BillLine]:
    """The lines of a bill. Raises BillFault."""
    renamed = [(at, [_english(cell) for cell in cells]) for at, cells in rows]
    at = find_header(renamed, REQUIRED)
    named = [renamed[at], *rows[at + 1 :]]
    return [_line(row, currency) for row in table(named, 0, REQUIRED)]


def _english(cell: str) -> str:
    return next((name for name, words in NAMES.items() if cell.lower() in words), cell)


def _line(row: Row, otherwise: str) -> BillLine:
    currency = row.currency("currency", otherwise)
    kind = KINDS.get(row.required("type").lower())
    if kind is None:
        raise BillFault("kind_unknown", row.line_no, "type", row.text("type"))
    amount = row.signed_minor("amount", currency)
    if amount == 0 or (amount < 0 and kind in _INCOMING):
        raise BillFault("amount_wrong", row.line_no, "amount", row.text("amount"))
    trade_no = row.required("trade_no")
    number, names = _number(row, kind, trade_no)
    return BillLine(
        line_no=row.line_no,
        kind=kind,
        number=number,
        names=names,
        day=row.day("time"),
        amount_minor=abs(amount),
        currency=currency,
        fee_minor=row.signed_minor("fee", currency) if row.text("fee") else 0,
        order_no=row.text("order_no"),
        trade_no=trade_no,
    )


def _number(row: Row, kind: LineKind, trade_no: str) -> tuple[str, tuple[str, ...]]:
    """A refund without a number is named by its payment, its time and its amount."""
    if kind != "refund":
        return trade_no, (trade_no,)
    refund_no = row.text("refund_no")
    if refund_no:
        return refund_no, (refund_no,)
    return f"{trade_no}#{row.text('time')}#{row.text('amount')}", ()
