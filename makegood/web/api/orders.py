"""Orders: told by the shop system, read, imported in bulk, opened to a buyer by a link."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.orders.actions import PutResult, put_order
from makegood.orders.bulk import import_ndjson
from makegood.orders.importing import RowResult
from makegood.orders.order import Order
from makegood.orders.store import OrderVersion, load_order, load_order_contact
from makegood.people.links.rules import link_url
from makegood.people.proofs.actions import make_order_link
from makegood.people.proofs.rules import LINK_VALID
from makegood.web.api.faults import Fault, input_fault
from makegood.web.api.operation import Answer, Call, Operation, Stream
from makegood.web.api.reading import body_pieces
from makegood.web.api.shapes import Nothing

IMPORT_LIMIT: Final = 2 * 1024**3
"""A bulk import may be large; it is never held in memory."""
_ORDER_NO: Final = re.compile(r"[^\x00-\x1f\x7f/]{1,128}")

EXAMPLE: Final = {
    "placed_at": "2026-11-20T10:00:00Z",
    "paid_at": "2026-11-20T10:01:00Z",
    "updated_at": "2026-11-20T10:02:00Z",
    "state": "delivered",
    "total": {"amount_minor": 9800, "currency": "CNY"},
    "buyer": {"id": "b-1", "contact": "b1@example.com", "claim_code": "query password"},
    "seller": {"id": "s-1", "name": "小满会员店"},
    "lines": [
        {
            "line_no": 1,
            "sku": "XH-100",
            "title": "星海点卡 100 元",
            "category": "game_card",
            "unit_price_minor": 9800,
            "delivery": {"kind": "key", "delivered_at": "2026-11-20T10:02:00Z", "keys": ["AB-12"]},
        }
    ],
    "payments": [
        {
            "gateway": "epay",
            "trade_no": "T-1",
            "amount_minor": 9800,
            "paid_at": "2026-11-20T10:01:00Z",
        }
    ],
}


class OrderShown(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it was told, without keys, contact and query password."""

    order_no: str
    version: int
    received_at: datetime
    order: Order


class OrderLink(msgspec.Struct, frozen=True):
    """A one-time address that opens the order for its buyer."""

    url: str
    expires_at: datetime


async def put(call: Call) -> Answer:
    """Take the order as told."""
    order_no, told = call.path["order_no"], call.body_as(Order)
    if told.order_no not in ("", order_no):
        raise input_fault("order_no", "differs from the address")
    if not _ORDER_NO.fullmatch(order_no):
        raise input_fault("order_no", "1 to 128 characters, no slash and no control characters")
    order = msgspec.structs.replace(told, order_no=order_no)
    result = await put_order(call.conn, call.act, call.things.vault, order)
    return Answer(body=result)


async def read(call: Call) -> Answer:
    """The newest version, for the key's market, its seller, or the buyer who proved it."""
    found = await load_order(call.conn, call.act.market_id, call.path["order_no"])
    if found is None or not _may_see(call, found):
        raise Fault("not_found")
    return Answer(body=_shown(found))


async def import_all(call: Call) -> Stream:
    """Take NDJSON as it arrives; one result line for each line."""
    chunks = body_pieces(call.receive, call.header(b"content-length"), IMPORT_LIMIT)
    return Stream(_lines(call, call.act, chunks), "application/x-ndjson")


async def make_link(call: Call) -> Answer:
    """A one-time link for the shop system's own order page."""
    act, order_no = call.act, call.path["order_no"]
    order = await load_order_contact(call.conn, act.market_id, order_no)
    market = await call.things.markets.get(act.market_id, act.now)
    if order is None or market is None:
        raise Fault("not_found")
    token = await make_order_link(call.conn, act, call.things.vault, call.things.ids, order)
    url = link_url(market.settings.base_url, "order", token)
    link = OrderLink(url=url, expires_at=act.now + LINK_VALID)
    return Answer(status=201, body=link)


async def _lines(call: Call, act: Act, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    encode = msgspec.json.Encoder().encode
    async for result in import_ndjson(call.things.db, act, call.things.vault, chunks):
        yield encode(result) + b"\n"


def _shown(found: OrderVersion) -> OrderShown:
    """Nothing by which somebody could pretend to be the buyer leaves again."""
    buyer = msgspec.structs.replace(
        found.order.buyer, contact=None, claim_code=None, device=None, ip=None
    )
    order = msgspec.structs.replace(found.order, buyer=buyer)
    return OrderShown(
        order_no=order.order_no,
        version=found.version,
        received_at=found.received_at,
        order=order,
    )


def _may_see(call: Call, found: OrderVersion) -> bool:
    match call.caller.role:
        case "buyer":
            return call.caller.holds_order(found.order.order_no)
        case "seller":
            return found.order.seller.id == call.act.actor.id
        case _:
            return True


OPERATIONS: Final = (
    Operation(
        name="putOrder",
        method="PUT",
        path="/orders/{order_no}",
        action="order.put",
        summary="Tell an order, or what changed about it. Idempotent by nature.",
        run=put,
        reads="json",
        body=Order,
        answer=PutResult,
        refusals=("payment_changed", "stale_order", "updated_in_future"),
        example=EXAMPLE,
    ),
    Operation(
        name="readOrder",
        method="GET",
        path="/orders/{order_no}",
        action="order.read",
        summary="The newest version of an order, without its secrets.",
        run=read,
        uses="connection",
        answer=OrderShown,
    ),
    Operation(
        name="importOrders",
        method="POST",
        path="/orders/import",
        action="order.import",
        summary="Tell many orders as NDJSON; answers a result line for each, and never stops.",
        run=import_all,
        reads="ndjson",
        uses="nothing",
        answer=RowResult,
        media_type="application/x-ndjson",
        keeps_answer=False,
        example={"order_no": "O-1001", **EXAMPLE},
    ),
    Operation(
        name="makeOrderLink",
        method="POST",
        path="/orders/{order_no}/links",
        action="order.link",
        summary="A one-time link behind the shop's own 申请售后 button.",
        run=make_link,
        reads="json",
        body=Nothing,
        answer=OrderLink,
        status=201,
        keeps_answer=False,
        example={},
    ),
)
