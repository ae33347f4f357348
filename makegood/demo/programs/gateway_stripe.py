"""The gateway program as Stripe: refunds with idempotency keys, disputes, signed events."""

import time
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from makegood.demo.programs.gateway_book import BookDispute, BookRefund, Payment
from makegood.demo.programs.gateway_machine import TOO_POOR, Asked, Gateway, Letter
from makegood.gateways.payments.stripe import REFUND_NO, signature, step

_STATUS = {"accepted": "pending", "arrived": "succeeded", "refused": "failed"}
_SEARCH = 'metadata["order_no"]:"'


def serve(gateway: Gateway, asked: Asked) -> tuple[int, object]:
    """One call; refused without the account's key."""
    if asked.headers.get("authorization") != f"Bearer {gateway.stripe_key}":
        return 401, _error("Invalid API Key provided", "invalid_request_error")
    parts = urlsplit(asked.path)
    fields = dict(parse_qsl(f"{parts.query}&{asked.body.decode()}"))
    if asked.method == "POST" and parts.path == "/v1/refunds":
        return _refund(gateway, fields, asked.headers.get("idempotency-key", ""))
    gateway.ask()
    thing, _, number = parts.path.removeprefix("/v1/").partition("/")
    match thing, unquote(number):
        case "refunds", "":
            return _refunds(gateway, fields)
        case "payment_intents", "search":
            wanted = fields["query"].removeprefix(_SEARCH).removesuffix('"')
            payment = gateway.book.payment(order_no=wanted)
            return 200, {"object": "search_result", "data": [_intent(payment)] if payment else []}
        case "payment_intents", found:
            payment = gateway.book.payment(trade_no=found)
            return (200, _intent(payment)) if payment else _missing("payment_intent", found)
        case "disputes", found:
            dispute = gateway.book.dispute(found)
            return (200, _dispute(dispute)) if dispute else _missing("dispute", found)
    return _missing("path", parts.path)


def refund_letter(gateway: Gateway, refund: BookRefund) -> Letter:
    """The event about a refund."""
    return _letter(gateway, "refund.updated", _told(refund))


def dispute_letter(gateway: Gateway, dispute: BookDispute) -> Letter:
    """The event about a dispute."""
    return _letter(gateway, "charge.dispute.updated", _dispute(dispute))


def _letter(gateway: Gateway, kind: str, told: dict[str, object]) -> Letter:
    event = {"object": "event", "type": kind, "livemode": False, "data": {"object": told}}
    body = msgspec.json.encode(event)
    at = str(int(time.time()))
    signed = f"t={at},v1={signature(at, body, gateway.stripe_hook)}"
    headers = {"stripe-signature": signed, "content-type": "application/json"}
    return Letter(body=body.decode(), headers=headers)


def _refund(gateway: Gateway, fields: dict[str, str], key: str) -> tuple[int, object]:
    number = fields.get("payment_intent") or fields.get("charge", "")
    payment = gateway.book.payment(trade_no=number)
    if payment is None:
        return _missing("payment_intent", number)
    # Stripe's own memory of a key; the number in the metadata is only stored.
    assert key == fields[f"metadata[{REFUND_NO}]"], "one key for one refund"
    if int(fields["amount"]) % step(payment.currency):
        return 400, _error("Invalid amount: the last digit must be 0", "invalid_request_error")
    done = gateway.refund(key, payment.trade_no, int(fields["amount"]), notifies="stripe")
    if isinstance(done, str) or (done.status == "refused" and done.reason == TOO_POOR):
        words = done if isinstance(done, str) else done.reason
        return 400, _error(words, "invalid_request_error")
    return 200, _told(done, payment.currency)


def _refunds(gateway: Gateway, fields: dict[str, str]) -> tuple[int, object]:
    number = fields.get("payment_intent") or fields.get("charge", "")
    payment = gateway.book.payment(trade_no=number)
    if payment is None:
        return _missing("payment_intent", number)
    made = [one for one in gateway.book.refunds_of(number) if one.reason != TOO_POOR]
    ids = [f"re_{one.id}" for one in made]
    start = ids.index(fields["starting_after"]) + 1 if "starting_after" in fields else 0
    end = start + int(fields.get("limit", "10"))
    page = [_told(one, payment.currency) for one in made[start:end]]
    return 200, {"object": "list", "data": page, "has_more": end < len(made), "url": "/v1/refunds"}


def _told(refund: BookRefund, currency: str = "CNY") -> dict[str, object]:
    return {
        "id": f"re_{refund.id}",
        "object": "refund",
        "amount": refund.amount_minor,
        "currency": currency.lower(),
        "payment_intent": refund.trade_no,
        "status": _STATUS[refund.status],
        "metadata": {REFUND_NO: refund.refund_no},
        "failure_reason": refund.reason or None,
    }


def _intent(payment: Payment) -> dict[str, object]:
    paid = payment.status != 0
    charge = {
        "id": f"ch_{payment.trade_no}",
        "object": "charge",
        "amount": payment.amount_minor,
        "amount_refunded": payment.refunded_minor,
        "currency": payment.currency.lower(),
        "created": int(payment.paid_at),
        "paid": paid,
        "metadata": {},
    }
    return {
        "id": payment.trade_no,
        "object": "payment_intent",
        "amount": payment.amount_minor,
        "amount_received": payment.amount_minor if paid else 0,
        "currency": payment.currency.lower(),
        "status": "succeeded" if paid else "requires_payment_method",
        "created": int(payment.paid_at),
        "metadata": {"order_no": payment.order_no},
        "latest_charge": charge,
    }


def _dispute(dispute: BookDispute) -> dict[str, object]:
    status = "warning_closed" if dispute.state == "withdrawn" else dispute.state
    return {
        "id": dispute.ref,
        "object": "dispute",
        "amount": dispute.amount_minor,
        "currency": "cny",
        "charge": f"ch_{dispute.trade_no}",
        "payment_intent": dispute.trade_no,
        "status": status,
        "reason": dispute.reason,
        "created": int(dispute.opened_at),
        "evidence_details": {"due_by": int(dispute.due_at) or None},
    }


def _missing(thing: str, number: str) -> tuple[int, object]:
    return 404, _error(f"No such {thing}: '{number}'", "invalid_request_error", "resource_missing")


def _error(words: str, kind: str, code: str = "") -> dict[str, object]:
    return {"error": {"message": words, "type": kind, "code": code}}
