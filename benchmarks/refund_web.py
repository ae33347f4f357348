"""One web process that orders refunds and takes the gateway's notices, made to be killed.

`python -m benchmarks.refund_web DATABASE_URL GATEWAY_URL PORT REFUNDS SEED`. Started again it
orders everything again under the same keys, as a shop does that heard no answer.
"""

import asyncio
import contextlib
import random
import sys
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec

from benchmarks.refund_worker import RealClock, make_desk
from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import UnitRef
from makegood.gateways.outside import make_client
from makegood.gateways.payments.accounts import Account
from makegood.gateways.payments.registry import build_gateways
from makegood.ledger.refund import actions
from makegood.ledger.refund.gateway import Notification
from makegood.ledger.refund.rules import RefundOrder
from makegood.store.database import Database
from makegood.worker.refunds import Desk, payment_notification

MARKET = "m1"
PRICE = 9800
SUPPLIERS_SHARE = 5
"""Every so many refunds are paid by the platform first, because a supplier bears them."""


def wish(number: int, seed: int) -> RefundOrder:
    """The refund of this number; the same whoever asks for it, and however often."""
    chance = random.Random(f"{seed}/{number}")
    amount = chance.choice([PRICE, PRICE // 2, chance.randint(1, PRICE)])
    bearer = "seller" if number % SUPPLIERS_SHARE else "supplier"
    return RefundOrder(
        refund_key=f"k{number}",
        claim_no=f"C{number}",
        unit=UnitRef(f"o{number}", 1, 1),
        amount_minor=amount,
        borne_by={bearer: amount},
        seller_id="s1",
        supplier_id="u1",
    )


async def take_notices(desk: Desk, port: int) -> asyncio.Server:
    """The smallest web server that can take a notice."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            fields = dict(parse_qsl(urlsplit(request.split(" ")[1]).query))
            notice = Notification(fields=fields)
            told = await payment_notification(desk, MARKET, "balance", notice)
            status, body = told.status, told.body
        except Exception:
            status, body = 500, "failed"
        head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        with contextlib.suppress(OSError):
            writer.write((head + body).encode())
            await writer.drain()
            writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", port)


async def order_all(db: Database, count: int, seed: int) -> None:
    """Order every refund, from the first on."""
    for number in range(count):
        async with db.transaction() as tx:
            act = Act(MARKET, SYSTEM, RealClock().now())
            await actions.order_refund(tx, act, wish(number, seed))


async def main(database_url: str, gateway_url: str, port: int, count: int, seed: int) -> None:
    """Serve and order until killed; a database that is away is waited for."""
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{gateway_url}/admin/accounts")
    accounts = msgspec.json.decode(answer.content, type=list[Account])
    async with make_client() as client:
        gateways = build_gateways(accounts, client, RealClock())
        server = None
        while True:
            try:
                db = await Database.open(database_url, max_size=5)
                server = server or await take_notices(make_desk(db, gateways), port)
                await order_all(db, count, seed)
                await asyncio.Event().wait()
            except Exception as failure:
                print(f"web starts again: {type(failure).__name__}", file=sys.stderr)
                await asyncio.sleep(0.3)


if __name__ == "__main__":
    asyncio.run(
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
    )
