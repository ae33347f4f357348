"""epay V2: RSA signatures both ways, stable refund numbers, accepted is not arrived."""

import base64
import binascii
from collections.abc import Mapping

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from makegood.base.time import Clock
from makegood.gateways.payments import epay
from makegood.gateways.payments.accounts import EpayV2Account
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
        self._private = private_key(account.private_key)
        self._platform = public_key(account.platform_key)

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
                    "money": epay.amount_text(request.amount_minor, request.currency),
                    "out_refund_no": request.refund_no,
                },
            )
            if str(answer.get("code")) == _OK:
                return await self._after_accept(request, str(answer.get("refund_no", "")))
            if not epay.says_not_found(answer):
                break
        if epay.says_unsupported(answer):
            return Unsupported(text=epay.text_of(answer))
        return await self._confirm_refusal(request, epay.text_of(answer))

    async def query_refund(self, request: RefundRequest) -> RefundReply:
        answer = await self._post("refundquery", {"out_refund_no": request.refund_no})
        if str(answer.get("code")) != _OK:
            text = epay.text_of(answer)
            return NotFound(text=text) if epay.says_not_found(answer) else Unknown(text=text)
        if str(answer.get("out_refund_no")) != request.refund_no:
            raise GatewayUnavailable("the answer is about another refund")
        if epay.amount_minor(answer.get("money"), request.currency) != request.amount_minor:
            raise GatewayUnavailable("the answer has another amount")
        return _state(answer)

    async def query_payment(self, *, trade_no: str = "", order_no: str = "") -> list[Capture]:
        for number in epay.numbers(trade_no, order_no):
            answer = await self._post("query", number)
            if str(answer.get("code")) == _OK:
                return [epay.capture_of(answer, self._account.currency)]
            if not epay.says_not_found(answer):
                raise GatewayUnavailable(f"order query refused: {epay.text_of(answer)}")
        return []

    def verify_notification(self, fields: Mapping[str, str]) -> Notice:
        if not verify(fields, self._platform):
            raise NoticeRefused("signature")
        if fields.get("pid") != self._account.pid:
            raise NoticeRefused("merchant")
        return notice_of(fields, self._account.currency)

    async def _after_accept(self, request: RefundRequest, reference: str) -> RefundReply:
        """Code 0 only says that the request was taken; the query says whether it was done."""
        try:
            seen = await self.query_refund(request)
        except GatewayUnavailable:
            return Accepted(gateway_ref=reference)
        return Accepted(gateway_ref=reference) if isinstance(seen, NotFound | Unknown) else seen

    async def _confirm_refusal(self, request: RefundRequest, text: str) -> RefundReply:
        """A refusal may be about a repeated number; what the query finds outranks it."""
        try:
            seen = await self.query_refund(request)
        except GatewayUnavailable:
            return Unknown(text=text)
        return Declined(text=text) if isinstance(seen, NotFound) else seen

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


def private_key(text: str) -> rsa.RSAPrivateKey:
    """A private key from PEM or from the bare base64 that epay panels show."""
    key = serialization.load_pem_private_key(_pem(text, "PRIVATE KEY"), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("epay V2 needs an RSA private key")
    return key


def public_key(text: str) -> rsa.RSAPublicKey:
    """A public key from PEM or from bare base64."""
    key = serialization.load_pem_public_key(_pem(text, "PUBLIC KEY"))
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("epay V2 needs an RSA public key")
    return key


def sign(fields: Mapping[str, str], key: rsa.RSAPrivateKey) -> str:
    """The V2 signature: SHA256withRSA over the fields, base64."""
    text = epay.signed_text(fields).encode()
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def verify(fields: Mapping[str, str], key: rsa.RSAPublicKey) -> bool:
    """Whether the fields carry a signature of this key."""
    try:
        signature = base64.b64decode(fields.get("sign", ""), validate=True)
        text = epay.signed_text(fields).encode()
        key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error):
        return False
    return True


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


def _pem(text: str, label: str) -> bytes:
    if "-----BEGIN" in text:
        return text.strip().encode()
    bare = "".join(text.split())
    lines = [bare[at : at + 64] for at in range(0, len(bare), 64)]
    body = "\n".join(lines)
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()
