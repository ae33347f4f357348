"""The gateway program as PayPal: tokens, captures, refunds by request id, checked webhooks."""

import base64
import secrets
import time
import zlib
from urllib.parse import unquote, urlsplit

import msgspec

from makegood.demo.programs.gateway_book import BookDispute, BookRefund, Payment
from makegood.demo.programs.gateway_machine import (
    CLIENT,
    TOO_POOR,
    WEBHOOK,
    Asked,
    Gateway,
    Letter,
)
from makegood.gateways.payments import rsa_keys
from makegood.gateways.payments.amounts import amount_minor
from makegood.gateways.payments.paypal import value_text

_STATUS = {"accepted": "PENDING", "arrived": "COMPLETED", "refused": "FAILED"}
_DISPUTES = {
    "needs_response": ("WAITING_FOR_SELLER_RESPONSE", ""),
    "under_review": ("UNDER_REVIEW", ""),
    "won": ("RESOLVED", "RESOLVED_SELLER_FAVOUR"),
    "lost": ("RESOLVED", "RESOLVED_BUYER_FAVOUR"),
    "withdrawn": ("RESOLVED", "CANCELED_BY_BUYER"),
}
_HOUR = 3600


class _Money(msgspec.Struct, frozen=True):
    value: str
    currency_code: str


class _Wish(msgspec.Struct, frozen=True):
    amount: _Money
    custom_id: str


class _Check(msgspec.Struct, frozen=True, kw_only=True):
    transmission_id: str
    transmission_time: str
    transmission_sig: str
    webhook_id: str
    webhook_event: msgspec.Raw


def serve(gateway: Gateway, asked: Asked) -> tuple[int, object]:
    """One call; refused without a token that this program gave."""
    path = unquote(urlsplit(asked.path).path)
    if path == "/v1/oauth2/token":
        return _token(gateway, asked)
    if asked.headers.get("authorization") != f"Bearer {_token_text(gateway)}":
        return 401, {"name": "AUTHENTICATION_FAILURE", "message": "Authentication failed"}
    if path == "/v1/notifications/verify-webhook-signature":
        return 200, _check(gateway, msgspec.json.decode(asked.body, type=_Check))
    if path.startswith("/v2/payments/captures/") and path.endswith("/refund"):
        number = path.removeprefix("/v2/payments/captures/").removesuffix("/refund")
        return _refund(gateway, number, asked)
    gateway.ask()
    if path.startswith("/v2/payments/captures/"):
        payment = gateway.book.payment(trade_no=path.removeprefix("/v2/payments/captures/"))
        return (200, _capture(payment)) if payment else _missing()
    if path.startswith("/v2/checkout/orders/"):
        return _order(gateway, path.removeprefix("/v2/checkout/orders/ORDER-"))
    if path.startswith("/v1/customer/disputes/"):
        dispute = gateway.book.dispute(path.removeprefix("/v1/customer/disputes/"))
        return (200, _dispute(gateway, dispute)) if dispute else _missing()
    return _missing()


def refund_letter(gateway: Gateway, refund: BookRefund) -> Letter:
    """The event about a refund."""
    return _letter(gateway, "PAYMENT.CAPTURE.REFUNDED", _told(refund))


def dispute_letter(gateway: Gateway, dispute: BookDispute) -> Letter:
    """The event about a dispute."""
    return _letter(gateway, "CUSTOMER.DISPUTE.UPDATED", _dispute(gateway, dispute))


def _letter(gateway: Gateway, kind: str, told: dict[str, object]) -> Letter:
    body = msgspec.json.encode({"event_type": kind, "resource": told})
    number, at = secrets.token_hex(8), _time(time.time())
    text = _signed_text(number, at, body)
    headers = {
        "content-type": "application/json",
        "paypal-auth-algo": "SHA256withRSA",
        "paypal-cert-url": "https://api.paypal.com/v1/notifications/certs/CERT",
        "paypal-transmission-id": number,
        "paypal-transmission-time": at,
        "paypal-transmission-sig": rsa_keys.sign(text, gateway.platform),
    }
    return Letter(body=body.decode(), headers=headers)


def _check(gateway: Gateway, asked: _Check) -> dict[str, str]:
    text = _signed_text(asked.transmission_id, asked.transmission_time, bytes(asked.webhook_event))
    key = gateway.platform.public_key()
    good = asked.webhook_id == WEBHOOK and rsa_keys.is_signed(text, asked.transmission_sig, key)
    return {"verification_status": "SUCCESS" if good else "FAILURE"}


