"""epay V2: RSA signatures both ways, stable refund numbers, accepted is not arrived."""

from collections.abc import Mapping

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa

from makegood.base.time import Clock
from makegood.gateways.payments import epay, rsa_keys
from makegood.gateways.payments.accounts import EpayV2Account
from makegood.gateways.payments.amounts import amount_minor, amount_text
from makegood.gateways.payments.asking_back import after_accept, confirm_refusal
from makegood.gateways.payments.epay_v1 import notice_of
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
    RefundReply,
    RefundRequest,
    Unknown,
    Unsupported,
)

_OK = "0"


class EpayV2:
    """One merchant account at an epay V2 server."""

    abilities = Abilities(can_refund=True, stable_refund_no=True)
    notice_answer = "success"

    def __init__(self, account: EpayV2Account, client: httpx.AsyncClient, clock: Clock) -> None:
        self._account = account
        self._client = client
        self._clock = clock
        self._base = epay.base_url(account.base_url)
        self._private = rsa_keys.private_key(account.private_key)
        self._platform = rsa_keys.public_key(account.platform_key)

    @property
    def channel(self) -> str:
        return self._account.channel

    async def refund(self, request: RefundRequest) -> RefundReply:
        answer: dict[str, object] = {}
        for number in epay.numbers(request.trade_no, request.order_no):
            answer = await self._post(
                "refund",
                {
                    **number,
                    "money": amount_text(request.amount_minor, request.currency),
                    "out_refund_no": request.refund_no,
                },
            )
            if str(answer.get("code")) == _OK:
                return await after_accept(
                    self.query_refund, request, str(answer.get("refund_no", ""))
                )
            if not epay.says_not_found(answer):
                break
        if epay.says_unsupported(answer):
            return Unsupported(text=epay.text_of(answer))
        return await confirm_refusal(self.query_refund, request, epay.text_of(answer))

    async def query_refund(self, request: RefundRequest) -> RefundReply:
        answer = await self._post("refundquery", {"out_refund_no": request.refund_no})
        if str(answer.get("code")) != _OK:
            text = epay.text_of(answer)
            return NotFound(text=text) if epay.says_not_found(answer) else Unknown(text=text)
        if str(answer.get("out_refund_no")) != request.refund_no:
            raise GatewayUnavailable("the answer is about another refund")
        if amount_minor(answer.get("money"), request.currency) != request.amount_minor:
            raise GatewayUnavailable("the answer has another amount")
        return _state(answer)

    async def query_payment(self, *, trade_no: str = "", order_no: str = "") -> list[Capture]:
        for number in epay.numbers(trade_no, order_no):
            answer = await self._post("query", number)
            if str(answer.get("code")) == _OK:
                return [epay.capture_of(answer, self._account.currency)]
            if not epay.says_not_found(answer):
                raise epay.refused(answer)
        return []

    async def verify_notification(self, notification: Notification) -> Notice:
        fields = notification.fields
        if not verify(fields, self._platform):
            raise NoticeRefused("signature")
        if fields.get("pid") != self._account.pid:
            raise NoticeRefused("merchant")
        return notice_of(fields, self._account.currency)

    async def _post(self, action: str, fields: Mapping[str, str]) -> dict[str, object]:
        body = {
            "pid": self._account.pid,
            "timestamp": str(int(self._clock.now().timestamp())),
            "sign_type": "RSA",
            **fields,
        }
        body["sign"] = sign(body, self._private)
        url = f"{self._base}/api/pay/{action}"
        _, answer = await call(self._client, "POST", url, form=body)
        if self._account.answers_signed and str(answer.get("code")) == _OK:
            texts = {name: str(value) for name, value in answer.items() if value is not None}
            if not verify(texts, self._platform):
                raise GatewayUnavailable("the answer's signature is wrong")
        return answer


def sign(fields: Mapping[str, str], key: rsa.RSAPrivateKey) -> str:
    """The V2 signature: SHA256withRSA over the fields, base64."""
    return rsa_keys.sign(epay.signed_text(fields).encode(), key)


def verify(fields: Mapping[str, str], key: rsa.RSAPublicKey) -> bool:
    """Whether the fields carry a signature of this key."""
    return rsa_keys.is_signed(epay.signed_text(fields).encode(), fields.get("sign", ""), key)


def _state(answer: Mapping[str, object]) -> RefundReply:
    """The state of a refund: 1 done, 2 failed, all else still under way."""
    reference = str(answer.get("refund_no", ""))
    match str(answer.get("status")):
        case "1":
            return Arrived(gateway_ref=reference)
        case "2":
            return Declined(text=epay.text_of(answer))
        case _:
            return Accepted(gateway_ref=reference)
