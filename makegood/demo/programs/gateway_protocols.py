"""The three dialects that the gateway program speaks: epay V1, epay V2, shop balance."""

import time
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from makegood.demo.programs.gateway_book import BookRefund, Payment
from makegood.demo.programs.gateway_machine import PID, SHOP, Gateway, Letter
from makegood.gateways.payments import epay_v2
from makegood.gateways.payments.amounts import amount_text
from makegood.gateways.payments.shop_balance import notice_signature


def serve_v1(gateway: Gateway, fields: dict[str, str]) -> dict[str, object]:
    """epay V1: code 1 is good, every other code is not."""
    if (fields.get("pid"), fields.get("key")) != (PID, gateway.key):
        return {"code": -3, "msg": "商户密钥错误"}
    payment = _payment_of(gateway, fields)
    match fields.get("act"):
        case "order":
            gateway.ask()
            if payment is None:
                return {"code": -1, "msg": "订单号不存在"}
            return {"code": 1, "msg": "succ"} | _order(gateway, payment)
        case "refund":
            if payment is None:
                return {"code": -1, "msg": "订单号不存在"}
            done = gateway.refund("", payment.trade_no, _minor(fields))
            if isinstance(done, BookRefund) and done.status != "refused":
                return {"code": 1, "msg": "退款成功"}
            return {"code": -1, "msg": done if isinstance(done, str) else done.reason}
    return {"code": -5, "msg": "No Act!"}


def serve_v2(gateway: Gateway, action: str, fields: dict[str, str]) -> dict[str, object]:
    """epay V2: signed both ways; code 0 means accepted only."""
    signed = epay_v2.verify(fields, gateway.merchant.public_key())
    if not signed or fields.get("pid") != PID:
        return {"code": -3, "msg": "签名校验失败"}
    answer = _answer_v2(gateway, action, fields)
    if answer["code"] == 0:
        answer |= {"timestamp": str(int(time.time())), "sign_type": "RSA"}
        texts = {name: str(value) for name, value in answer.items()}
        answer["sign"] = epay_v2.sign(texts, gateway.platform)
    return answer


def serve_balance(
    gateway: Gateway, method: str, path: str, body: bytes
) -> tuple[int, dict[str, object]]:
    """The shop system's balance as docs/money.md describes it."""
    parts = urlsplit(path)
    if method == "POST" and parts.path == "/refunds":
        wish = msgspec.json.decode(body, type=_BalanceRefund)
        payment = gateway.book.payment(trade_no=wish.trade_no)
        if payment is None:
            payment = gateway.book.payment(order_no=wish.order_no)
        if payment is None:
            return 422, {"reason": "unknown payment"}
        done = gateway.refund(
            wish.refund_no, payment.trade_no, wish.amount_minor, notifies="balance"
        )
        return (409, {"reason": done}) if isinstance(done, str) else (200, _told(done))
    gateway.ask()
    if parts.path.startswith("/refunds/"):
        known = gateway.book.refund(unquote(parts.path.removeprefix("/refunds/")))
        return (404, {"code": "not_found"}) if known is None else (200, _told(known))
    query = dict(parse_qsl(parts.query))
    found = gateway.book.payment(
        trade_no=query.get("trade_no", ""), order_no=query.get("order_no", "")
    )
    return 200, {"payments": [_capture(found)] if found else []}


def balance_letter(gateway: Gateway, refund: BookRefund) -> Letter:
    """A shop system's word about a refund."""
    fields = {"event": "refund", "account": SHOP, "refund_no": refund.refund_no}
    return Letter(fields=fields | {"signature": notice_signature(fields, gateway.secret)})


class _BalanceRefund(msgspec.Struct, frozen=True, kw_only=True):
    refund_no: str
    order_no: str
    trade_no: str
    amount_minor: int


def _answer_v2(gateway: Gateway, action: str, fields: dict[str, str]) -> dict[str, object]:
    match action:
        case "query":
            gateway.ask()
            payment = _payment_of(gateway, fields)
            if payment is None:
                return {"code": -1, "msg": "订单不存在"}
            return {"code": 0, "msg": "succ"} | _order(gateway, payment)
        case "refund":
            payment = _payment_of(gateway, fields)
            if payment is None:
                return {"code": -1, "msg": "订单不存在"}
            done = gateway.refund(fields["out_refund_no"], payment.trade_no, _minor(fields))
            if isinstance(done, str) or done.status == "refused":
                return {"code": -1, "msg": done if isinstance(done, str) else done.reason}
            return {"code": 0, "msg": "succ", "refund_no": f"R{done.id}", "money": fields["money"]}
        case "refundquery":
            gateway.ask()
            known = gateway.book.refund(fields.get("out_refund_no", ""))
            if known is None:
                return {"code": -1, "msg": "退款单不存在"}
            return {"code": 0, "msg": known.reason or "succ"} | _refund_v2(known)
    return {"code": -5, "msg": "No Act!"}


def _refund_v2(refund: BookRefund) -> dict[str, object]:
    status = {"accepted": 0, "arrived": 1, "refused": 2}[refund.status]
    return {
        "refund_no": f"R{refund.id}",
        "out_refund_no": refund.refund_no,
        "trade_no": refund.trade_no,
        "money": amount_text(refund.amount_minor, "CNY"),
        "status": status,
    }


def _order(gateway: Gateway, payment: Payment) -> dict[str, object]:
    order: dict[str, object] = {
        "trade_no": payment.trade_no,
        "out_trade_no": payment.order_no,
        "pid": PID,
        "money": amount_text(payment.amount_minor, payment.currency),
        "status": payment.status,
        "endtime": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(payment.paid_at + 8 * 3600)),
    }
    if gateway.faults.tells_refunded:
        order["refundmoney"] = amount_text(payment.refunded_minor, payment.currency)
    return order


def _told(refund: BookRefund) -> dict[str, object]:
    return {
        "refund_no": refund.refund_no,
        "amount_minor": refund.amount_minor,
        "state": refund.status,
        "reference": f"B{refund.id}",
        "reason": refund.reason,
    }


def _capture(payment: Payment) -> dict[str, object]:
    return {
        "trade_no": payment.trade_no,
        "order_no": payment.order_no,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "state": {0: "unpaid", 1: "paid", 2: "refunded"}.get(payment.status, "frozen"),
        "refunded_minor": payment.refunded_minor,
    }


def _payment_of(gateway: Gateway, fields: dict[str, str]) -> Payment | None:
    """Real servers take one number; with both they look at the first and ignore the other."""
    if fields.get("trade_no"):
        return gateway.book.payment(trade_no=fields["trade_no"])
    return gateway.book.payment(order_no=fields.get("out_trade_no", ""))


def _minor(fields: dict[str, str]) -> int:
    whole, _, part = fields["money"].partition(".")
    return int(whole + part.ljust(2, "0")[:2])