def _signed_text(number: str, at: str, body: bytes) -> bytes:
    return f"{number}|{at}|{WEBHOOK}|{zlib.crc32(body)}".encode()


def _token(gateway: Gateway, asked: Asked) -> tuple[int, object]:
    wanted = base64.b64encode(f"{CLIENT}:{gateway.paypal_secret}".encode()).decode()
    if asked.headers.get("authorization") != f"Basic {wanted}":
        words = "Client Authentication failed"
        return 401, {"error": "invalid_client", "error_description": words}
    return 200, {"access_token": _token_text(gateway), "expires_in": 9 * _HOUR}


def _token_text(gateway: Gateway) -> str:
    return gateway.book.setting("paypal_token", secrets.token_hex(16))


def _refund(gateway: Gateway, number: str, asked: Asked) -> tuple[int, object]:
    wish = msgspec.json.decode(asked.body, type=_Wish)
    payment = gateway.book.payment(trade_no=number)
    if payment is None:
        return _missing()
    assert asked.headers["paypal-request-id"] == wish.custom_id, "one request id for one refund"
    if "." in wish.amount.value and "." not in value_text(0, payment.currency):
        return 422, {"name": "DECIMALS_NOT_SUPPORTED", "message": "Currency has no decimals."}
    wanted = amount_minor(wish.amount.value, wish.amount.currency_code)
    done = gateway.refund(wish.custom_id, payment.trade_no, wanted, notifies="paypal")
    if isinstance(done, str) or (done.status == "refused" and done.reason == TOO_POOR):
        words = done if isinstance(done, str) else done.reason
        return 422, {"name": "UNPROCESSABLE_ENTITY", "message": words}
    return 201, _told(done, payment.currency)


def _order(gateway: Gateway, trade_no: str) -> tuple[int, object]:
    payment = gateway.book.payment(trade_no=trade_no)
    if payment is None:
        return _missing()
    made = [one for one in gateway.book.refunds_of(trade_no) if one.reason != TOO_POOR]
    refunds = [_told(one, payment.currency) for one in made]
    payments = {"captures": [_capture(payment)], "refunds": refunds}
    return 200, {"id": f"ORDER-{trade_no}", "purchase_units": [{"payments": payments}]}


def _capture(payment: Payment) -> dict[str, object]:
    part = "PARTIALLY_REFUNDED" if payment.refunded_minor else "COMPLETED"
    status = {0: "PENDING", 2: "REFUNDED"}.get(payment.status, part)
    return {
        "id": payment.trade_no,
        "status": status,
        "amount": _money(payment.amount_minor, payment.currency),
        "invoice_id": payment.order_no,
        "create_time": _time(payment.paid_at),
        "supplementary_data": {"related_ids": {"order_id": f"ORDER-{payment.trade_no}"}},
    }


def _told(refund: BookRefund, currency: str = "CNY") -> dict[str, object]:
    return {
        "id": f"{refund.id}P",
        "status": _STATUS[refund.status],
        "amount": _money(refund.amount_minor, currency),
        "custom_id": refund.refund_no,
    }


def _dispute(gateway: Gateway, dispute: BookDispute) -> dict[str, object]:
    status, outcome = _DISPUTES[dispute.state]
    payment = gateway.book.payment(trade_no=dispute.trade_no)
    order_no = payment.order_no if payment else ""
    return {
        "dispute_id": dispute.ref,
        "status": status,
        "reason": dispute.reason,
        "dispute_amount": _money(dispute.amount_minor, "CNY"),
        "disputed_transactions": [
            {"seller_transaction_id": dispute.trade_no, "invoice_number": order_no}
        ],
        "create_time": _time(dispute.opened_at),
        "dispute_life_cycle_stage": "CHARGEBACK",
        "seller_response_due_date": _time(dispute.due_at),
        "dispute_outcome": {"outcome_code": outcome},
    }


def _money(minor: int, currency: str) -> dict[str, str]:
    return {"value": value_text(minor, currency), "currency_code": currency}


def _missing() -> tuple[int, object]:
    return 404, {"name": "RESOURCE_NOT_FOUND", "message": "The specified resource does not exist."}


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
