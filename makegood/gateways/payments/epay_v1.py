"""epay V1: MD5 signatures, the key in every call, and no refund numbers.

Because a V1 server cannot tell two refunds of one payment apart, a request whose outcome is
unknown is never repeated here; only the sum that went back of the payment answers what happened.
"""

import hashlib
import hmac
from collections.abc import Mapping

import httpx

from makegood.gateways.payments import epay
from makegood.gateways.payments.accounts import EpayV1Account
from makegood.gateways.payments.amounts import amount_minor, amount_text
from makegood.gateways.payments.http import call
from makegood.ledger.refund.gateway import (
    Abilities,
    Arrived,
    Capture,
    Declined,
    GatewayUnavailable,
    NotFound,
    Notice,
    NoticeRefused,
    Notification,
    PaymentNotice,
    RefundReply,
    RefundRequest,
    Unknown,
    Unsupported,
)

_OK = "1"


class EpayV1:
    """One merchant account at an epay V1 server."""

    abilities = Abilities(can_refund=True, stable_refund_no=False)
    notice_answer = "success"

    def __init__(self, account: EpayV1Account, client: httpx.AsyncClient) -> None:
        self._account = account
        self._client = client
        self._url = f"{epay.base_url(account.base_url)}/api.php"

    @property
    def channel(self) -> str:
        return self._account.channel

    async def refund(self, request: RefundRequest) -> RefundReply:
        answer: dict[str, object] = {}
        for number in epay.numbers(request.trade_no, request.order_no):
            answer = await self._post_refund(request, number)
            if str(answer.get("code")) == _OK:
                return Arrived(text=epay.text_of(answer))
            if not epay.says_not_found(answer):
                break
        if epay.says_unsupported(answer):
            return Unsupported(text=epay.text_of(answer))
        return await self._confirm_refusal(request, epay.text_of(answer))

    async def query_refund(self, request: RefundRequest) -> RefundReply:
        captures = await self.query_payment(trade_no=request.trade_no, order_no=request.order_no)
        if not captures:
            return Unknown(text="the payment is not found")
        return _judge(request, captures[0])

    async def query_payment(self, *, trade_no: str = "", order_no: str = "") -> list[Capture]:
        for number in epay.numbers(trade_no, order_no):
            _, answer = await call(
                self._client,
                "GET",
                self._url,
                params={"act": "order", **self._credentials(), **number},
            )
            if str(answer.get("code")) == _OK:
                return [epay.capture_of(answer, self._account.currency)]
            if not epay.says_not_found(answer):
                raise epay.refused(answer)
        return []

    async def verify_notification(self, notification: Notification) -> Notice:
        fields = notification.fields
        if not hmac.compare_digest(sign(fields, self._account.key), fields.get("sign", "")):
            raise NoticeRefused("signature")
        if fields.get("pid") != self._account.pid:
            raise NoticeRefused("merchant")
        return notice_of(fields, self._account.currency)

    async def _post_refund(
        self, request: RefundRequest, number: Mapping[str, str]
    ) -> dict[str, object]:
        money = amount_text(request.amount_minor, request.currency)
        _, answer = await call(
            self._client,
            "POST",
            self._url,
            params={"act": "refund"},
            form={**self._credentials(), **number, "money": money},
        )
        return answer

    async def _confirm_refusal(self, request: RefundRequest, text: str) -> RefundReply:
        """Believe a refusal only when the payment shows that nothing went back."""
        try:
            seen = await self.query_refund(request)
        except GatewayUnavailable:
            return Unknown(text=text)
        match seen:
            case NotFound():
                return Declined(text=text)
            case Arrived():
                return seen
            case _:
                return Unknown(text=text)

    def _credentials(self) -> dict[str, str]:
        return {"pid": self._account.pid, "key": self._account.key}


def sign(fields: Mapping[str, str], key: str) -> str:
    """The V1 signature: MD5 over the fields with the key appended directly."""
    text = epay.signed_text(fields) + key
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def notice_of(fields: Mapping[str, str], currency: str) -> PaymentNotice:
    """The payment that a verified epay notification speaks of, in either version."""
    if fields.get("trade_status") != "TRADE_SUCCESS":
        raise NoticeRefused("not a success")
    try:
        paid_minor = amount_minor(fields.get("money"), currency)
    except GatewayUnavailable:
        raise NoticeRefused("amount") from None
    if not fields.get("trade_no") or not fields.get("out_trade_no"):
        raise NoticeRefused("numbers")
    return PaymentNotice(
        trade_no=fields["trade_no"],
        order_no=fields["out_trade_no"],
        amount_minor=paid_minor,
        currency=currency,
    )


def _judge(request: RefundRequest, capture: Capture) -> RefundReply:
    """What the sum that went back says about one refund."""
    after, before = capture.refunded_minor, request.before_minor
    if after is None:
        return Unknown(text="the gateway does not tell what went back")
    if before is None:
        # Nobody asked before; only the refund of a whole payment explains itself.
        whole = after == capture.amount_minor == request.amount_minor
        return Arrived(text="refunded in full") if whole else Unknown(text="not clear")
    if after >= before + request.amount_minor:
        return Arrived(text=f"refunded {after} in all, {before} before")
    return NotFound() if after == before else Unknown(text="another amount went back")
