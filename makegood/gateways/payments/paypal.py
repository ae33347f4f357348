"""PayPal: our refund number is the request id and the refund's `custom_id`.

PayPal finds no refund by our number; but the checkout order of a capture lists its refunds, so
that is asked. Its notices can be checked by PayPal only.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

import httpx
import msgspec

from makegood.base.time import Clock
from makegood.gateways.payments.accounts import PaypalAccount
from makegood.gateways.payments.amounts import TOO_FINE, amount_minor, amount_text
from makegood.gateways.payments.asking_back import confirm_refusal
from makegood.gateways.payments.http import Answered, exchange, shaped
from makegood.ledger.refund.gateway import (
    Abilities,
    Accepted,
    Arrived,
    Capture,
    CaptureState,
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

PRODUCTION: Final = "https://api-m.paypal.com"
SANDBOX: Final = "https://api-m.sandbox.paypal.com"

_TOKEN_SPARED = timedelta(seconds=60)
_CAPTURES: Final[dict[str, CaptureState]] = {
    "COMPLETED": "paid",
    "PARTIALLY_REFUNDED": "paid",
    "REFUNDED": "refunded",
    "PENDING": "unpaid",
    "DECLINED": "unpaid",
    "FAILED": "unpaid",
}
_WHOLE: Final = frozenset({"TWD"})
"""Currencies with decimals of which PayPal takes none (developer.paypal.com, currency codes)."""
_SIGNED = {
    "auth_algo": "paypal-auth-algo",
    "cert_url": "paypal-cert-url",
    "transmission_id": "paypal-transmission-id",
    "transmission_sig": "paypal-transmission-sig",
    "transmission_time": "paypal-transmission-time",
}


class _Amount(msgspec.Struct, frozen=True, kw_only=True):
    value: str
    currency_code: str


class _Related(msgspec.Struct, frozen=True, kw_only=True):
    order_id: str = ""


class _Supplement(msgspec.Struct, frozen=True, kw_only=True):
    related_ids: _Related = _Related()


class _Capture(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    status: str
    amount: _Amount
    custom_id: str = ""
    invoice_id: str = ""
    create_time: str = ""
    supplementary_data: _Supplement = _Supplement()


class _Refund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    status: str
    amount: _Amount
    custom_id: str = ""


class _Payments(msgspec.Struct, frozen=True, kw_only=True):
    captures: list[_Capture] = []
    refunds: list[_Refund] = []


class _Unit(msgspec.Struct, frozen=True, kw_only=True):
    payments: _Payments = _Payments()


class _Order(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    purchase_units: list[_Unit] = []


class _Token(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str
    expires_in: int


class _Disputed(msgspec.Struct, frozen=True, kw_only=True):
    seller_transaction_id: str
    invoice_number: str = ""


class _Outcome(msgspec.Struct, frozen=True, kw_only=True):
    outcome_code: str = ""


class _Dispute(msgspec.Struct, frozen=True, kw_only=True):
    dispute_id: str
    status: str
    reason: str
    dispute_amount: _Amount
    disputed_transactions: list[_Disputed]
    create_time: str = ""
    dispute_life_cycle_stage: str = "CHARGEBACK"
    seller_response_due_date: str = ""
    dispute_outcome: _Outcome = _Outcome()


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    event_type: str
    resource: dict[str, object]


class Paypal:
    """One PayPal application; a trade number is a capture."""

    abilities = Abilities(can_refund=True, stable_refund_no=True)
    notice_answer = "success"

    def __init__(self, account: PaypalAccount, client: httpx.AsyncClient, clock: Clock) -> None:
        self._account = account
        self._client = client
        self._clock = clock
        self._base = (account.base_url or (SANDBOX if account.sandbox else PRODUCTION)).rstrip("/")
        self._token = ""
        self._token_until: datetime | None = None

    @property
    def channel(self) -> str:
        return self._account.channel

    async def refund(self, request: RefundRequest) -> RefundReply:
        if not request.trade_no:
            return Unsupported(text="PayPal refunds a capture only")
        if request.amount_minor % step(request.currency):
            return Declined(text=TOO_FINE)
        wish = {
            "amount": {
                "value": value_text(request.amount_minor, request.currency),
                "currency_code": request.currency,
            },
            "custom_id": request.refund_no,
            "invoice_id": request.refund_no,
        }
        answer = await self._call(
            "POST",
            f"/v2/payments/captures/{quote(request.trade_no, safe='')}/refund",
            wish,
            {"paypal-request-id": request.refund_no, "prefer": "return=representation"},
        )
        if answer.status in (200, 201):
            return _reply(request, shaped(answer, _Refund))
        return await confirm_refusal(self.query_refund, request, _words(answer))

    async def query_refund(self, request: RefundRequest) -> RefundReply:
        capture = await self._capture(request.trade_no) if request.trade_no else None
        if capture is None:
            return NotFound()
        order = await self._order(capture)
        for refund in (one for unit in order.purchase_units for one in unit.payments.refunds):
            if refund.custom_id == request.refund_no:
                return _reply(request, refund)
        return NotFound()

    async def query_payment(self, *, trade_no: str = "", order_no: str = "") -> list[Capture]:
        capture = await self._capture(trade_no) if trade_no else None
        if capture is None:
            return []
        order = await self._order(capture)
        refunds = [one for unit in order.purchase_units for one in unit.payments.refunds]
        return [_captured(capture, refunds)]

    async def query_dispute(self, dispute_ref: str) -> Dispute | None:
        """One dispute; an inquiry counts as a complaint until it becomes a chargeback."""
        answer = await self._call("GET", f"/v1/customer/disputes/{quote(dispute_ref, safe='')}")
        if answer.status == 404:
            return None
        return _dispute(shaped(_good(answer), _Dispute))

    async def verify_notification(self, notification: Notification) -> Notice:
        try:
            event = msgspec.json.decode(notification.body, type=_Event)
        except msgspec.DecodeError:
            raise NoticeRefused("fields") from None
        if not await self._is_theirs(notification):
            raise NoticeRefused("signature")
        return _notice(event)

    async def _capture(self, number: str) -> _Capture | None:
        answer = await self._call("GET", f"/v2/payments/captures/{quote(number, safe='')}")
        return None if answer.status == 404 else shaped(_good(answer), _Capture)

    async def _order(self, capture: _Capture) -> _Order:
        number = capture.supplementary_data.related_ids.order_id
        if not number:
            raise GatewayUnavailable("the capture does not tell its order")
        answer = await self._call("GET", f"/v2/checkout/orders/{quote(number, safe='')}")
        return shaped(_good(answer), _Order)

    async def _is_theirs(self, notification: Notification) -> bool:
        """Whether PayPal says that it sent this, for our own webhook."""
        headers = {name: notification.headers.get(key, "") for name, key in _SIGNED.items()}
        if not all(headers.values()):
            return False
        question = {
            **headers,
            "webhook_id": self._account.webhook_id,
            "webhook_event": msgspec.Raw(notification.body),
        }
        answer = await self._call("POST", "/v1/notifications/verify-webhook-signature", question)
        return _good(answer).json().get("verification_status") == "SUCCESS"

    async def _call(
        self,
        method: str,
        path: str,
        content: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        wanted = {
            "authorization": f"Bearer {await self._bearer()}",
            "content-type": "application/json",
            **(headers or {}),
        }
        body = None if content is None else msgspec.json.encode(content)
        answer = await exchange(self._client, method, self._base + path, body=body, headers=wanted)
        if answer.status in (401, 403):
            self._token_until = None
            raise GatewayUnavailable(f"refused: {_words(answer)}", trouble="credentials")
        if answer.status in (409, 429):
            raise GatewayUnavailable(f"not clear: {_words(answer)}")
        return answer

    async def _bearer(self) -> str:
        """An access token; fetched anew before it ends. A failure here sends nothing else."""
        now = self._clock.now()
        if self._token_until is None or now >= self._token_until:
            token = await self._fetch_token()
            self._token = token.access_token
            self._token_until = now + timedelta(seconds=token.expires_in) - _TOKEN_SPARED
        return self._token

    async def _fetch_token(self) -> _Token:
        basic = httpx.BasicAuth(self._account.client_id, self._account.secret)
        request = next(basic.auth_flow(httpx.Request("POST", self._base)))
        try:
            answer = await exchange(
                self._client,
                "POST",
                f"{self._base}/v1/oauth2/token",
                form={"grant_type": "client_credentials"},
                headers={"authorization": request.headers["authorization"]},
            )
        except GatewayUnavailable as failure:
            raise GatewayUnavailable(str(failure), sent=False, trouble=failure.trouble) from None
        if answer.status != 200:
            text = f"refused: {_words(answer)}"
            raise GatewayUnavailable(text, sent=False, trouble="credentials")
        return shaped(answer, _Token)


def _reply(request: RefundRequest, refund: _Refund) -> RefundReply:
    if refund.custom_id != request.refund_no:
        raise GatewayUnavailable("the answer is about another refund")
    if _minor(refund.amount) != (request.amount_minor, request.currency):
        raise GatewayUnavailable("the answer has another amount")
    match refund.status:
        case "COMPLETED":
            return Arrived(gateway_ref=refund.id)
        case "PENDING":
            return Accepted(gateway_ref=refund.id)
        case "CANCELLED" | "FAILED":
            return Declined(text=refund.status)
    return Unknown(text=f"unknown state {refund.status[:40]!r}")


def _captured(capture: _Capture, refunds: list[_Refund]) -> Capture:
    state = _CAPTURES.get(capture.status)
    if state is None:
        raise GatewayUnavailable("the capture makes no sense")
    paid_minor, currency = _minor(capture.amount)
    back = [_minor(refund.amount)[0] for refund in refunds if refund.status == "COMPLETED"]
    return Capture(
        trade_no=capture.id,
        order_no=capture.invoice_id or capture.custom_id,
        amount_minor=paid_minor,
        state=state,
        currency=currency,
        refunded_minor=sum(back),
        paid_at=_time(capture.create_time),
    )


def _dispute(told: _Dispute) -> Dispute:
    if not told.disputed_transactions:
        raise GatewayUnavailable("the dispute names no payment")
    amount, currency = _minor(told.dispute_amount)
    state = _dispute_state(told)
    return Dispute(
        dispute_ref=told.dispute_id,
        trade_no=told.disputed_transactions[0].seller_transaction_id,
        order_no=told.disputed_transactions[0].invoice_number,
        amount_minor=amount,
        currency=currency,
        state=state,
        kind="complaint" if told.dispute_life_cycle_stage == "INQUIRY" else "chargeback",
        reason=told.reason,
        opened_at=_time(told.create_time),
        due_at=_time(told.seller_response_due_date) if state == "needs_response" else None,
    )


def _dispute_state(told: _Dispute) -> DisputeState:
    if told.status == "WAITING_FOR_SELLER_RESPONSE":
        return "needs_response"
    if told.status != "RESOLVED":
        return "under_review"
    match told.dispute_outcome.outcome_code:
        case "RESOLVED_SELLER_FAVOUR" | "RESOLVED_WITH_PAYOUT" | "DENIED":
            return "won"
        case "CANCELED_BY_BUYER" | "NONE":
            return "withdrawn"
        case "RESOLVED_BUYER_FAVOUR" | "ACCEPTED":
            return "lost"
    raise GatewayUnavailable("the dispute ended in a way that we do not know")


def _notice(event: _Event) -> Notice:
    told = event.resource
    if event.event_type.startswith("CUSTOMER.DISPUTE."):
        return DisputeNotice(dispute_ref=str(told.get("dispute_id", "")))
    is_refund = event.event_type.startswith("PAYMENT.REFUND.")
    if is_refund or event.event_type == "PAYMENT.CAPTURE.REFUNDED":
        return RefundNotice(refund_no=str(told.get("custom_id", "")))
    if event.event_type == "PAYMENT.CAPTURE.COMPLETED":
        return _payment_notice(told)
    return OtherNotice(text=event.event_type[:60])


def _payment_notice(told: Mapping[str, object]) -> PaymentNotice:
    try:
        capture = msgspec.convert(told, _Capture)
        paid_minor, currency = _minor(capture.amount)
    except (msgspec.ValidationError, GatewayUnavailable):
        raise NoticeRefused("amount") from None
    return PaymentNotice(
        trade_no=capture.id,
        order_no=capture.invoice_id or capture.custom_id,
        amount_minor=paid_minor,
        currency=currency,
    )


def step(currency: str) -> int:
    """The smallest amount in minor units whose multiples PayPal takes in this currency."""
    return 100 if currency in _WHOLE else 1


def value_text(minor: int, currency: str) -> str:
    """An amount as PayPal takes it."""
    text = amount_text(minor, currency)
    return text.partition(".")[0] if currency in _WHOLE else text


def _minor(amount: _Amount) -> tuple[int, str]:
    return amount_minor(amount.value, amount.currency_code), amount.currency_code


def _good(answer: Answered) -> Answered:
    if answer.status != 200:
        raise GatewayUnavailable(f"refused: {_words(answer)}")
    return answer


def _words(answer: Answered) -> str:
    told = answer.json()
    return str(told.get("message") or told.get("error_description") or answer.status)[:200]


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
