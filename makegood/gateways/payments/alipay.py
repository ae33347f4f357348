"""Alipay's open API: RSA2 both ways, `out_request_no` as the stable number of a refund.

Alipay signs the bytes of the answer's own node, so it is checked before it is read. A refund is
done when Alipay says so in the query, whatever the first answer said.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import httpx
import msgspec

from makegood.base.time import Clock
from makegood.gateways.payments import epay, rsa_keys
from makegood.gateways.payments.accounts import AlipayAccount
from makegood.gateways.payments.amounts import amount_minor, amount_text
from makegood.gateways.payments.asking_back import after_accept, confirm_refusal
from makegood.gateways.payments.http import exchange
from makegood.ledger.refund.gateway import (
    Abilities,
    Arrived,
    Capture,
    CaptureState,
    Dispute,
    DisputeNotice,
    DisputeState,
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

PRODUCTION: Final = "https://openapi.alipay.com/gateway.do"
SANDBOX: Final = "https://openapi-sandbox.dl.alipaydev.com/gateway.do"
COMPLAINT_CHANGED: Final = "alipay.merchant.tradecomplain.changed"

_OK = "10000"
_BUSINESS = "40004"
_NO_TRADE = "ACQ.TRADE_NOT_EXIST"
_TRY_AGAIN = ("ACQ.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR")
_CREDENTIALS = ("20001", "40001", "40002", "40003", "40006")
_ZONE = ZoneInfo("Asia/Shanghai")
_TRADES: Final[dict[str, CaptureState]] = {
    "WAIT_BUYER_PAY": "unpaid",
    "TRADE_SUCCESS": "paid",
    "TRADE_FINISHED": "paid",
    "TRADE_CLOSED": "refunded",
}
_COMPLAINTS: Final[dict[str, DisputeState]] = {
    "MERCHANT_PROCESSING": "needs_response",
    "MERCHANT_FEEDBACKED": "under_review",
    "PLATFORM_PROCESSING": "under_review",
    "PLATFORM_FINISH": "lost",
    "FINISHED": "won",
    "CANCELLED": "withdrawn",
    "CLOSED": "withdrawn",
}


class Alipay:
    """One merchant application at Alipay."""

    abilities = Abilities(can_refund=True, stable_refund_no=True)
    notice_answer = "success"

    def __init__(self, account: AlipayAccount, client: httpx.AsyncClient, clock: Clock) -> None:
        self._account = account
        self._client = client
        self._clock = clock
        self._url = account.base_url or (SANDBOX if account.sandbox else PRODUCTION)
        self._private = rsa_keys.private_key(account.private_key)
        self._alipay = rsa_keys.public_key(account.alipay_key)

    @property
    def channel(self) -> str:
        return self._account.channel

    async def refund(self, request: RefundRequest) -> RefundReply:
        answer: dict[str, object] = {}
        for number in epay.numbers(request.trade_no, request.order_no):
            content = {
                **number,
                "refund_amount": amount_text(request.amount_minor, request.currency),
                "out_request_no": request.refund_no,
                "refund_reason": request.reason[:256],
            }
            answer = await self._call("alipay.trade.refund", content)
            if answer.get("sub_code") != _NO_TRADE:
                break
        if answer["code"] == _OK:
            return await after_accept(self.query_refund, request, str(answer.get("trade_no", "")))
        return await confirm_refusal(self.query_refund, request, _words(answer))

    async def query_refund(self, request: RefundRequest) -> RefundReply:
        answer: dict[str, object] = {}
        for number in epay.numbers(request.trade_no, request.order_no):
            content = {**number, "out_request_no": request.refund_no}
            answer = await self._call("alipay.trade.fastpay.refund.query", content)
            if answer.get("sub_code") != _NO_TRADE:
                break
        if answer.get("sub_code") == _NO_TRADE:
            return NotFound(text=_words(answer))
        if answer["code"] != _OK:
            return Unknown(text=_words(answer))
        return _refund_of(request, answer)

    async def query_payment(self, *, trade_no: str = "", order_no: str = "") -> list[Capture]:
        for number in epay.numbers(trade_no, order_no):
            answer = await self._call("alipay.trade.query", number)
            if answer["code"] == _OK:
                return [_capture(answer, self._account.currency)]
            if answer.get("sub_code") != _NO_TRADE:
                raise GatewayUnavailable(f"order query refused: {_words(answer)}")
        return []

    async def query_dispute(self, dispute_ref: str) -> Dispute | None:
        """A complaint that a buyer made at Alipay about one payment."""
        content = {"complain_event_id": dispute_ref}
        answer = await self._call("alipay.merchant.tradecomplain.query", content)
        if answer["code"] != _OK:
            return None
        return _complaint(dispute_ref, answer, self._account)

    async def verify_notification(self, notification: Notification) -> Notice:
        fields = notification.fields
        text = epay.signed_text(fields).encode()
        if not rsa_keys.is_signed(text, fields.get("sign", ""), self._alipay):
            raise NoticeRefused("signature")
        if fields.get("app_id") != self._account.app_id:
            raise NoticeRefused("merchant")
        if fields.get("msg_method") == COMPLAINT_CHANGED:
            return DisputeNotice(dispute_ref=_complaint_ref(fields))
        if fields.get("out_biz_no"):
            return RefundNotice(refund_no=fields["out_biz_no"])
        return _payment_notice(fields, self._account.currency)

    async def _call(self, method: str, content: Mapping[str, str]) -> dict[str, object]:
        """The method's answer, its signature checked; raises for every unclear one."""
        fields = {
            "app_id": self._account.app_id,
            "method": method,
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": f"{self._clock.now().astimezone(_ZONE):%Y-%m-%d %H:%M:%S}",
            "version": "1.0",
            "biz_content": msgspec.json.encode(content).decode(),
        }
        fields["sign"] = rsa_keys.sign(signed_request(fields).encode(), self._private)
        query = {"charset": "utf-8"}
        answer = await exchange(self._client, "POST", self._url, params=query, form=fields)
        node = self._node(answer.content, method)
        if str(node.get("code")) in _CREDENTIALS:
            raise GatewayUnavailable(f"refused: {_words(node)}", trouble="credentials")
        if str(node.get("code")) not in (_OK, _BUSINESS) or node.get("sub_code") in _TRY_AGAIN:
            raise GatewayUnavailable(f"not clear: {_words(node)}")
        return node

    def _node(self, content: bytes, method: str) -> dict[str, object]:
        """The node that answers the method, as its signed bytes say."""
        try:
            nodes = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
            name = f"{method.replace('.', '_')}_response"
            raw = bytes(nodes.get(name) or nodes["error_response"])
            node = msgspec.json.decode(raw, type=dict[str, object])
            signature = msgspec.json.decode(nodes["sign"], type=str) if "sign" in nodes else ""
        except (msgspec.DecodeError, KeyError):
            raise GatewayUnavailable("the answer makes no sense") from None
        if str(node.get("code")) in _CREDENTIALS:
            # Whom Alipay does not know, it answers without a signature; that moves nothing.
            return node
        if not rsa_keys.is_signed(raw, signature, self._alipay):
            raise GatewayUnavailable("the answer's signature is wrong", trouble="signature")
        return node


