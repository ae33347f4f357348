"""The docking dialect of acg-faka: it knows whether an order was delivered, not who redeemed it.

The downstream shop keeps the upstream number as `supplier.order_ref`. What the order holds (the
card itself) is read to tell delivered from sold out, and dropped at once.
"""

import hashlib
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import httpx
import msgspec

from makegood.base.time import Clock
from makegood.gateways.suppliers.http import post
from makegood.orders.connections import AcgConnection, capabilities_of
from makegood.orders.supplier import (
    Capability,
    GoodsReply,
    SupplierAnswer,
    SupplierQuestion,
    SupplierStatus,
    SupplierUnavailable,
)

SOLD_OUT: Final = "很抱歉，有人在你付款之前抢走了商品"
"""How acg-faka fills a paid order for which it had no card left; it calls it delivered."""
UNKNOWN_ORDER: Final = "订单不存在"
CONNECT: Final = "/shared/authentication/connect"
QUERY: Final = "/shared/commodity/query"
_OK: Final = 200


class _Order(msgspec.Struct, frozen=True):
    secret: str | None = None
    status: int | None = None


class _Answer(msgspec.Struct, frozen=True):
    code: int
    msg: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class AcgSupplier:
    """One acg-faka shop; only its orders' state can be asked."""

    def __init__(self, connection: AcgConnection, client: httpx.AsyncClient, clock: Clock) -> None:
        self._connection = connection
        self._client = client
        self._clock = clock
        self._base = connection.base_url.rstrip("/")

    @property
    def capabilities(self) -> frozenset[Capability]:
        return capabilities_of(self._connection)

    async def connect(self) -> bool:
        """Whether the shop accepts our user id and key."""
        answer, _ = await self._call(CONNECT, {})
        return answer.code == _OK

    async def query(self, question: SupplierQuestion) -> SupplierAnswer:
        asked_at = self._clock.now()
        if not question.order_ref:
            return SupplierAnswer(status="unknown", asked_at=asked_at, note="no order_ref")
        answer, digest = await self._call(QUERY, {"tradeNo": question.order_ref})
        return SupplierAnswer(status=_status(answer), asked_at=asked_at, digest=digest)

    async def withdraw(self, request_no: str, question: SupplierQuestion) -> SupplierAnswer:
        raise SupplierUnavailable("acg-faka has no call to withdraw a card")

    async def reissue(self, request_no: str, question: SupplierQuestion) -> GoodsReply:
        raise SupplierUnavailable("acg-faka has no call to reissue a card")

    async def query_reissue(self, request_no: str) -> GoodsReply:
        raise SupplierUnavailable("acg-faka has no call to reissue a card")

    async def upgrade(self, request_no: str, question: SupplierQuestion, to_sku: str) -> GoodsReply:
        raise SupplierUnavailable("acg-faka has no call to upgrade")

    async def query_upgrade(self, request_no: str) -> GoodsReply:
        raise SupplierUnavailable("acg-faka has no call to upgrade")

    async def _call(self, path: str, fields: Mapping[str, str]) -> tuple[_Answer, str]:
        form = signed_form(fields, self._connection.app_id, self._connection.app_key)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        _, body = await post(self._client, self._base + path, urlencode(form).encode(), headers)
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise SupplierUnavailable("the answer makes no sense") from None
        return answer, _digest(answer)


def signed_form(fields: Mapping[str, str], app_id: str, app_key: str) -> dict[str, str]:
    """The fields of a call with who asks and the signature."""
    full = {**fields, "app_id": app_id, "app_key": app_key}
    return full | {"sign": signature(full, app_key)}


def signature(fields: Mapping[str, str], app_key: str) -> str:
    """MD5 in hex over `k=v&…` sorted by name, empty values left out, and `&key=` at the end."""
    pairs = [f"{name}={fields[name]}" for name in sorted(fields) if fields[name] and name != "sign"]
    text = "&".join(pairs) + f"&key={app_key}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _status(answer: _Answer) -> SupplierStatus:
    if answer.code != _OK:
        # Only its own words for an unknown order mean "no"; a refused key or a closed shop do not.
        if answer.msg == UNKNOWN_ORDER:
            return "not_found"
        raise SupplierUnavailable(f"answered code {answer.code}")
    order = _order(answer)
    if order.status == 0:
        return "pending"
    if order.status != 1:
        return "unknown"
    if not order.secret:
        return "pending"
    return "failed" if order.secret.startswith(SOLD_OUT) else "delivered"


def _order(answer: _Answer) -> _Order:
    try:
        return msgspec.json.decode(answer.data, type=_Order)
    except msgspec.DecodeError:
        raise SupplierUnavailable("the answer makes no sense") from None


def _digest(answer: _Answer) -> str:
    """A digest without the card: the hash of a short code could be guessed."""
    status = _order(answer).status if answer.code == _OK and answer.data != b"null" else None
    plain = f"{answer.code}\n{answer.msg}\n{status}"
    return hashlib.sha256(plain.encode()).hexdigest()
