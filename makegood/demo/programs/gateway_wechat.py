"""The gateway program as WeChat Pay API v3: signed requests, answers, and encrypted notices."""

import base64
import re
import secrets
import time
from urllib.parse import unquote, urlsplit

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from makegood.demo.programs.gateway_book import BookDispute, BookRefund, Payment
from makegood.demo.programs.gateway_machine import (
    MCHID,
    MERCHANT_SERIAL,
    PLATFORM_ID,
    TOO_POOR,
    Asked,
    Gateway,
    Letter,
)
from makegood.gateways.payments import rsa_keys
from makegood.gateways.payments.wechat import SCHEME, signed_answer

_FIELD = re.compile(r'(\w+)="([^"]*)"')
_REFUNDS = "/v3/refund/domestic/refunds"
_COMPLAINTS = "/v3/merchant-service/complaints-v2/"
_STATUS = {"accepted": "PROCESSING", "arrived": "SUCCESS", "refused": "CLOSED"}
_STATES = {
    "needs_response": "PENDING",
    "under_review": "PROCESSING",
    "won": "PROCESSED",
    "lost": "PROCESSED",
    "withdrawn": "PROCESSED",
}


class _Amount(msgspec.Struct, frozen=True):
    refund: int
    total: int
    currency: str


class _Wish(msgspec.Struct, frozen=True):
    out_refund_no: str
    amount: _Amount
    transaction_id: str = ""
    out_trade_no: str = ""


def serve(gateway: Gateway, asked: Asked) -> tuple[int, object]:
    """One call; refused without a signature of the merchant."""
    if not _is_merchant(gateway, asked):
        return 401, {"code": "SIGN_ERROR", "message": "签名错误"}
    path = urlsplit(asked.path).path
    if path == _REFUNDS:
        return _refund(gateway, msgspec.json.decode(asked.body, type=_Wish))
    gateway.ask()
    if path.startswith(f"{_REFUNDS}/"):
        return _refund_query(gateway, unquote(path.removeprefix(f"{_REFUNDS}/")))
    if path.startswith("/v3/pay/transactions/"):
        return _transaction(gateway, path.removeprefix("/v3/pay/transactions/"))
    if path.startswith(_COMPLAINTS):
        return _complaint(gateway, unquote(path.removeprefix(_COMPLAINTS)))
    return 404, {"code": "NOT_FOUND", "message": "no such path"}


def signed(gateway: Gateway, data: bytes) -> dict[str, str]:
    """The headers that prove an answer or a notice."""
    headers = {
        "wechatpay-timestamp": str(int(time.time())),
        "wechatpay-nonce": secrets.token_hex(16),
        "wechatpay-serial": PLATFORM_ID,
        "wechatpay-signature-type": SCHEME,
    }
    signature = rsa_keys.sign(signed_answer(headers, data), gateway.platform)
    return headers | {"wechatpay-signature": signature}


def refund_letter(gateway: Gateway, refund: BookRefund) -> Letter:
    """The encrypted notice about a refund."""
    told = {
        "mchid": MCHID,
        "out_refund_no": refund.refund_no,
        "transaction_id": refund.trade_no,
        "refund_status": _STATUS[refund.status],
    }
    return _letter(gateway, "REFUND.SUCCESS", "refund", told)


def dispute_letter(gateway: Gateway, dispute: BookDispute) -> Letter:
    """The encrypted notice about a complaint."""
    told = {"complaint_id": dispute.ref, "action_type": "CREATE_COMPLAINT"}
    return _letter(gateway, "COMPLAINT.CREATE", "complaint", told)


def _letter(gateway: Gateway, event: str, purpose: str, told: dict[str, str]) -> Letter:
    nonce = secrets.token_hex(6)
    secret = AESGCM(gateway.api_v3_key.encode())
    sealed = secret.encrypt(nonce.encode(), msgspec.json.encode(told), purpose.encode())
    notice = {
        "id": secrets.token_hex(8),
        "event_type": event,
        "resource_type": "encrypt-resource",
        "resource": {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "nonce": nonce,
            "associated_data": purpose,
            "original_type": purpose,
        },
    }
    body = msgspec.json.encode(notice)
    headers = signed(gateway, body) | {"content-type": "application/json"}
    return Letter(body=body.decode(), headers=headers)


