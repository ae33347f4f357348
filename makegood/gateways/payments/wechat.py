"""WeChat Pay API v3: requests, answers and notices are signed, and notices are encrypted too.

Nothing of an answer is believed before its signature fits: not its status, not its refusal.
"""

import base64
import binascii
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

import httpx
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from makegood.base.time import Clock
from makegood.gateways.payments import epay, rsa_keys
from makegood.gateways.payments.accounts import WechatAccount
from makegood.gateways.payments.asking_back import after_accept, confirm_refusal
from makegood.gateways.payments.http import Answered, exchange
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
)

PRODUCTION: Final = "https://api.mch.weixin.qq.com"
SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
CLOCK_SECONDS: Final = 300
"""How far a signed message's time may be from ours."""

_REFUNDS = "/v3/refund/domestic/refunds"
_COMPLAINTS = "/v3/merchant-service/complaints-v2"
_NO_SUCH = ("RESOURCE_NOT_EXISTS", "ORDER_NOT_EXIST", "ORDERNOTEXIST")
_TRY_AGAIN = ("SYSTEM_ERROR", "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED")
_PAID: Final[dict[str, CaptureState]] = {
    "SUCCESS": "paid",
    "REFUND": "paid",
    "NOTPAY": "unpaid",
    "USERPAYING": "unpaid",
    "CLOSED": "unpaid",
    "REVOKED": "unpaid",
    "PAYERROR": "unpaid",
}
_COMPLAINT_STATES: Final[dict[str, DisputeState]] = {
    "PENDING": "needs_response",
    "PROCESSING": "under_review",
    "PROCESSED": "won",
}


