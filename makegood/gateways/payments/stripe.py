"""Stripe: our refund number is the idempotency key and stands in the refund's metadata.

Stripe forgets idempotency keys after a day and has no search by refund number, so a refund is
found again in the list of its payment's refunds. Amounts are in the smallest unit already; of
three decimals the last one has to be 0 (docs.stripe.com/currencies, three-decimal currencies).
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import httpx
import msgspec

from makegood.base.money import MINOR_DIGITS
from makegood.base.time import Clock
from makegood.gateways.payments.accounts import StripeAccount
from makegood.gateways.payments.amounts import TOO_FINE
from makegood.gateways.payments.asking_back import confirm_refusal
from makegood.gateways.payments.http import Answered, exchange, shaped
from makegood.ledger.refund.gateway import (
    Abilities,
    Accepted,
    Arrived,
    Capture,
    Declined,
    Dispute,
    DisputeNotice,
    DisputeState,
    GatewayUnavailable,
    NotFound,
    Notice,
    NoticeRefused,
    Notification,
    OtherNotice,
    PaymentNotice,
    RefundNotice,
    RefundReply,
    RefundRequest,
    Unknown,
    Unsupported,
)

PRODUCTION: Final = "https://api.stripe.com"
VERSION: Final = "2024-06-20"
"""The dialect that is asked for, so that an account's upgrade changes nothing here."""
CLOCK_SECONDS: Final = 300
REFUND_NO: Final = "refund_no"
"""The metadata field that holds our refund number."""

_PAGE = "100"
_DISPUTES: Final[dict[str, DisputeState]] = {
    "warning_needs_response": "needs_response",
    "warning_under_review": "under_review",
    "warning_closed": "withdrawn",
    "needs_response": "needs_response",
    "under_review": "under_review",
    "prevented": "withdrawn",
    "won": "won",
    "lost": "lost",
}


class _Refund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    currency: str
    status: str = ""
    metadata: dict[str, str] = {}
    failure_reason: str | None = None


class _Refunds(msgspec.Struct, frozen=True, kw_only=True):
    data: list[_Refund]
    has_more: bool = False