def _is_merchant(gateway: Gateway, asked: Asked) -> bool:
    scheme, _, rest = asked.headers.get("authorization", "").partition(" ")
    given = dict(_FIELD.findall(rest))
    if scheme != SCHEME or (given.get("mchid"), given.get("serial_no")) != (MCHID, MERCHANT_SERIAL):
        return False
    at, nonce = given.get("timestamp", ""), given.get("nonce_str", "")
    text = f"{asked.method}\n{asked.path}\n{at}\n{nonce}\n".encode() + asked.body + b"\n"
    return rsa_keys.is_signed(text, given.get("signature", ""), gateway.merchant.public_key())


def _refund(gateway: Gateway, wish: _Wish) -> tuple[int, object]:
    payment = (
        gateway.book.payment(trade_no=wish.transaction_id)
        if wish.transaction_id
        else gateway.book.payment(order_no=wish.out_trade_no)
    )
    if payment is None:
        return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "订单不存在"}
    if wish.amount.total != payment.amount_minor:
        return 400, {"code": "PARAM_ERROR", "message": "订单金额不一致"}
    number = wish.out_refund_no
    done = gateway.refund(number, payment.trade_no, wish.amount.refund, notifies="wechat")
    if isinstance(done, str) or (done.status == "refused"):
        words = done if isinstance(done, str) else done.reason
        return 403, {"code": "NOT_ENOUGH", "message": words}
    return 200, _told(done, payment)


def _refund_query(gateway: Gateway, number: str) -> tuple[int, object]:
    known = gateway.book.refund(number)
    payment = gateway.book.payment(trade_no=known.trade_no) if known else None
    # A refund that was refused at once was never made; one that failed later stands as closed.
    if known is None or payment is None or known.reason == TOO_POOR:
        return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "退款单不存在"}
    return 200, _told(known, payment)


def _told(refund: BookRefund, payment: Payment) -> dict[str, object]:
    return {
        "refund_id": f"50{refund.id:012d}",
        "out_refund_no": refund.refund_no,
        "transaction_id": payment.trade_no,
        "out_trade_no": payment.order_no,
        "status": _STATUS[refund.status],
        "amount": {
            "total": payment.amount_minor,
            "refund": refund.amount_minor,
            "currency": payment.currency,
        },
    }


def _transaction(gateway: Gateway, tail: str) -> tuple[int, object]:
    kind, _, number = tail.partition("/")
    found = (
        gateway.book.payment(trade_no=unquote(number))
        if kind == "id"
        else gateway.book.payment(order_no=unquote(number))
    )
    if found is None:
        return 404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"}
    state = "NOTPAY" if found.status == 0 else "REFUND" if found.refunded_minor else "SUCCESS"
    return 200, {
        "mchid": MCHID,
        "transaction_id": found.trade_no,
        "out_trade_no": found.order_no,
        "trade_state": state,
        "success_time": _time(found.paid_at),
        "amount": {"total": found.amount_minor, "currency": found.currency},
    }


def _complaint(gateway: Gateway, ref: str) -> tuple[int, object]:
    known = gateway.book.dispute(ref)
    if known is None:
        return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "投诉单不存在"}
    payment = gateway.book.payment(trade_no=known.trade_no)
    return 200, {
        "complaint_id": known.ref,
        "complaint_state": _STATES[known.state],
        "complaint_time": _time(known.opened_at),
        "problem_description": known.reason,
        "complaint_order_info": [
            {
                "transaction_id": known.trade_no,
                "out_trade_no": payment.order_no if payment else "",
                "amount": known.amount_minor,
            }
        ],
    }


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S+08:00", time.gmtime(at + 8 * 3600))