def signed_request(fields: Mapping[str, str]) -> str:
    """The text of a request that is signed: all fields by name except the signature itself."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "sign")


def _refund_of(request: RefundRequest, answer: Mapping[str, object]) -> RefundReply:
    """Without `refund_status` Alipay has not got the request, and the same number may go again."""
    match answer.get("refund_status"):
        case None | "":
            return NotFound()
        case "REFUND_SUCCESS":
            return _arrived(request, answer)
        case status:
            return Unknown(text=str(status)[:80])


def _arrived(request: RefundRequest, answer: Mapping[str, object]) -> RefundReply:
    if answer.get("out_request_no") != request.refund_no:
        raise GatewayUnavailable("the answer is about another refund")
    if amount_minor(answer.get("refund_amount"), request.currency) != request.amount_minor:
        raise GatewayUnavailable("the answer has another amount")
    return Arrived(gateway_ref=str(answer.get("trade_no", "")))


def _capture(answer: Mapping[str, object], currency: str) -> Capture:
    state = _TRADES.get(str(answer.get("trade_status")))
    if state is None or not answer.get("trade_no") or not answer.get("out_trade_no"):
        raise GatewayUnavailable("the order makes no sense")
    paid = amount_minor(answer.get("total_amount"), currency)
    return Capture(
        trade_no=str(answer["trade_no"]),
        order_no=str(answer["out_trade_no"]),
        amount_minor=paid,
        state=state,
        currency=currency,
        refunded_minor=paid if state == "refunded" else None,
        paid_at=_time(answer.get("send_pay_date")),
    )


def _complaint(
    dispute_ref: str, answer: Mapping[str, object], account: AlipayAccount
) -> Dispute | None:
    state = _COMPLAINTS.get(str(answer.get("status")))
    if state is None or not answer.get("trade_no"):
        raise GatewayUnavailable("the complaint makes no sense")
    opened_at = _time(answer.get("gmt_create"))
    wait = timedelta(hours=account.reply_hours)
    return Dispute(
        dispute_ref=dispute_ref,
        trade_no=str(answer["trade_no"]),
        order_no=str(answer.get("merchant_order_no") or ""),
        amount_minor=amount_minor(answer.get("trade_amount"), account.currency),
        currency=account.currency,
        state=state,
        kind="complaint",
        reason=str(answer.get("leaf_category_name") or answer.get("complain_reason") or "")[:200],
        opened_at=opened_at,
        due_at=opened_at + wait if opened_at and state == "needs_response" else None,
    )


def _payment_notice(fields: Mapping[str, str], currency: str) -> PaymentNotice:
    if fields.get("trade_status") not in ("TRADE_SUCCESS", "TRADE_FINISHED"):
        raise NoticeRefused("not a success")
    if not fields.get("trade_no") or not fields.get("out_trade_no"):
        raise NoticeRefused("numbers")
    try:
        paid_minor = amount_minor(fields.get("total_amount"), currency)
    except GatewayUnavailable:
        raise NoticeRefused("amount") from None
    return PaymentNotice(
        trade_no=fields["trade_no"],
        order_no=fields["out_trade_no"],
        amount_minor=paid_minor,
        currency=currency,
    )


def _complaint_ref(fields: Mapping[str, str]) -> str:
    try:
        content = msgspec.json.decode(fields.get("biz_content", ""), type=dict[str, object])
        return str(content["complain_event_id"])
    except (msgspec.DecodeError, KeyError):
        raise NoticeRefused("fields") from None


def _words(answer: Mapping[str, object]) -> str:
    return str(answer.get("sub_msg") or answer.get("msg") or answer.get("code") or "")[:200]


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).replace(tzinfo=_ZONE)
    except ValueError:
        return None
