"""The gateway program as Alipay's open API: RSA2 both ways, the answer's node signed as it is."""

import time

import msgspec

from makegood.demo.programs.gateway_book import BookDispute, BookRefund, Payment
from makegood.demo.programs.gateway_machine import APP, Gateway, Letter
from makegood.gateways.payments import epay, rsa_keys
from makegood.gateways.payments.alipay import COMPLAINT_CHANGED, signed_request
from makegood.gateways.payments.amounts import amount_text

_COMPLAINTS = {
    "needs_response": "MERCHANT_PROCESSING",
    "under_review": "MERCHANT_FEEDBACKED",
    "won": "FINISHED",
    "lost": "PLATFORM_FINISH",
    "withdrawn": "CANCELLED",
}


def serve(gateway: Gateway, fields: dict[str, str]) -> dict[str, object]:
    """One call to `gateway.do`; whoever is not known gets an unsigned error."""
    name = f"{fields.get('method', '').replace('.', '_')}_response"
    text = signed_request(fields).encode()
    signature = fields.get("sign", "")
    key = gateway.merchant.public_key()
    if fields.get("app_id") != APP or not rsa_keys.is_signed(text, signature, key):
        told = {"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.invalid-signature"}
        return {"error_response": told}
    content = msgspec.json.decode(fields["biz_content"], type=dict[str, str])
    node = msgspec.Raw(msgspec.json.encode(_answer(gateway, fields["method"], content)))
    return {name: node, "sign": rsa_keys.sign(bytes(node), gateway.platform)}


def refund_letter(gateway: Gateway, refund: BookRefund) -> Letter:
    """What Alipay posts after a refund: the trade, with `out_biz_no` as our refund number."""
    return _letter(
        gateway,
        {
            "notify_type": "trade_status_sync",
            "trade_no": refund.trade_no,
            "trade_status": "TRADE_SUCCESS",
            "out_biz_no": refund.refund_no,
            "refund_fee": amount_text(refund.amount_minor, "CNY"),
        },
    )


def dispute_letter(gateway: Gateway, dispute: BookDispute) -> Letter:
    """What Alipay posts when a buyer's complaint changed."""
    content = msgspec.json.encode({"complain_event_id": dispute.ref}).decode()
    return _letter(gateway, {"msg_method": COMPLAINT_CHANGED, "biz_content": content})


def _letter(gateway: Gateway, fields: dict[str, str]) -> Letter:
    fields = {**fields, "app_id": APP, "charset": "utf-8", "sign_type": "RSA2"}
    signature = rsa_keys.sign(epay.signed_text(fields).encode(), gateway.platform)
    return Letter(fields=fields | {"sign": signature})


def _answer(gateway: Gateway, method: str, content: dict[str, str]) -> dict[str, object]:
    match method:
        case "alipay.trade.refund":
            return _refund(gateway, content)
        case "alipay.trade.fastpay.refund.query":
            gateway.ask()
            return _refund_query(gateway, content)
        case "alipay.trade.query":
            gateway.ask()
            payment = _payment_of(gateway, content)
            return _no_trade() if payment is None else _good(_trade(payment))
        case "alipay.merchant.tradecomplain.query":
            gateway.ask()
            return _complaint(gateway, content)
    return {"code": "40001", "msg": "Missing Method", "sub_code": "isv.invalid-method"}


def _refund(gateway: Gateway, content: dict[str, str]) -> dict[str, object]:
    payment = _payment_of(gateway, content)
    if payment is None:
        return _no_trade()
    whole, _, part = content["refund_amount"].partition(".")
    amount_minor = int(whole + part.ljust(2, "0")[:2])
    number = content["out_request_no"]
    done = gateway.refund(number, payment.trade_no, amount_minor, notifies="alipay")
    if isinstance(done, str) or done.status == "refused":
        words = done if isinstance(done, str) else done.reason
        return _failed("ACQ.SELLER_BALANCE_NOT_ENOUGH", words)
    changed = "Y" if done.status == "arrived" else "N"
    return _good(
        {
            "trade_no": payment.trade_no,
            "out_trade_no": payment.order_no,
            "fund_change": changed,
            "refund_fee": amount_text(payment.refunded_minor + amount_minor, payment.currency),
        }
    )


def _refund_query(gateway: Gateway, content: dict[str, str]) -> dict[str, object]:
    payment = _payment_of(gateway, content)
    if payment is None:
        return _no_trade()
    known = gateway.book.refund(content["out_request_no"])
    if known is None or known.status != "arrived" or known.trade_no != payment.trade_no:
        return _good({})
    return _good(
        {
            "trade_no": payment.trade_no,
            "out_trade_no": payment.order_no,
            "out_request_no": known.refund_no,
            "refund_amount": amount_text(known.amount_minor, payment.currency),
            "refund_status": "REFUND_SUCCESS",
        }
    )


def _complaint(gateway: Gateway, content: dict[str, str]) -> dict[str, object]:
    known = gateway.book.dispute(content["complain_event_id"])
    if known is None:
        return _failed("COMPLAINT_NOT_EXIST", "投诉单不存在")
    payment = gateway.book.payment(trade_no=known.trade_no)
    return _good(
        {
            "complain_event_id": known.ref,
            "status": _COMPLAINTS[known.state],
            "trade_no": known.trade_no,
            "merchant_order_no": payment.order_no if payment else "",
            "trade_amount": amount_text(known.amount_minor, "CNY"),
            "complain_reason": known.reason,
            "gmt_create": _time(known.opened_at),
        }
    )


def _trade(payment: Payment) -> dict[str, object]:
    status = {0: "WAIT_BUYER_PAY", 1: "TRADE_SUCCESS", 2: "TRADE_CLOSED"}.get(payment.status, "")
    return {
        "trade_no": payment.trade_no,
        "out_trade_no": payment.order_no,
        "trade_status": status,
        "total_amount": amount_text(payment.amount_minor, payment.currency),
        "send_pay_date": _time(payment.paid_at),
    }


def _payment_of(gateway: Gateway, content: dict[str, str]) -> Payment | None:
    if content.get("trade_no"):
        return gateway.book.payment(trade_no=content["trade_no"])
    return gateway.book.payment(order_no=content.get("out_trade_no", ""))


def _good(fields: dict[str, object]) -> dict[str, object]:
    return {"code": "10000", "msg": "Success", **fields}


def _no_trade() -> dict[str, object]:
    return _failed("ACQ.TRADE_NOT_EXIST", "交易不存在")


def _failed(sub_code: str, words: str) -> dict[str, object]:
    return {"code": "40004", "msg": "Business Failed", "sub_code": sub_code, "sub_msg": words}


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at + 8 * 3600))