class _Charge(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    amount_refunded: int
    currency: str
    created: int
    paid: bool
    metadata: dict[str, str] = {}


class _Intent(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    amount_received: int
    currency: str
    status: str
    created: int
    metadata: dict[str, str] = {}
    latest_charge: _Charge | None = None


class _Intents(msgspec.Struct, frozen=True, kw_only=True):
    data: list[_Intent]


class _Deadline(msgspec.Struct, frozen=True, kw_only=True):
    due_by: int | None = None


class _Dispute(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    currency: str
    charge: str
    status: str
    reason: str
    created: int
    payment_intent: str | None = None
    evidence_details: _Deadline = _Deadline()


class _EventData(msgspec.Struct, frozen=True, kw_only=True):
    object: dict[str, object]


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    livemode: bool
    data: _EventData


class Stripe:
    """One Stripe account; a trade number is a payment intent or a charge."""

    abilities = Abilities(can_refund=True, stable_refund_no=True)
    notice_answer = "success"

    def __init__(self, account: StripeAccount, client: httpx.AsyncClient, clock: Clock) -> None:
        self._account = account
        self._client = client
        self._clock = clock
        self._base = (account.base_url or PRODUCTION).rstrip("/")

    @property
    def channel(self) -> str:
        return self._account.channel

    async def refund(self, request: RefundRequest) -> RefundReply:
        if not request.trade_no:
            return Unsupported(text="Stripe refunds a payment intent or a charge only")
        if request.amount_minor % step(request.currency):
            return Declined(text=TOO_FINE)
        form = {
            **_payment(request.trade_no),
            "amount": str(request.amount_minor),
            f"metadata[{REFUND_NO}]": request.refund_no,
        }
        answer = await self._call(
            "POST", "/v1/refunds", form=form, headers={"idempotency-key": request.refund_no}
        )
        if answer.status == 200:
            return _reply(request, shaped(answer, _Refund))
        return await confirm_refusal(self.query_refund, request, _words(answer))

    async def query_refund(self, request: RefundRequest) -> RefundReply:
        if not request.trade_no:
            return NotFound()
        after: dict[str, str] = {}
        while True:
            params = {**_payment(request.trade_no), "limit": _PAGE, **after}
            answer = await self._call("GET", "/v1/refunds", params=params)
            if answer.status == 404:
                return NotFound(text=_words(answer))
            if answer.status != 200:
                return Unknown(text=_words(answer))
            page = shaped(answer, _Refunds)
            for refund in page.data:
                if refund.metadata.get(REFUND_NO) == request.refund_no:
                    return _reply(request, refund)
            if not page.has_more or not page.data:
                return NotFound()
            after = {"starting_after": page.data[-1].id}

    async def query_payment(self, *, trade_no: str = "", order_no: str = "") -> list[Capture]:
        if trade_no.startswith(("ch_", "py_")):
            return await self._charge(trade_no)
        found = await self._intent(trade_no) if trade_no else []
        return found or (await self._search(order_no) if order_no else [])

    async def query_dispute(self, dispute_ref: str) -> Dispute | None:
        """One dispute; an early warning counts as a complaint until money was taken."""
        answer = await self._call("GET", f"/v1/disputes/{quote(dispute_ref, safe='')}")
        if answer.status == 404:
            return None
        return _dispute(shaped(_good(answer), _Dispute))

    async def verify_notification(self, notification: Notification) -> Notice:
        header = notification.headers.get("stripe-signature", "")
        if not self._is_theirs(header, notification.body):
            raise NoticeRefused("signature")
        try:
            event = msgspec.json.decode(notification.body, type=_Event)
        except msgspec.DecodeError:
            raise NoticeRefused("fields") from None
        if event.livemode == self._account.sandbox:
            raise NoticeRefused("sandbox" if self._account.sandbox else "not live")
        return self._notice(event)

    async def _charge(self, number: str) -> list[Capture]:
        answer = await self._call("GET", f"/v1/charges/{quote(number, safe='')}")
        if answer.status == 404:
            return []
        return [_charged(shaped(_good(answer), _Charge), self._account.order_field)]

    async def _intent(self, number: str) -> list[Capture]:
        path = f"/v1/payment_intents/{quote(number, safe='')}"
        answer = await self._call("GET", path, params={"expand[]": "latest_charge"})
        if answer.status == 404:
            return []
        return [_captured(shaped(_good(answer), _Intent), self._account.order_field)]

    async def _search(self, order_no: str) -> list[Capture]:
        wanted = order_no.replace("\\", "\\\\").replace('"', '\\"')
        params = {
            "query": f'metadata["{self._account.order_field}"]:"{wanted}"',
            "expand[]": "data.latest_charge",
        }
        answer = await self._call("GET", "/v1/payment_intents/search", params=params)
        found = shaped(_good(answer), _Intents)
        return [_captured(one, self._account.order_field) for one in found.data]

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        wanted = {
            "authorization": f"Bearer {self._account.secret_key}",
            "stripe-version": VERSION,
            **(headers or {}),
        }
        answer = await exchange(
            self._client, method, self._base + path, params=params, form=form, headers=wanted
        )
        if answer.status in (401, 403):
            raise GatewayUnavailable(f"refused: {_words(answer)}", trouble="credentials")
        if answer.status in (409, 429):
            # Somebody else is at it with this key, or we were too quick: ask later.
            raise GatewayUnavailable(f"not clear: {_words(answer)}")
        return answer

    def _is_theirs(self, header: str, body: bytes) -> bool:
        """Whether one of the header's v1 signatures is ours to expect, and made just now."""
        parts = [part.partition("=") for part in header.split(",")]
        at = next((value for name, _, value in parts if name == "t"), "")
        if not at.isdecimal() or abs(self._clock.now().timestamp() - int(at)) > CLOCK_SECONDS:
            return False
        wanted = signature(at, body, self._account.webhook_secret)
        return any(hmac.compare_digest(wanted, value) for name, _, value in parts if name == "v1")

    def _notice(self, event: _Event) -> Notice:
        told = event.data.object
        metadata = told.get("metadata")
        names = metadata if isinstance(metadata, dict) else {}
        if event.type.startswith("charge.dispute."):
            return DisputeNotice(dispute_ref=str(told.get("id", "")))
        if event.type.startswith(("refund.", "charge.refund.")) and names.get(REFUND_NO):
            return RefundNotice(refund_no=str(names[REFUND_NO]))
        if event.type == "payment_intent.succeeded":
            return PaymentNotice(
                trade_no=str(told.get("id", "")),
                order_no=str(names.get(self._account.order_field, "")),
                amount_minor=int(str(told.get("amount_received", "-1"))),
                currency=str(told.get("currency", "")).upper(),
            )
        return OtherNotice(text=event.type[:60])


def signature(at: str, body: bytes, secret: str) -> str:
    """Stripe's v1 signature: HMAC-SHA256 in hex over the time, a dot and the raw body."""
    return hmac.digest(secret.encode(), at.encode() + b"." + body, "sha256").hex()


def step(currency: str) -> int:
    """The smallest amount in minor units whose multiples Stripe takes in this currency."""
    return 10 if MINOR_DIGITS[currency] == 3 else 1


def _payment(trade_no: str) -> dict[str, str]:
    is_charge = trade_no.startswith(("ch_", "py_"))
    return {"charge" if is_charge else "payment_intent": trade_no}


def _reply(request: RefundRequest, refund: _Refund) -> RefundReply:
    if refund.metadata.get(REFUND_NO) != request.refund_no:
        raise GatewayUnavailable("the answer is about another refund")
    if (refund.amount, refund.currency.upper()) != (request.amount_minor, request.currency):
        raise GatewayUnavailable("the answer has another amount")
    match refund.status:
        case "succeeded":
            return Arrived(gateway_ref=refund.id)
        case "pending" | "requires_action":
            return Accepted(gateway_ref=refund.id)
        case "failed" | "canceled":
            return Declined(text=refund.failure_reason or refund.status)
    return Unknown(text=f"unknown state {refund.status[:40]!r}")


def _captured(intent: _Intent, order_field: str) -> Capture:
    charge = intent.latest_charge
    refunded = charge.amount_refunded if charge else 0
    paid = intent.status == "succeeded"
    amount = intent.amount_received if paid else intent.amount
    return Capture(
        trade_no=intent.id,
        order_no=intent.metadata.get(order_field, ""),
        amount_minor=amount,
        state=("refunded" if refunded >= amount else "paid") if paid else "unpaid",
        currency=_currency(intent.currency),
        refunded_minor=refunded,
        paid_at=datetime.fromtimestamp(charge.created if charge else intent.created, UTC),
    )


def _charged(charge: _Charge, order_field: str) -> Capture:
    back = charge.amount_refunded
    return Capture(
        trade_no=charge.id,
        order_no=charge.metadata.get(order_field, ""),
        amount_minor=charge.amount,
        state=("refunded" if back >= charge.amount else "paid") if charge.paid else "unpaid",
        currency=_currency(charge.currency),
        refunded_minor=back,
        paid_at=datetime.fromtimestamp(charge.created, UTC),
    )


def _dispute(told: _Dispute) -> Dispute:
    state = _DISPUTES.get(told.status)
    if state is None:
        raise GatewayUnavailable(f"unknown state of a dispute {told.status[:40]!r}")
    due_by = told.evidence_details.due_by
    return Dispute(
        dispute_ref=told.id,
        trade_no=told.payment_intent or told.charge,
        also_no=told.charge,
        amount_minor=told.amount,
        currency=_currency(told.currency),
        state=state,
        kind="complaint" if told.status.startswith("warning_") else "chargeback",
        reason=told.reason,
        opened_at=datetime.fromtimestamp(told.created, UTC),
        due_at=datetime.fromtimestamp(due_by, UTC) if due_by else None,
    )


def _currency(code: str) -> str:
    """The currency as we write it. Raises GatewayUnavailable for one that we do not keep."""
    if code.upper() not in MINOR_DIGITS:
        raise GatewayUnavailable(f"a payment in {code[:8]!r}, which we do not keep")
    return code.upper()


def _good(answer: Answered) -> Answered:
    if answer.status != 200:
        raise GatewayUnavailable(f"refused: {_words(answer)}")
    return answer


def _words(answer: Answered) -> str:
    error = answer.json().get("error")
    text = error.get("message") if isinstance(error, dict) else None
    return str(text or answer.status)[:200]
