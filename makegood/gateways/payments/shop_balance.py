"""Refunds into the shop system's own balance: signed JSON calls, described in docs/money.md."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote, urlencode

import httpx
import msgspec

from makegood.base.time import Clock
from makegood.gateways.payments.accounts import ShopBalanceAccount
from makegood.gateways.payments.http import call
from makegood.ledger.refund.gateway import (
    Abilities,
    Accepted,
    Arrived,
    Capture,
    Declined,
    GatewayUnavailable,
    NotFound,
    Notice,
    NoticeRefused,
    Notification,
    PaymentNotice,
    RefundNotice,
    RefundReply,
    RefundRequest,
    Unknown,
)

T = TypeVar("T")


class RefundBody(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted to `/refunds`; the same number again must not pay again."""

    refund_no: str
    order_no: str
    trade_no: str
    amount_minor: int
    currency: str
    reason: str


class _RefundAnswer(msgspec.Struct, frozen=True, kw_only=True):
    refund_no: str
    amount_minor: int
    state: str
    reference: str = ""
    reason: str = ""


class _PaymentsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    payments: list[Capture]


class ShopBalance:
    """One shop system's balance."""

    abilities = Abilities(can_refund=True, stable_refund_no=True)
    notice_answer = "success"

    def __init__(
        self, account: ShopBalanceAccount, client: httpx.AsyncClient, clock: Clock
    ) -> None:
        self._account = account
        self._client = client
        self._clock = clock
        self._base = account.base_url.rstrip("/")

    @property
    def channel(self) -> str:
        return self._account.channel

    async def refund(self, request: RefundRequest) -> RefundReply:
        body = RefundBody(
            refund_no=request.refund_no,
            order_no=request.order_no,
            trade_no=request.trade_no,
            amount_minor=request.amount_minor,
            currency=request.currency,
            reason=request.reason,
        )
        status, answer = await self._call("POST", "/refunds", msgspec.json.encode(body))
        if status in (400, 409, 422):
            return Declined(text=str(answer.get("reason", ""))[:200])
        return _reply(request, status, answer)

    async def query_refund(self, request: RefundRequest) -> RefundReply:
        status, answer = await self._call("GET", f"/refunds/{quote(request.refund_no, safe='')}")
        if status == 404 and answer.get("code") == "not_found":
            return NotFound()
        return _reply(request, status, answer)

    async def query_payment(self, *, trade_no: str = "", order_no: str = "") -> list[Capture]:
        query = urlencode({"trade_no": trade_no} if trade_no else {"order_no": order_no})
        status, answer = await self._call("GET", f"/payments?{query}")
        if status != 200:
            wrong = status in (401, 403)
            text = f"payment query answered {status}"
            raise GatewayUnavailable(text, trouble="credentials" if wrong else "unclear")
        return _convert(answer, _PaymentsAnswer).payments

    async def verify_notification(self, notification: Notification) -> Notice:
        fields = notification.fields
        wanted = notice_signature(fields, self._account.secret)
        if not hmac.compare_digest(wanted, fields.get("signature", "")):
            raise NoticeRefused("signature")
        if fields.get("account") != self._account.account:
            raise NoticeRefused("merchant")
        if fields.get("event") == "refund" and fields.get("refund_no"):
            return RefundNotice(refund_no=fields["refund_no"])
        if fields.get("event") == "payment" and fields.get("amount_minor", "").isdecimal():
            return PaymentNotice(
                trade_no=fields.get("trade_no", ""),
                order_no=fields.get("order_no", ""),
                amount_minor=int(fields["amount_minor"]),
                currency=fields.get("currency", self._account.currency),
            )
        raise NoticeRefused("fields")

    async def _call(
        self, method: str, path: str, body: bytes = b""
    ) -> tuple[int, dict[str, object]]:
        at = str(int(self._clock.now().timestamp()))
        headers = {
            "makegood-account": self._account.account,
            "makegood-timestamp": at,
            "makegood-signature": request_signature(method, path, at, body, self._account.secret),
            "content-type": "application/json",
        }
        return await call(self._client, method, self._base + path, body=body, headers=headers)


def request_signature(method: str, path: str, at: str, body: bytes, secret: str) -> str:
    """HMAC-SHA256 in hex over method, path with query, Unix time and the body's SHA-256."""
    text = "\n".join([method, path, at, hashlib.sha256(body).hexdigest()])
    return hmac.digest(secret.encode(), text.encode(), "sha256").hex()


def notice_signature(fields: Mapping[str, str], secret: str) -> str:
    """HMAC-SHA256 in hex over `name=value` lines in the order of the names."""
    text = "\n".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "signature")
    return hmac.digest(secret.encode(), text.encode(), "sha256").hex()


def _reply(request: RefundRequest, status: int, answer: dict[str, object]) -> RefundReply:
    if status not in (200, 201, 202):
        return Unknown(text=f"answered {status}")
    told = _convert(answer, _RefundAnswer)
    if (told.refund_no, told.amount_minor) != (request.refund_no, request.amount_minor):
        raise GatewayUnavailable("the answer is about another refund")
    match told.state:
        case "arrived":
            return Arrived(gateway_ref=told.reference)
        case "accepted":
            return Accepted(gateway_ref=told.reference)
        case "refused":
            return Declined(text=told.reason[:200])
    return Unknown(text=f"unknown state {told.state[:40]!r}")


def _convert(answer: dict[str, object], shape: type[T]) -> T:
    try:
        return msgspec.convert(answer, shape)
    except msgspec.ValidationError:
        raise GatewayUnavailable("the answer makes no sense") from None
