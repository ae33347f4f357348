"""Our signed HTTP protocol for suppliers, described in docs/connecting-a-supplier.md."""

import hashlib
import hmac
from datetime import datetime
from typing import Final, Literal, TypeVar

import httpx
import msgspec

from makegood.base.time import Clock
from makegood.gateways.suppliers.http import post
from makegood.orders.connections import SignedConnection
from makegood.orders.order import At
from makegood.orders.supplier import (
    Capability,
    GoodsReply,
    SupplierAnswer,
    SupplierQuestion,
    SupplierStatus,
    SupplierUnavailable,
)

SIGNATURE_HEADER: Final = "makegood-signature"
ACCOUNT_HEADER: Final = "makegood-account"
TIME_HEADER: Final = "makegood-timestamp"

T = TypeVar("T")


class UnitBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a supplier is told about a unit: never a whole key."""

    order_ref: str | None = None
    order_no: str
    line_no: int
    unit_no: int
    sku: str
    kind: str
    target: str | None = None
    key_tail: str | None = None
    reason: str = ""
    request_no: str = ""
    to_sku: str = ""


class StatusBody(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier's answer about a unit; everything but `status` may be left out."""

    status: SupplierStatus
    redeemed_at: At | None = None
    redeemed_by: str | None = None
    delivered_at: At | None = None
    delivered_to: str | None = None
    face_minor: int | None = None
    region: str | None = None
    level: str | None = None
    expires_at: At | None = None
    banned_at: At | None = None
    ban_cause: str | None = None
    congested: bool = False
    eta_at: At | None = None
    accepts: bool | None = None
    note: str = ""


class GoodsBody(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier's answer about a replacement or an upgrade."""

    status: Literal["delivered", "pending", "refused", "not_found"]
    key: str | None = None
    eta_at: At | None = None
    reason: str = ""


class SignedSupplier:
    """One supplier that speaks the protocol."""

    def __init__(
        self, connection: SignedConnection, client: httpx.AsyncClient, clock: Clock
    ) -> None:
        self._connection = connection
        self._client = client
        self._clock = clock
        self._base = connection.base_url.rstrip("/")

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self._connection.capabilities

    async def query(self, question: SupplierQuestion) -> SupplierAnswer:
        return await self._status("/query", unit_body(question))

    async def withdraw(self, request_no: str, question: SupplierQuestion) -> SupplierAnswer:
        return await self._status("/withdraw", unit_body(question, request_no))

    async def reissue(self, request_no: str, question: SupplierQuestion) -> GoodsReply:
        return await self._goods("/reissue", unit_body(question, request_no))

    async def query_reissue(self, request_no: str) -> GoodsReply:
        return await self._goods("/request", {"request_no": request_no})

    async def upgrade(self, request_no: str, question: SupplierQuestion, to_sku: str) -> GoodsReply:
        return await self._goods("/upgrade", unit_body(question, request_no, to_sku))

    async def query_upgrade(self, request_no: str) -> GoodsReply:
        return await self._goods("/request", {"request_no": request_no})

    async def _status(self, path: str, body: UnitBody) -> SupplierAnswer:
        asked_at, answer = await self._call(path, body)
        told = _decoded(answer, StatusBody)
        fields = msgspec.structs.asdict(told) | {"note": told.note[:2000]}
        return SupplierAnswer(
            asked_at=asked_at, digest=hashlib.sha256(answer).hexdigest(), **fields
        )

    async def _goods(self, path: str, body: object) -> GoodsReply:
        asked_at, answer = await self._call(path, body)
        told = _decoded(answer, GoodsBody)
        return GoodsReply(
            status=told.status,
            asked_at=asked_at,
            key=told.key,
            eta_at=told.eta_at,
            reason=told.reason[:200],
        )

    async def _call(self, path: str, body: object) -> tuple[datetime, bytes]:
        """Send signed, and believe only an answer that is signed for this very request."""
        asked_at = self._clock.now()
        at, data = str(int(asked_at.timestamp())), msgspec.json.encode(body)
        secret = self._connection.secret
        signature = request_signature(path, at, data, secret)
        headers = {
            ACCOUNT_HEADER: self._connection.account,
            TIME_HEADER: at,
            SIGNATURE_HEADER: signature,
            "content-type": "application/json",
        }
        told, answer = await post(self._client, self._base + path, data, headers)
        wanted = answer_signature(signature, answer, secret)
        if not hmac.compare_digest(wanted, told.get(SIGNATURE_HEADER, "")):
            raise SupplierUnavailable("the answer is not signed")
        return asked_at, answer


def request_signature(path: str, at: str, body: bytes, secret: str) -> str:
    """HMAC-SHA256 in hex over `POST`, path, Unix time and the body's SHA-256, line by line."""
    text = "\n".join(["POST", path, at, hashlib.sha256(body).hexdigest()])
    return hmac.digest(secret.encode(), text.encode(), "sha256").hex()


def answer_signature(request: str, body: bytes, secret: str) -> str:
    """HMAC-SHA256 in hex over the request's signature and the answer's SHA-256, line by line."""
    text = "\n".join([request, hashlib.sha256(body).hexdigest()])
    return hmac.digest(secret.encode(), text.encode(), "sha256").hex()


def unit_body(question: SupplierQuestion, request_no: str = "", to_sku: str = "") -> UnitBody:
    """A question in the protocol's words."""
    return UnitBody(
        order_ref=question.order_ref,
        order_no=question.unit.order_no,
        line_no=question.unit.line_no,
        unit_no=question.unit.unit_no,
        sku=question.sku,
        kind=question.delivery_kind,
        target=question.target,
        key_tail=question.key_tail,
        reason=question.reason,
        request_no=request_no,
        to_sku=to_sku,
    )


def _decoded(answer: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(answer, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise SupplierUnavailable("the answer makes no sense") from None