class Wechat:
    """One merchant number at WeChat Pay."""

    abilities = Abilities(can_refund=True, stable_refund_no=True)
    notice_answer = '{"code":"SUCCESS"}'

    def __init__(self, account: WechatAccount, client: httpx.AsyncClient, clock: Clock) -> None:
        self._account = account
        self._client = client
        self._clock = clock
        self._base = (account.base_url or PRODUCTION).rstrip("/")
        self._private = rsa_keys.private_key(account.private_key)
        self._platform = rsa_keys.public_key(account.platform_key)
        self._secret = AESGCM(account.api_v3_key.encode())

    @property
    def channel(self) -> str:
        return self._account.channel

    async def refund(self, request: RefundRequest) -> RefundReply:
        answer = Answered(status=404, content=b"{}", headers={})
        for number in _numbers(request.trade_no, request.order_no):
            answer = await self._call("POST", _REFUNDS, _wish(request, number))
            if not _is_missing(answer):
                break
        if answer.status == 200:
            told = answer.json()
            _same_refund(request, told)
            return await after_accept(self.query_refund, request, str(told.get("refund_id", "")))
        return await confirm_refusal(self.query_refund, request, _words(answer))

    async def query_refund(self, request: RefundRequest) -> RefundReply:
        answer = await self._call("GET", f"{_REFUNDS}/{quote(request.refund_no, safe='')}")
        if _is_missing(answer):
            return NotFound(text=_words(answer))
        if answer.status != 200:
            return Unknown(text=_words(answer))
        told = answer.json()
        _same_refund(request, told)
        return _reply(told)

    async def query_payment(self, *, trade_no: str = "", order_no: str = "") -> list[Capture]:
        merchant = f"?mchid={quote(self._account.mchid, safe='')}"
        for kind, number in (("id", trade_no), ("out-trade-no", order_no)):
            if not number:
                continue
            path = f"/v3/pay/transactions/{kind}/{quote(number, safe='')}{merchant}"
            answer = await self._call("GET", path)
            if answer.status == 200:
                return [_capture(answer.json())]
            if not _is_missing(answer):
                raise GatewayUnavailable(f"order query refused: {_words(answer)}")
        return []

    async def query_dispute(self, dispute_ref: str) -> Dispute | None:
        """A complaint that a buyer made at WeChat Pay about one payment."""
        answer = await self._call("GET", f"{_COMPLAINTS}/{quote(dispute_ref, safe='')}")
        if _is_missing(answer):
            return None
        if answer.status != 200:
            raise GatewayUnavailable(f"complaint query refused: {_words(answer)}")
        return _complaint(dispute_ref, answer.json(), self._account)

    async def verify_notification(self, notification: Notification) -> Notice:
        if not self._is_theirs(notification.headers, notification.body):
            raise NoticeRefused("signature")
        kind, told = self._opened(notification.body)
        if kind.startswith("REFUND."):
            if told.get("mchid") != self._account.mchid:
                raise NoticeRefused("merchant")
            return RefundNotice(refund_no=str(told.get("out_refund_no", "")))
        if kind.startswith("COMPLAINT."):
            return DisputeNotice(dispute_ref=str(told.get("complaint_id", "")))
        if kind == "TRANSACTION.SUCCESS":
            return self._payment_notice(told)
        return OtherNotice(text=kind[:60])

    async def _call(self, method: str, path: str, content: object = None) -> Answered:
        """One signed call; the answer's signature is checked before anybody reads it."""
        body = b"" if content is None else msgspec.json.encode(content)
        url = self._base + path
        headers = self._headers(method, path, body)
        answer = await exchange(self._client, method, url, body=body or None, headers=headers)
        if answer.status == 401:
            raise GatewayUnavailable(f"refused: {_words(answer)}", trouble="credentials")
        if not self._is_theirs(answer.headers, answer.content):
            raise GatewayUnavailable("the answer's signature is wrong", trouble="signature")
        if answer.status == 429 or _code(answer) in _TRY_AGAIN:
            raise GatewayUnavailable(f"not clear: {_words(answer)}")
        return answer

    def _headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        """What proves a request: the path is WeChat Pay's own, whatever proxy stands before it."""
        at = str(int(self._clock.now().timestamp()))
        nonce = secrets.token_hex(16)
        text = f"{method}\n{path}\n{at}\n{nonce}\n".encode() + body + b"\n"
        values = {
            "mchid": self._account.mchid,
            "nonce_str": nonce,
            "signature": rsa_keys.sign(text, self._private),
            "timestamp": at,
            "serial_no": self._account.serial_no,
        }
        signed = ",".join(f'{name}="{value}"' for name, value in values.items())
        return {
            "authorization": f"{SCHEME} {signed}",
            "accept": "application/json",
            "content-type": "application/json",
            "wechatpay-serial": self._account.platform_key_id,
        }

    def _is_theirs(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether headers and body carry WeChat Pay's signature, made just now."""
        at = headers.get("wechatpay-timestamp", "")
        if not at.isdecimal() or abs(self._clock.now().timestamp() - int(at)) > CLOCK_SECONDS:
            return False
        if headers.get("wechatpay-serial") != self._account.platform_key_id:
            return False
        signature = headers.get("wechatpay-signature", "")
        return rsa_keys.is_signed(signed_answer(headers, body), signature, self._platform)

    def _opened(self, body: bytes) -> tuple[str, dict[str, object]]:
        """Kind and decrypted content of a notice."""
        try:
            notice = msgspec.json.decode(body, type=_Sealed)
            resource = notice.resource
            plain = self._secret.decrypt(
                resource.nonce.encode(),
                base64.b64decode(resource.ciphertext),
                resource.associated_data.encode(),
            )
            return notice.event_type, msgspec.json.decode(plain, type=dict[str, object])
        except (msgspec.DecodeError, InvalidTag, binascii.Error, ValueError):
            raise NoticeRefused("not decipherable") from None

    def _payment_notice(self, told: Mapping[str, object]) -> PaymentNotice:
        if told.get("mchid") != self._account.mchid:
            raise NoticeRefused("merchant")
        try:
            paid = _capture(told)
        except GatewayUnavailable:
            raise NoticeRefused("amount") from None
        return PaymentNotice(
            trade_no=paid.trade_no,
            order_no=paid.order_no,
            amount_minor=paid.amount_minor,
            currency=paid.currency,
        )


class _Resource(msgspec.Struct, frozen=True):
    ciphertext: str
    nonce: str
    associated_data: str = ""


class _Sealed(msgspec.Struct, frozen=True):
    event_type: str
    resource: _Resource


class _Amount(msgspec.Struct, frozen=True):
    """All that WeChat Pay says about money here; amounts are in fen."""

    total: int = -1
    refund: int = -1
    currency: str = "CNY"


def signed_answer(headers: Mapping[str, str], body: bytes) -> bytes:
    """The text that WeChat Pay signs of an answer or a notice."""
    at, nonce = headers.get("wechatpay-timestamp", ""), headers.get("wechatpay-nonce", "")
    return f"{at}\n{nonce}\n".encode() + body + b"\n"


def _numbers(trade_no: str, order_no: str) -> list[dict[str, str]]:
    names = {"trade_no": "transaction_id", "out_trade_no": "out_trade_no"}
    return [
        {names[name]: value}
        for number in epay.numbers(trade_no, order_no)
        for name, value in number.items()
    ]


def _wish(request: RefundRequest, number: Mapping[str, str]) -> dict[str, object]:
    wish: dict[str, object] = {
        **number,
        "out_refund_no": request.refund_no,
        "amount": {
            "refund": request.amount_minor,
            "total": request.paid_minor,
            "currency": request.currency,
        },
    }
    return wish | ({"reason": request.reason[:80]} if request.reason else {})


def _same_refund(request: RefundRequest, told: Mapping[str, object]) -> None:
    if told.get("out_refund_no") != request.refund_no:
        raise GatewayUnavailable("the answer is about another refund")
    amount = _amount(told)
    if (amount.refund, amount.currency) != (request.amount_minor, request.currency):
        raise GatewayUnavailable("the answer has another amount")


def _reply(told: Mapping[str, object]) -> RefundReply:
    """ABNORMAL money left us and did not reach the buyer: a person must look, so it is unknown."""
    reference = str(told.get("refund_id", ""))
    match told.get("status"):
        case "SUCCESS":
            return Arrived(gateway_ref=reference)
        case "PROCESSING":
            return Accepted(gateway_ref=reference)
        case "CLOSED":
            return Declined(text="the refund was closed")
        case status:
            return Unknown(text=str(status)[:80])


def _capture(told: Mapping[str, object]) -> Capture:
    state = _PAID.get(str(told.get("trade_state")))
    if state is None or not told.get("out_trade_no"):
        raise GatewayUnavailable("the order makes no sense")
    amount = _amount(told)
    return Capture(
        trade_no=str(told.get("transaction_id") or told["out_trade_no"]),
        order_no=str(told["out_trade_no"]),
        amount_minor=amount.total,
        state=state,
        currency=amount.currency,
        paid_at=_time(told.get("success_time")),
    )


def _complaint(
    dispute_ref: str, told: Mapping[str, object], account: WechatAccount
) -> Dispute | None:
    state = _COMPLAINT_STATES.get(str(told.get("complaint_state")))
    try:
        orders = msgspec.convert(told.get("complaint_order_info"), list[_Complained])
    except msgspec.ValidationError:
        orders = []
    if state is None or not orders:
        raise GatewayUnavailable("the complaint makes no sense")
    opened_at = _time(told.get("complaint_time"))
    wait = timedelta(hours=account.reply_hours)
    return Dispute(
        dispute_ref=dispute_ref,
        trade_no=orders[0].transaction_id,
        order_no=orders[0].out_trade_no,
        amount_minor=orders[0].amount,
        state=state,
        kind="complaint",
        reason=str(told.get("problem_description") or told.get("complaint_detail") or "")[:200],
        opened_at=opened_at,
        due_at=opened_at + wait if opened_at and state == "needs_response" else None,
    )


class _Complained(msgspec.Struct, frozen=True):
    transaction_id: str
    out_trade_no: str
    amount: int


def _amount(told: Mapping[str, object]) -> _Amount:
    try:
        return msgspec.convert(told.get("amount"), _Amount)
    except msgspec.ValidationError:
        raise GatewayUnavailable("the amount makes no sense") from None


def _is_missing(answer: Answered) -> bool:
    return answer.status == 404 and _code(answer) in _NO_SUCH


def _code(answer: Answered) -> str:
    return str(answer.json().get("code", "")) if answer.status >= 400 else ""


def _words(answer: Answered) -> str:
    return str(answer.json().get("message", answer.status))[:200]


def _time(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None
